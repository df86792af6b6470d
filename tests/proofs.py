"""Hypothesis profiles: many random examples under ``make prove`` (EPI_PROVE=1), else few with a fixed seed."""

import os

import pytest
from hypothesis import HealthCheck, settings

PROVE = os.environ.get("EPI_PROVE") == "1"
ALWAYS = {"deadline": None, "database": None, "suppress_health_check": list(HealthCheck)}

settings.register_profile("suite", max_examples=20, derandomize=True, **ALWAYS)
settings.register_profile("prove", max_examples=1_000, derandomize=False, print_blob=True, **ALWAYS)
settings.load_profile("prove" if PROVE else "suite")

only_in_prove = pytest.mark.skipif(not PROVE, reason="A heavy proof, run by make prove.")


def examples(few: int, many: int, **more) -> settings:
    """Return Hypothesis settings with ``few`` examples in the suite and ``many`` under ``make prove``."""
    return settings(max_examples=many if PROVE else few, **more)
