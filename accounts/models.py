"""The user model, and outgoing emails."""

from datetime import timedelta

import rules
from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import get_permission_codename
from django.contrib.auth.base_user import BaseUserManager
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core import clock
from core.collation import FoldedField
from core.fields import LowerEmailField
from core.jobs import Job, JobQuerySet

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
        return self.get(email=email)


class User(AbstractUser):
    """An account. ``cities.Person`` says who the person is, memberships say what the person may do.

    ``is_superuser`` and ``is_staff`` grant nothing: every permission is a rule, checked by ``has_perm``.
    """

    username = None
    email = LowerEmailField(
        _("email"), unique=True, error_messages={"unique": _("Another account already uses this email address.")}
    )
    language = models.CharField(_("language"), max_length=10, blank=True, choices=settings.LANGUAGES)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = []
    objects = UserManager()

    class Privacy:
        personal = {"email": "sign-in and letters", "first_name": "shown name", "last_name": "shown name"}

    class Meta(AbstractUser.Meta):
        swappable = "AUTH_USER_MODEL"
        constraints = [
            models.CheckConstraint(
                condition=Q(email=Lower("email")),
                name="accounts_user_email_lower_case",
                violation_error_message=_("Enter the email address in lower case."),
            )
        ]

    def __str__(self):
        return self.get_full_name() or self.email

    def has_perm(self, perm, obj=None):
        """Check the rule, for superusers too. If the view rule hides the object, nothing may be done to it.

        A model without a view rule hides all its rows: a rule that kept an old name grants nothing.
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


class MailQuerySet(JobQuerySet):
    def waiting(self) -> "MailQuerySet":
        """Queued only: an email whose worker died may have been sent, so nothing sends it again by itself."""
        return self.filter(state=MailState.QUEUED)

    def due_in_order(self) -> "MailQuerySet":
        """Due emails in the order of sending: urgent ones first, then the oldest."""
        return self.due().order_by("-is_urgent", "created_at", "pk")


class Mail(Job):
    """An outgoing email. Its row is claimed before it is sent, so that it is sent at most once.

    If the outcome is unknown, the page says so and offers to send it again; nothing does so automatically.
    """

    QUEUED, RUNNING, FAILED = MailState.QUEUED, MailState.SENDING, MailState.FAILED
    LEASE = "claimed_at"
    CLAIM_TIMEOUT_SECONDS = 120

    recipient = models.EmailField(_("recipient"))
    subject = models.CharField(_("subject"), max_length=300)
    searched = FoldedField("subject", "recipient")
    body = models.TextField(_("text"), blank=True)
    language = models.CharField(max_length=10, blank=True)
    has_secret = models.BooleanField(
        default=False, help_text=_("Contains a one-time link. The text is deleted once the email has been sent.")
    )
    is_urgent = models.BooleanField(
        default=False, help_text=_("Someone is waiting for it, so it is sent before other emails.")
    )
    key = models.CharField(  # noqa: DJ001 - unique, and most emails have none
        max_length=200, unique=True, null=True, help_text=_("Only one email is sent for each reason.")
    )
    state = models.CharField(_("status"), max_length=10, choices=MailState, default=MailState.QUEUED)
    claimed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(_("created"), default=clock.now)
    sent_at = models.DateTimeField(_("sent"), null=True)

    objects = MailQuerySet.as_manager()

    class Privacy:
        personal = {
            "recipient": "log of what was sent",
            "subject": "log of what was sent",
            "searched": "log of what was sent",
            "body": "until sent",
        }

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name = pgettext_lazy("message", "email")
        verbose_name_plural = _("emails")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state="sent", sent_at__isnull=False) | ~models.Q(state="sent"),
                name="accounts_mail_sent_has_time",
            )
        ]
        indexes = [models.Index(fields=["state", "created_at"])]

    def __str__(self):
        return f"{self.subject} → {self.recipient}"

    @classmethod
    def lease(cls) -> timedelta:
        return timedelta(seconds=cls.CLAIM_TIMEOUT_SECONDS)
