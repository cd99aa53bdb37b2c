"""Random programs on nets and on the direct engine; `run.py` compares more."""

from __future__ import annotations

from random import Random

import pytest

from bend.runtime.cache import Cache
from tests.direct import programs
from tests.direct.agreement import Sample, differences
from tests.native.programs import WILD
from tests.native.programs import program as any_program

EVALUATED, COMPILED, WILD_PROGRAMS = 12, 3, 5


@pytest.fixture(scope='module')
def files(tmp_path_factory: pytest.TempPathFactory) -> Cache:
    """A cache, for the prelude."""
    return Cache(tmp_path_factory.mktemp('cache'))


def assert_agreement(text: str, files: Cache, is_native: bool) -> None:
    """Nobody gives another result than nets."""
    found = differences(Sample(text, files), is_native)
    assert not found, f'{found}\n{text}'


@pytest.mark.parametrize('feature', programs.FEATURES)
def test_features(feature: str, files: Cache) -> None:
    """What the direct engine must be good at, each for itself, natively."""
    text, result = programs.FEATURES[feature](Random(feature), feature)
    assert_agreement(f'{text}\ndef main():\n  return {result}\n', files, is_native=True)


@pytest.mark.parametrize('seed', range(COMPILED))
def test_features_together(seed: int, files: Cache) -> None:
    assert_agreement(programs.program(Random(seed)), files, is_native=True)


@pytest.mark.parametrize('seed', range(EVALUATED))
def test_any_programs(seed: int, files: Cache) -> None:
    """The evaluator, which the compiled code is compared with elsewhere, on the language as a whole."""
    assert_agreement(any_program(Random(seed), named=False), files, is_native=seed < COMPILED)


@pytest.mark.parametrize('seed', range(WILD_PROGRAMS))
def test_programs_with_wrong_types(seed: int, files: Cache) -> None:
    """What only nets give a meaning to is left to them."""
    assert_agreement(any_program(Random(seed), WILD, named=False), files, is_native=False)
