"""The framework of dimensions: loaded from the project's own file, adopted by the committee, then only succeeded."""

import json
from datetime import date
from pathlib import Path
from typing import Any

from django.db import transaction

from core import clock
from evaluation.exceptions import FrameworkInUse, NotYours
from evaluation.models import Dimension, Framework

DEFAULT = Path(__file__).resolve().parent.parent / "data" / "epi-2021.json"


@transaction.atomic
def load_framework(path: Path = DEFAULT) -> Framework:
    """The framework of the file. A second call finds the first one and changes nothing."""
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


def bring_framework(**signal: Any) -> None:
    """Of ``network_made``: without a framework a new network could open no round."""
    load_framework()


@transaction.atomic
def change_dimension(dimension: Dimension, *, by: Any, fields: dict) -> Dimension:
    """Mend names, questions or rubric while no round uses the framework."""
    if not by.has_perm("evaluation.change_dimension"):
        raise NotYours
    Framework.objects.select_for_update().get(pk=dimension.framework_id)
    if dimension.framework.is_in_use():
        raise FrameworkInUse
    for name, value in fields.items():
        setattr(dimension, name, value)
    dimension.full_clean()
    dimension.save()
    return dimension


@transaction.atomic
def adopt_framework(framework: Framework, *, by: Any, on: date | None = None) -> Framework:
    """The scientific committee makes the rubric its own. A date once set stays."""
    if not by.has_perm("evaluation.adopt_framework"):
        raise NotYours
    framework = Framework.objects.select_for_update().get(pk=framework.pk)
    if framework.adopted_on is None:
        framework.adopted_on = on or clock.today()
        framework.save(update_fields=["adopted_on"])
    return framework


@transaction.atomic
def succeed_framework(framework: Framework, *, by: Any) -> Framework:
    """The next version, as a copy that may be changed until a round uses it."""
    if not by.has_perm("evaluation.add_framework"):
        raise NotYours
    newest = Framework.objects.select_for_update().filter(name=framework.name).order_by("-version").first()
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
