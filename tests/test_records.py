"""Records behave as the frozen dataclasses of the library do, but that nothing refuses to change them."""

from __future__ import annotations

import dataclasses
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from bend.records import dataclass


def declared(decorator: Callable[..., Any]) -> dict[str, Any]:
    """The same classes by either decorator."""

    @decorator(frozen=True, slots=True)
    class Base:
        place: int | None = dataclasses.field(default=None, kw_only=True, compare=False, repr=False)

    @decorator(frozen=True, slots=True)
    class Pair(Base):
        left: object
        right: object = 7

    @decorator(frozen=True, slots=True)
    class Nothing(Base):
        pass

    @decorator(frozen=True, slots=True)
    class Other(Base):
        value: object

        def __repr__(self) -> str:
            return 'other'

    @decorator(frozen=True, slots=True, eq=False)
    class Single:
        value: int

    @decorator
    class Plain:
        value: int

    return {made.__name__: made for made in (Base, Pair, Nothing, Other, Single, Plain)}


RECORDS, LIBRARY = declared(dataclass), declared(dataclasses.dataclass)
MAKERS: list[Callable[[dict[str, Any]], Any]] = [
    lambda of: of['Pair'](1),
    lambda of: of['Pair'](1, 7, place=3),
    lambda of: of['Pair'](of['Other'](2), (of['Nothing'](),)),
    lambda of: of['Nothing'](),
    lambda of: of['Base'](),
    lambda of: of['Other'](1),
    lambda of: of['Single'](1),
    lambda of: of['Plain'](1),
]


def test_they_are_equal_and_shown_like_those_of_the_library() -> None:
    made, expected = ([maker(of) for maker in MAKERS] for of in (RECORDS, LIBRARY))
    assert [repr(item) for item in made] == [repr(item) for item in expected]
    again, expected_again = ([maker(of) for maker in MAKERS] for of in (RECORDS, LIBRARY))
    assert [[left == right for right in again] for left in made] == [
        [left == right for right in expected_again] for left in expected]


def test_equal_ones_have_the_same_hash() -> None:
    assert len({maker(RECORDS) for maker in MAKERS[:6]}) == 5
    with pytest.raises(TypeError):
        hash(RECORDS['Plain'](1))


def test_fields_match_and_replace_as_usual() -> None:
    pair = RECORDS['Pair'](1, 2, place=3)
    assert dataclasses.replace(pair, right=4) == RECORDS['Pair'](1, 4)
    assert dataclasses.replace(pair, right=4).place == 3
    assert RECORDS['Pair'].__match_args__ == LIBRARY['Pair'].__match_args__
    assert not hasattr(pair, '__dict__')


@dataclass(frozen=True, slots=True)
class Kept:
    """Something that is pickled."""

    name: str
    parts: tuple[Kept, ...] = ()


def test_they_can_be_pickled() -> None:
    kept = Kept('a', (Kept('b'), Kept('c', (Kept('d'),))))
    assert pickle.loads(pickle.dumps(kept, pickle.HIGHEST_PROTOCOL)) == kept
