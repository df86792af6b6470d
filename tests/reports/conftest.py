"""Fixtures of evaluations, which reports need too."""

from tests.evaluation.conftest import *  # noqa: F403 - fixtures are found by name
