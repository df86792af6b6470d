"""The rules that ``make mutants`` breaks still stand in the code as it names them."""

import pytest

from tests.mutants.mutations import MUTATIONS
from tests.mutants.run import problem_of


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_mutation_changes_one_place(mutation):
    assert problem_of(mutation) == ""
