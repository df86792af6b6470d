"""Import the fixtures of evaluations, which the tests of reports use too."""

from tests.evaluation.conftest import *  # noqa: F403 - fixtures are found by name
