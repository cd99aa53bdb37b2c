"""A few random programs here and by the reference, where it is installed; `run.py` compares more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from bend.runtime.cache import Cache
from tests.differential.programs import KNOWN, difference, same_names, sample
from tests.differential.reference import MISSING, Reference, commands, temporary
from tests.native.programs import program

PROGRAMS = 12


@pytest.fixture(scope='module')
def reference() -> Iterator[Reference]:
    """The reference, if it is there."""
    if commands() is None:
        pytest.skip(MISSING)
    with temporary() as folder:
        yield Reference(Path(folder))


@pytest.mark.parametrize('seed', range(PROGRAMS))
def test_results_are_those_of_the_reference(reference: Reference, seed: int) -> None:
    text = program(Random(seed), named=False)
    files = Cache(reference.folder / 'cache')
    found = difference(text, sample(text, files), files, reference)
    if found is not None and found.cause in KNOWN:
        pytest.skip(found.cause)
    assert found is None, f'{found}\n{text}'


def test_results_are_compared_up_to_names() -> None:
    assert same_names('λa λb (a "a" b)') == same_names('λx λy (x "a" y)')
    assert same_names('λa λb (a b)') != same_names('λa λb (b a)')
    assert same_names('(a List/Cons/tag 1)') != same_names('(a List/Nil/tag 1)')
