"""Jobs: rows with a state are the queue, and a worker takes a row by one conditional UPDATE (docs/adr/0002).

Subclasses keep their own table, states and columns. They name the states in ``QUEUED``, ``RUNNING`` and ``FAILED`` and
the column that holds the lease in ``LEASE``, which stays after an attempt, as the start of the pause. The columns
``attempts``, ``claim_token`` and ``reason`` come from here.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.utils.translation import gettext_lazy as _

from . import clock


class JobQuerySet(models.QuerySet):
    """Claim, renew, finish, release: each is one conditional UPDATE, so that a second worker finds nothing to take."""

    model: Any  # a subclass of Job

    def expired(self) -> "JobQuerySet":
        """Running jobs whose lease ended: their worker died or hangs."""
        return self.filter(self._is_expired())

    def waiting(self) -> "JobQuerySet":
        """Jobs that a worker may take: queued, or running with an expired lease."""
        return self.filter(Q(state=self.model.QUEUED) | self._is_expired())

    def due(self) -> "JobQuerySet":
        """Waiting jobs whose pause since the last attempt is over: those that a worker may take now."""
        is_pause_over = Q(**{f"{self.model.LEASE}__isnull": True})
        for attempts, pause in enumerate(self.model.PAUSES):
            is_pause_over |= Q(**{"attempts": attempts, f"{self.model.LEASE}__lte": clock.now() - pause})
        return self.waiting().filter(~Q(state=self.model.QUEUED) | is_pause_over)

    def _is_expired(self) -> Q:
        since = clock.now() - self.model.lease()
        return Q(**{"state": self.model.RUNNING, f"{self.model.LEASE}__lt": since})

    def claim(self, pk: int) -> UUID | None:
        """Take a due job: its token, or None where another worker was first, or it is not due, or no attempt is left.

        The pause is checked here, since several messages may wait for one row.
        """
        token = uuid4()
        claim = {"state": self.model.RUNNING, "claim_token": token, self.model.LEASE: clock.now()}
        rows = self.due().filter(pk=pk, attempts__lt=self.model.ATTEMPTS)
        return token if rows.update(attempts=F("attempts") + 1, **claim) else None

    def claimed(self, pk: int, token: UUID) -> "JobQuerySet":
        """The job while the worker with ``token`` still holds it; no row once another worker took it over."""
        return self.filter(pk=pk, state=self.model.RUNNING, claim_token=token)

    def exhausted(self) -> "JobQuerySet":
        """Waiting jobs with no attempt left."""
        return self.waiting().filter(attempts__gte=self.model.ATTEMPTS)

    def release(self, reason: str) -> int:
        """Put the rows back into the queue, or set them to failed after the last attempt; returns how many."""
        last = When(attempts__gte=self.model.ATTEMPTS, then=Value(self.model.FAILED))
        state = Case(last, default=Value(self.model.QUEUED))
        return self.update(state=state, claim_token=None, reason=reason)

    def requeue(self) -> int:
        """Put the rows back into the queue with all their attempts and without a pause; returns how many."""
        fresh = {"state": self.model.QUEUED, "attempts": 0, "claim_token": None, self.model.LEASE: None, "reason": ""}
        return self.update(**fresh)

    def fail(self, reason: str) -> int:
        """Set the rows to failed at once, because another attempt would fail likewise; returns how many."""
        return self.update(state=self.model.FAILED, claim_token=None, reason=reason)


class Job(models.Model):
    """Columns that every job has. The subclass adds ``state`` with its own choices and the column of the lease."""

    QUEUED: Any
    RUNNING: Any
    FAILED: Any
    LEASE: str
    state: Any
    PAUSES = (timedelta(0), timedelta(minutes=2), timedelta(minutes=15))  # before each attempt
    ATTEMPTS = len(PAUSES)

    attempts = models.PositiveSmallIntegerField(default=0)
    claim_token = models.UUIDField(null=True)
    reason = models.TextField(_("reason"), blank=True)  # why the last attempt failed; technical, for coordinators

    class Meta:
        abstract = True

    @property
    def is_pending(self) -> bool:
        """Return whether a worker has it or will take it."""
        return self.state in {self.QUEUED, self.RUNNING}

    @classmethod
    def lease(cls) -> timedelta:
        """How long a running job may go without a sign of its worker."""
        raise NotImplementedError
