"""The user of day one, and the letters that leave the house."""

import rules
from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import get_permission_codename
from django.contrib.auth.base_user import BaseUserManager
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from epi_site.shared import clock

from .enums import MailState


class UserManager(BaseUserManager):
    def create_user(self, email, password=None, **fields):
        if not email:
            raise ValueError("A user needs an e-mail address.")
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email, password=None, **fields):
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, email):
        return self.get(email__iexact=email)


class User(AbstractUser):
    """An account. Who the person is stands in ``cities.Person``, what she may do in her memberships.

    ``is_superuser`` and ``is_staff`` add nothing: every permission is a rule, asked here.
    """

    username = None
    email = models.EmailField(_("e-mail"), unique=True)
    language = models.CharField(_("language"), max_length=10, blank=True, choices=settings.LANGUAGES)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = []
    objects = UserManager()

    class Privacy:
        personal = {"email": "sign-in and letters", "first_name": "shown name", "last_name": "shown name"}

    class Meta(AbstractUser.Meta):
        swappable = "AUTH_USER_MODEL"
        constraints = [models.UniqueConstraint(Lower("email"), name="accounts_user_email_once")]

    def __str__(self):
        return self.get_full_name() or self.email

    def has_perm(self, perm, obj=None):
        """Rules alone decide, for superusers too. Nothing may be done to what the view rule hides.

        A model without a view rule hides all its rows: a rule that kept its old name grants nothing.
        """
        if not self.is_active or not rules.perm_exists(perm):
            return False
        if obj is not None:
            view = f"{obj._meta.app_label}.{get_permission_codename('view', obj._meta)}"
            if view != perm and not rules.has_perm(view, self, obj):
                return False
        return rules.has_perm(perm, self, obj)

    async def ahas_perm(self, perm, obj=None):
        return await sync_to_async(self.has_perm)(perm, obj)

    def has_module_perms(self, app_label):
        return self.is_active and rules.perm_exists(app_label) and rules.has_perm(app_label, self)


class Mail(models.Model):
    """A letter: its row is claimed before it is sent, so that it leaves at most once.

    One whose fate is unknown is shown so, with *send again*; nothing sends it again by itself.
    """

    ATTEMPTS = 3
    SILENCE_SECONDS = 120

    recipient = models.EmailField(_("recipient"))
    subject = models.CharField(_("subject"), max_length=300)
    body = models.TextField(_("text"), blank=True)
    language = models.CharField(max_length=10, blank=True)
    has_secret = models.BooleanField(
        default=False, help_text=_("Holds a one-time link: the text is blanked once sent.")
    )
    key = models.CharField(  # noqa: DJ001 - unique, and most letters have none
        max_length=200, unique=True, null=True, help_text=_("The same reason is written only once.")
    )
    state = models.CharField(_("state"), max_length=10, choices=MailState, default=MailState.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    claim_token = models.UUIDField(null=True)
    claimed_at = models.DateTimeField(null=True)
    reason = models.TextField(_("reason"), blank=True)
    created_at = models.DateTimeField(_("written"), default=clock.now)
    sent_at = models.DateTimeField(_("sent"), null=True)

    class Privacy:
        personal = {"recipient": "log of what was sent", "subject": "log of what was sent", "body": "until sent"}

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name = _("letter")
        verbose_name_plural = _("letters")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state="sent", sent_at__isnull=False) | ~models.Q(state="sent"),
                name="accounts_mail_sent_has_time",
            )
        ]
        indexes = [models.Index(fields=["state", "created_at"])]

    def __str__(self):
        return f"{self.subject} → {self.recipient}"
