"""What a person may do now with a row and, where not, why. Pages read it, and services refuse by the same checks.

An app registers what its services do with a row: the permission, and a check of state and date. The service calls
``require`` with the row locked.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import rules
from django.contrib.auth import get_permission_codename
from django.db import models

from .exceptions import PermissionRefused, UserFacingError

Check = Callable[[Any, Any], Any]  # called with row and user; raises a UserFacingError


def _never(_row: Any, _user: Any) -> None:
    return None


@dataclass(frozen=True)
class Operation:
    """``check`` refuses what cannot be done now, ``denied`` says why a person may not, if that has its own reason."""

    permissions: tuple[str, ...]  # one of them is needed
    check: Check
    denied: Check

    def require(self, row: Any, user: Any, *, is_visible: bool) -> None:
        if user is not None and not (is_visible and self._is_permitted(row, user)):
            if is_visible:
                self.denied(row, user)
            raise PermissionRefused
        self.check(row, user)

    def _is_permitted(self, row: Any, user: Any) -> bool:
        return any(rules.has_perm(permission, user, row) for permission in self.permissions)


@dataclass(frozen=True)
class Availability:
    """True if something may be done now; else ``reason`` is the error that the service would raise."""

    reason: UserFacingError | None = None

    def __bool__(self) -> bool:
        return self.reason is None

    @property
    def why(self) -> str:
        """Why somebody who has the permission cannot do it now; "" for others, for whom a page says nothing."""
        return "" if self.reason is None or isinstance(self.reason, PermissionRefused) else str(self.reason)


class AvailableActions(Mapping[str, Availability]):
    """What ``user`` may do with ``row``, by the name of the operation. Each is checked when it is asked for."""

    def __init__(self, row: Any, user: Any, *, is_visible: bool) -> None:
        self._row, self._user, self._is_visible = row, user, is_visible
        self._operations = _operations[type(row)]
        self._known: dict[str, Availability] = {}

    def __getitem__(self, name: str) -> Availability:
        if name not in self._known:
            self._known[name] = self._ask(self._operations[name])
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._operations)

    def __len__(self) -> int:
        return len(self._operations)

    def _ask(self, operation: Operation) -> Availability:
        try:
            operation.require(self._row, self._user, is_visible=self._is_visible)
        except UserFacingError as error:
            return Availability(error)
        return Availability()


_operations: dict[Any, dict[str, Operation]] = {}


def register(model: Any, name: str, *permissions: str, check: Check = _never, denied: Check = _never) -> None:
    """Apps call this beside the service."""
    _operations.setdefault(model, {})[name] = Operation(permissions, check, denied)


def require(row: models.Model, name: str, by: Any) -> None:
    """Raise the reason why ``by`` may not do it now. None, the site itself, needs no permission."""
    _operations[type(row)][name].require(row, by, is_visible=by is not None and _sees(by, row))


def available_actions(row: models.Model, user: Any, *, is_found: bool = False) -> AvailableActions:
    """Return what can be done with rows of this model, by name, and whether ``user`` may do it now.

    ``is_found``: the row comes from ``visible_to(user)``, so nothing needs to be asked again.
    """
    return AvailableActions(row, user, is_visible=user.is_active if is_found else _sees(user, row))


def _sees(user: Any, row: models.Model) -> bool:
    view = f"{row._meta.app_label}.{get_permission_codename('view', row._meta)}"
    return user.is_active and rules.has_perm(view, user, row)
