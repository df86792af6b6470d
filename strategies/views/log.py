"""The logging form: from input to a saved update. No input is lost on errors, conflicts or a lost session."""

from http import HTTPStatus
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib import messages
from django.db.models import Exists, OuterRef
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import TemplateView

from cities.enums import FileState
from cities.models import StoredFile
from cities.services.files import store_uploads
from core.exceptions import UserFacingError
from core.parsing import parse_pk
from strategies.exceptions import LateUpdateUnconfirmed, ValuesConflict, ValuesPeriodChanged
from strategies.forms import LogForm
from strategies.models import Action, ActionUpdate, UpdateDraft
from strategies.selectors.log_form import LogFormData, values_by_indicator
from strategies.selectors.work import next_action
from strategies.services import drafts, form_tokens, updates

from . import breadcrumbs
from .base import ObjectMixin, add_form_errors
from .form_tokens import FormTokenMixin, draft_fields, parse_uuid

MAX_UPLOADS = 20


class LogBase(ObjectMixin, TemplateView):
    """Shared by logging and changing an update: the form, files already uploaded, and the input for the service."""

    template_name = "strategies/action_log.html"
    heading = gettext_lazy("Log an update")
    update: ActionUpdate | None = None

    @property
    def action(self) -> Action:
        raise NotImplementedError

    @cached_property
    def log_page(self) -> LogFormData:
        return LogFormData(self.action, update=self.update)

    def make_form(self, data=None, files=None, **kwargs):
        max_mb = settings.UPLOAD_MAX_BYTES // (1024 * 1024)
        stage = self.log_page.last_stage if data is None else ""
        instance = self.update or ActionUpdate(action=self.action, stage=stage)
        return LogForm(data, files, instance=instance, page=self.log_page, max_mb=max_mb, **kwargs)

    # ---- files

    def store_files(self, form) -> list[StoredFile]:
        """Return the files. Uploads are stored at once, as pending, so that they survive other errors in the form."""
        wanted = [found for found in map(parse_uuid, self.request.POST.getlist("kept")[:MAX_UPLOADS]) if found]
        mine = StoredFile.objects.filter(uploaded_by=self.user, state=FileState.PENDING, uuid__in=wanted)
        kept = list(mine) if wanted else []
        uploads = store_uploads(self.request.FILES.getlist("files"), by=self.user, most=MAX_UPLOADS)
        for sentence in uploads.refused:
            form.add_error("files", sentence)
        for sentence in uploads.renamed:
            messages.info(self.request, sentence)
        return [*kept, *uploads.stored]

    # ---- input for the service, and response

    def input_from(self, form, kept) -> updates.UpdateInput:
        cleaned = form.cleaned_data
        own = ("date", "text", "stage", "language", "spent", "people_reached", "challenges", "next_step", "visibility")
        return updates.UpdateInput(
            **{name: cleaned[name] for name in own},
            spent_reason=cleaned["spent_reason"],
            on_behalf_of=cleaned["on_behalf_of"],
            progress=cleaned.get("progress"),
            milestones=cleaned.get("milestones", []),
            budget_line=cleaned.get("budget_line"),
            city_period=cleaned.get("city_period"),
            values=form.values,
            value_versions=form.value_versions,
            files=kept,
            links=cleaned["links"],
            form_uuid=self.form_uuid,
        )

    @cached_property
    def form_uuid(self) -> UUID:
        return parse_uuid(self.request.POST.get("form_uuid")) or uuid4()

    @staticmethod
    def has_more(form) -> bool:
        """Return whether a field of the collapsed part has a value or an error, so that it is shown open."""
        names = ("challenges", "next_step", "links", "budget_line", "on_behalf_of", "spent_reason")
        return any(name in form.fields and (form[name].value() or form.errors.get(name)) for name in names)

    def show(self, form, *, kept=(), status=200, **more):
        form.complete()
        context = {
            "form": form,
            "action": self.action,
            "page": self.log_page,
            "kept": kept,
            "update": self.update,
            "form_uuid": self.form_uuid,
            "trail": breadcrumbs.here(breadcrumbs.my_work_trail(self.action), self.heading),
            "has_more": self.has_more(form),
        }
        return self.render_to_response(self.get_context_data(**context | more), status=status)


