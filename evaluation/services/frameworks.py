"""Frameworks: load the one shipped with the project, adopt it, make the next version."""

import json
from datetime import date
from pathlib import Path
from typing import Any

from django.db import transaction

from core import clock
from core.locking import lock_name
from core.services import lock, require_perm
from evaluation.models import Dimension, Framework

DEFAULT = Path(__file__).resolve().parent.parent / "data" / "epi-2021.json"


@transaction.atomic
def load_framework(path: Path = DEFAULT) -> Framework:
    """Create the framework described in the JSON file and return it; a second call returns the existing one."""
    source = json.loads(path.read_text(encoding="utf-8"))
    scale = source["scale"]["labels"]
    framework, is_new = Framework.objects.get_or_create(
        name=source["framework"], version=source["version"], defaults={"scale": scale, "note": source["note"]}
    )
    if is_new:
        for row in source["dimensions"]:
            Dimension.objects.create(
                framework=framework,
                code=row["code"],
                order=row["order"],
                names=row["name"],
                questions=row["question"],
                rubric=row["rubric"],
                source_label=row["source_label"],
            )
    return framework


def load_default_framework(**signal: Any) -> None:
    """Receiver of ``network_created``: a new network needs a framework before it can open a round."""
    load_framework()


@transaction.atomic
def adopt_framework(framework: Framework, *, by: Any, on: date | None = None) -> Framework:
    """Record that the scientific committee adopted the framework (default: today). An existing date is kept."""
    require_perm(by, "evaluation.adopt_framework")
    framework = lock(framework)
    if framework.adopted_on is None:
        framework.adopted_on = on or clock.today()
        framework.save(update_fields=["adopted_on"])
    return framework


@transaction.atomic
def create_next_version(framework: Framework, *, by: Any) -> Framework:
    """Return the next version: a copy that can be changed until a round uses it."""
    require_perm(by, "evaluation.add_framework")
    lock_name(f"versions of {framework.name}")
    newest = Framework.objects.filter(name=framework.name).order_by("-version").first()
    successor = Framework.objects.create(
        name=framework.name, version=newest.version + 1, scale=framework.scale, note=framework.note
    )
    for dimension in framework.dimensions.all():
        Dimension.objects.create(
            framework=successor,
            code=dimension.code,
            order=dimension.order,
            names=dimension.names,
            questions=dimension.questions,
            rubric=dimension.rubric,
            source_label=dimension.source_label,
        )
    return successor
