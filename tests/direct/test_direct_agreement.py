"""Random programs on nets and on the direct engine; `run.py` compares more."""

from __future__ import annotations

from random import Random

import pytest

from bend.options import Encoding, Options
from bend.runtime.cache import Cache
from tests.direct import programs
from tests.direct.agreement import Sample, differences
from tests.native.programs import WILD
from tests.native.programs import program as any_program

EVALUATED, COMPILED, WILD_PROGRAMS, SCOTT = 12, 3, 5, 4


@pytest.fixture(scope='module')
def files(tmp_path_factory: pytest.TempPathFactory) -> Cache:
    """A cache, for the prelude."""
    return Cache(tmp_path_factory.mktemp('cache'))


def assert_agreement(text: str, files: Cache, is_native: bool, encoding: Encoding = 'num-scott') -> None:
    """Nobody gives another result than nets."""
    found = differences(Sample(text, files, Options(encoding=encoding)), is_native)
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


@pytest.mark.parametrize('seed', [141, 149, 225, 227, 443, 469])
def test_programs_that_are_shown_with_care(seed: int, files: Cache) -> None:
    """Constants that are copied before they are shown (the first four), a parameter of which all is dropped, and a
    constructor without fields that is bound around where it is returned."""
    assert_agreement(any_program(Random(seed), named=False), files, is_native=False)


@pytest.mark.parametrize('seed', range(SCOTT))
def test_any_programs_in_the_scott_encoding(seed: int, files: Cache) -> None:
    assert_agreement(any_program(Random(seed), named=False), files, is_native=seed == 0, encoding='scott')


@pytest.mark.parametrize('seed', range(WILD_PROGRAMS))
def test_programs_with_wrong_types(seed: int, files: Cache) -> None:
    """What only nets give a meaning to is left to them."""
    assert_agreement(any_program(Random(seed), WILD, named=False), files, is_native=False)
