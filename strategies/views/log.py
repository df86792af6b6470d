"""The logging form: from input to a saved update. No input is lost on errors, conflicts or a lost session."""

from http import HTTPStatus
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Exists
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import TemplateView

from cities.models import StoredFile
from cities.services.files import store_uploads
from core import form_inputs
from core.exceptions import EditConflict, UserFacingError
from core.forms import form_helper, with_numbers
from core.models import FormInput
from core.parsing import parse_pk, parse_uuid
from core.request_body import max_upload_bytes
from core.views import ObjectMixin, add_form_errors, may
from strategies.exceptions import (
    LateUpdateUnconfirmed,
    LoggedJustNow,
    SavedDifferently,
    ValuesConflict,
    ValuesPeriodChanged,
)
from strategies.forms import LogForm
from strategies.models import Action, ActionUpdate, MilestoneReached
from strategies.selectors.log_form import LogFormData, RepeatedFormData, stored_values
from strategies.selectors.work import next_action
from strategies.services import updates

from . import breadcrumbs

MAX_UPLOADS = 20


class LogBase(ObjectMixin, TemplateView):
    """Shared by logging and changing an update: the form, files already uploaded, and the input for the service."""

    template_name = "strategies/action_log.html"
    heading = gettext_lazy("Log update")
    update: ActionUpdate | None = None

    def dispatch(self, request, *args, **kwargs):
        return super().dispatch(request, *args, **kwargs)

    dispatch.max_anonymous_bytes = max_upload_bytes  # a post after the session has ended keeps its files

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
        """Return the files, stored as pending; those chosen before are among them (``core.uploads``)."""
        uploads = store_uploads(self.request.FILES.getlist("files"), by=self.user, most=MAX_UPLOADS)
        for sentence in uploads.refused:
            form.add_error("files", sentence)
        for sentence in uploads.renamed:
            messages.info(self.request, sentence)
        return uploads.stored

    # ---- input for the service, and response

    def input_from(self, form, kept) -> updates.UpdateInput:
        cleaned = form.cleaned_data
        own = ("date", "text", "stage", "language", "spent", "people_reached", "challenges", "next_step", "visibility")
        return updates.UpdateInput(
            **{name: cleaned[name] for name in own},
            spent_reason=cleaned["spent_reason"],
            on_behalf_of=cleaned["on_behalf_of"],
            progress=cleaned.get("progress"),
            milestones=form.reached,
            dropped=form.dropped,
            budget_line=cleaned.get("budget_line"),
            city_period=cleaned.get("city_period"),
            values=form.values,
            value_visibilities=form.value_visibilities,
            confirmed_values=form.confirmed_values,
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

    def helper(self, **more):
        """Return the frame of the form; ``more`` is what the page is shown with."""
        return form_helper(template="strategies/_log_fields.html", cancel=self.action.get_absolute_url())

    def show(self, form, *, status=200, **more):
        form.complete()
        form.helper = self.helper(**more)
        context = {
            "form": form,
            "action": self.action,
            "page": self.log_page,
            "update": self.update,
            "form_uuid": self.form_uuid,
            "trail": breadcrumbs.here(breadcrumbs.my_work_trail(self.action), self.heading),
            "has_more": self.has_more(form),
        }
        return self.render_to_response(self.get_context_data(**context | more), status=status)


class ActionLog(LogBase):
    rows = Action.objects.active().select_related("objective__area__strategy__city")
    permission = "strategies.log_action"

    @property
    def action(self):
        return self.row

    def dispatch(self, request, *args, **kwargs):
        return super().dispatch(request, *args, **kwargs)

    dispatch.max_anonymous_bytes = max_upload_bytes
    dispatch.asks_about_repeats = True  # itself: it compares with the saved update

    def get_rows(self):
        """Add ``has_draft``: whether the user has a draft of this form."""
        drafts = form_inputs.unsaved(self.user).filter(path=self.request.path)
        return super().get_rows().annotate(has_draft=Exists(drafts))

    # ---- GET

    def get(self, request, *args, **kwargs):
        if not self.row.has_draft and not hasattr(request, "opened_form_input"):
            request.shown_form_inputs = []
        initial = {"date": self.log_page.today, "language": self.usual_language()}
        for draft in form_inputs.inputs_to_show(request)[:1]:
            initial |= draft_initial(draft)
        return self.show(self.make_form(initial=initial))

    def usual_language(self) -> str:
        last = self.log_page.last
        return last.language if last else self.action.city.language

    def show(self, form, **more):
        lists = {}
        if saved := more.get("saved"):
            lists["may_correct"] = may(self.user, "strategies.change_actionupdate", saved)
            is_new_form = more.get("is_new_form", "new_form" in self.request.POST)  # says why, also after an error
            lists |= {
                "plain": True,  # what is shown beside the input says whether it is saved
                "is_new_form": is_new_form,
                "saved_heading": (LoggedJustNow if is_new_form else SavedDifferently).heading,
            }
        return super().show(form, **lists | period_context(form) | more)

    def helper(self, *, saved=None, may_correct=False, **more):
        frame = {"template": "strategies/_log_fields.html", "cancel": self.action.get_absolute_url()}
        if saved is None:
            next_one = ("save_next", _("Save and go to next due action"))
            return form_helper(buttons=(next_one,), draft=self.action, **frame)
        correct = (("correct", _("Correct the saved update")),) if may_correct else ()
        return form_helper(
            save="", buttons=(*correct, ("save", _("Save as another update"))), draft=self.action, **frame
        )

    # ---- POST

    def post(self, request, *args, **kwargs):
        self.row  # noqa: B018 - raises 404 or 403 first
        form = self.make_form(self.posted_data(), request.FILES)
        if "correct" in request.POST and (saved := self.find_update(pk=parse_pk(request.POST.get("saved")))):
            return self.correct(saved)
        if not form.is_valid() and (saved := self.find_update(uuid=parse_uuid(request.POST.get("form_uuid")))):
            return self.sent_again(saved)
        kept = self.store_files(form)
        if form.errors:
            return self.show(form)
        return self.log(form, kept)

    def posted_data(self):
        """Return the POST; for another update beside a saved one, without the milestones that this one reached."""
        data, saved = self.request.POST, parse_pk(self.request.POST.get("saved"))
        if saved:
            reached = set(MilestoneReached.objects.filter(update=saved).values_list("milestone", flat=True))
            data = data.copy()
            data.setlist("milestones", [pk for pk in data.getlist("milestones") if parse_pk(pk) not in reached])
        return data

    def log(self, form, kept):
        try:
            update = updates.log_update(self.action, by=self.user, data=self.input_from(form, kept))
        except LateUpdateUnconfirmed:
            return self.show(form, must_confirm=True)
        except ValuesPeriodChanged:
            return self.show(form)
        except ValuesConflict as error:
            form.accept_current_versions(error)
            add_form_errors(form, error)
            return self.show(form, status=HTTPStatus.CONFLICT)
        except SavedDifferently as error:
            return self.show_both(error, kept)
        except UserFacingError as error:
            add_form_errors(form, error)
            return self.show(form)
        return self.saved(update, form)

    def input_from(self, form, kept):
        """Add which period the form showed, so that the service raises if the update or its values go into another."""
        told, values_told = self.request.POST.get("told"), self.request.POST.get("values_told")
        data = super().input_from(form, kept)
        data.must_confirm_late = told != ""
        data.late_period_shown = parse_pk(told)
        data.must_confirm_values_period, data.values_period_shown = values_told != "", parse_pk(values_told)
        data.must_confirm_another = "saved" not in self.request.POST
        return data

    def saved(self, update, form):
        if update.is_reported_late:
            words = _("Saved. The update counts as reported late, in %(period)s.") % {
                "period": update.city_period.period.name
            }
        else:
            words = _("Saved: %(action)s.") % {"action": self.action.title}
        messages.success(self.request, with_numbers(words, form))
        return redirect(self.next_url())

    def next_url(self) -> str:
        if "save_next" not in self.request.POST:
            return self.action.get_absolute_url()
        following = next_action(self.user, after=self.action)
        if following is None:
            messages.info(self.request, _("No other action needs an update."))
            return reverse("strategies:my_work")
        return reverse("strategies:action_log", args=[following])

    # ---- the same form sent twice

    def find_update(self, **key) -> ActionUpdate | None:
        """Return the user's own update of this action."""
        rows = ActionUpdate.objects.filter(author=self.user, action=self.action, withdrawn_at=None, **key)
        return rows.select_related("city_period__period", "city_period__city").first()

    def make_form_of(self, saved, *, keeps_milestones=False):
        """Make the form again for what it was saved as, so that it offers the milestones that this update reached.

        ``keeps_milestones``: with these ticked, because the form was opened after them and could not offer them.
        """
        self.log_page = RepeatedFormData(self.action, update=saved)
        data = self.request.POST.copy()
        if keeps_milestones:
            reached = MilestoneReached.objects.filter(update=saved).values_list("milestone", flat=True)
            data.setlist("milestones", [*data.getlist("milestones"), *map(str, reached)])
        return self.make_form(data, self.request.FILES)

    def sent_again(self, saved):
        """Answer a form that is not valid any more, as when its milestones were reached by saving it."""
        form = self.make_form_of(saved)
        is_valid, kept = form.is_valid(), self.store_files(form)
        if is_valid and not form.errors and updates.is_same_input(saved, self.input_from(form, kept)):
            return self.saved(saved, form)
        return self.show_both(SavedDifferently(saved), kept)

    def show_both(self, error, kept):
        """Show the saved update beside the input. The user corrects the first, saves another one, or leaves it."""
        saved, is_new_form = error.saved, isinstance(error, LoggedJustNow)
        form = self.make_form_of(saved, keeps_milestones=is_new_form)
        form.is_valid()
        if not is_new_form:
            self.form_uuid = uuid4()
        return self.show_beside(saved, form, kept, is_new_form=is_new_form)

    def show_beside(self, saved, form, kept, *, stays=(), **more):
        """Show the form with a list of what differs from the saved update. ``stays``: files that stay attached."""
        form.complete()
        form.show_saved(saved, stored_values(saved.city_period, form.indicators.values()), [*stays, *kept])
        attached = set(saved.evidence.active().values_list("file__sha256", flat=True))
        uploads = self.request.FILES.getlist("files")
        self.request.FILES.setlist("files", [one for one in uploads if one.stored.sha256 not in attached])
        return self.show(form, saved=saved, **more)

    def correct(self, saved):
        """Change the saved update to what the form says."""
        if not may(self.user, "strategies.change_actionupdate", saved):
            raise PermissionDenied
        form = self.make_form_of(saved)
        is_valid, kept = form.is_valid(), self.store_files(form)
        stays = [piece.file for piece in saved.evidence.active().select_related("file") if piece.file]
        if not is_valid or form.errors:
            return self.show_beside(saved, form, kept, stays=stays)
        data = self.input_from(form, kept)
        try:
            update = updates.change_update(saved, by=self.user, data=data, version=form.cleaned_data["version"])
        except EditConflict as error:
            form.show_conflict(error.current)
            return self.show(form, saved=saved, status=HTTPStatus.CONFLICT)
        except UserFacingError as error:
            if isinstance(error, ValuesConflict):
                form.accept_current_versions(error)
            add_form_errors(form, error)
            return self.show_beside(saved, form, kept, stays=stays)
        return self.saved(update, form)


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


def draft_initial(draft: FormInput) -> dict[str, Any]:
    """Return a draft as initial data: a list for multiple choices, the last string for other fields.

    The page is filled with it anyway; the form needs its date to show the period that this leads to.
    """
    several = {"milestones"}
    return {name: values if name in several else (values or [""])[-1] for name, values in draft.fields.items()}
