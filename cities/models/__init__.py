from .cities import City
from .decisions import Decision
from .events import Attendance, Event, StoredFile
from .organisations import Installation, Organisation, TargetGroup, Theme
from .people import (
    Body,
    ExpertGroup,
    Invitation,
    LocalImplementationCommittee,
    Membership,
    Person,
    ScientificCommittee,
)

__all__ = [
    "Attendance",
    "Body",
    "City",
    "Decision",
    "Event",
    "ExpertGroup",
    "Installation",
    "Invitation",
    "LocalImplementationCommittee",
    "Membership",
    "Organisation",
    "Person",
    "ScientificCommittee",
    "StoredFile",
    "TargetGroup",
    "Theme",
]
