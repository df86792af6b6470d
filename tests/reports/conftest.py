"""Reports rest on evaluations: the fixtures are theirs."""

from tests.evaluation.conftest import *  # noqa: F403 - fixtures are found by name