class ActionLog(FormTokenMixin, LogBase):
    rows = Action.objects.active().with_related()
    permission = "strategies.log_action"

    @property
    def action(self):
        return self.row

    def get_rows(self):
        """Add ``has_draft``: whether the user has a draft for the action."""
        mine = UpdateDraft.objects.filter(author=self.user.pk, action=OuterRef("pk"))
        return super().get_rows().annotate(has_draft=Exists(mine))

    @cached_property
    def draft(self) -> UpdateDraft | None:
        if not self.action.has_draft:
            return None
        return UpdateDraft.objects.filter(author=self.user, action=self.action).first()

    # ---- GET

    def get(self, request, *args, **kwargs):
        self.row  # noqa: B018 - raises 404 or 403 first
        if self.draft:
            self.form_uuid = self.draft.form_uuid
            pending = self.draft.files.filter(state=FileState.PENDING, uploaded_by=self.user)
            return self.show(self.make_form(initial=draft_initial(self.draft)), kept=list(pending))
        return self.show(self.make_form(initial={"date": self.log_page.today, "language": self.usual_language()}))

    def usual_language(self) -> str:
        last = self.log_page.last
        return last.language if last else self.action.city.language

    def show(self, form, **more):
        lists = {"draft": self.draft, "note": form_tokens.sign_form_token(self.user, self.action)}
        return super().show(form, **lists | period_context(form) | more)

    # ---- POST

    def post(self, request, *args, **kwargs):
        self.row  # noqa: B018 - raises 404 or 403 first
        if "discard_draft" in request.POST:
            return self.discard()
        form = self.make_form(request.POST, request.FILES)
        if "save_draft" in request.POST:
            return self.save_draft_response(form)
        if not form.is_valid() and (before := self.find_saved()) is not None:
            return self.again(form, before)
        kept = self.store_files(form)
        if form.errors:
            return self.show(form, kept=kept)
        return self.log(form, kept)

    def log(self, form, kept):
        try:
            update = updates.log_update(self.action, by=self.user, data=self.input_from(form, kept))
        except LateUpdateUnconfirmed:
            return self.show(form, kept=kept, must_confirm=True)
        except ValuesPeriodChanged:
            return self.show(form, kept=kept)
        except ValuesConflict as error:
            form.accept_current_versions(error)
            add_form_errors(form, error)
            return self.show(form, kept=kept, status=HTTPStatus.CONFLICT)
        except UserFacingError as error:
            add_form_errors(form, error)
            return self.show(form, kept=kept)
        return self.again(form, update, kept=kept)

    def input_from(self, form, kept):
        """Add which period the form showed, so that the service raises if the update or its values go into another."""
        told, values_told = self.request.POST.get("told"), self.request.POST.get("values_told")
        data = super().input_from(form, kept)
        data.must_confirm_late = told != ""
        data.late_period_shown = parse_pk(told)
        data.must_confirm_values_period, data.values_period_shown = values_told != "", parse_pk(values_told)
        return data

    def saved(self, update):
        if update.is_reported_late:
            words = _("Saved. It is reported late, in %(period)s.") % {"period": update.city_period.period.name}
        else:
            words = _("Saved: %(action)s.") % {"action": self.action.title}
        messages.success(self.request, words)
        return redirect(self.next_url())

    def next_url(self) -> str:
        if "save_next" not in self.request.POST:
            return self.action.get_absolute_url()
        following = next_action(self.user, after=self.action)
        if following is None:
            messages.info(self.request, _("No other action is due."))
            return reverse("strategies:my_work")
        return reverse("strategies:action_log", args=[following])

    # ---- the same form sent twice

    def find_saved(self) -> ActionUpdate | None:
        sent = parse_uuid(self.request.POST.get("form_uuid"))
        rows = ActionUpdate.objects.filter(uuid=sent, author=self.user, action=self.action)
        return rows.select_related("city_period__period").first() if sent else None

    def again(self, form, update, kept=None):
        """Answer a second POST of the same form: same input like the first; other input is shown as a new update."""
        is_same = " ".join((form["text"].value() or "").split()) == " ".join(update.text.split())
        if is_same and form.values.items() <= values_by_indicator(update.city_period, form.values).items():
            return self.saved(update)
        kept = self.store_files(form) if kept is None else kept
        self.form_uuid = uuid4()
        return self.show(form, kept=kept, before=update)

    # ---- the draft

    def save_draft_response(self, form):
        kept = self.store_files(form)
        if self.has_other_draft() and "replace" not in self.request.POST:
            return self.show(form, kept=kept, other_draft=self.draft)
        fields = draft_fields(self.request.POST)
        try:
            drafts.save_draft(self.action, by=self.user, form_uuid=self.form_uuid, fields=fields, files=kept)
        except UserFacingError as error:
            form.full_clean()
            add_form_errors(form, error)
            return self.show(form, kept=kept)
        for error in form.errors.get("files", []):
            messages.error(self.request, error)
        messages.success(self.request, _("Your draft is kept. Nobody else sees it."))
        return redirect("strategies:action_log", pk=self.action.pk)

    def has_other_draft(self) -> bool:
        return self.draft is not None and self.draft.form_uuid != self.form_uuid

    def discard(self):
        drafts.delete_draft(self.action, by=self.user)
        messages.success(self.request, _("The draft is discarded."))
        return redirect("strategies:my_work")


class LogPeriod(ObjectMixin, TemplateView):
    """Fragment with the period and its values, loaded when the user chooses another date."""

    template_name = "strategies/_log_period.html"
    rows = Action.objects.active().with_related()
    permission = "strategies.log_action"

    def get(self, request, *args, **kwargs):
        form = LogForm(
            instance=ActionUpdate(action=self.row), page=LogFormData(self.row), max_mb=0, initial=request.GET.dict()
        )
        context = period_context(form) | {"form": form, "action": self.row, "swaps": True}
        return self.render_to_response(self.get_context_data(**context))


def period_context(form: LogForm) -> dict[str, Any]:
    """Return the template context for the period that the date leads to."""
    form.complete()
    return {"period": form.period, "is_late": form.target_period[1]}


def draft_initial(draft: UpdateDraft) -> dict[str, Any]:
    """Return a draft as initial data of the form: a list for multiple choices, the last string for other fields."""
    several = {"milestones"}
    return {name: values if name in several else (values or [""])[-1] for name, values in draft.fields.items()}
