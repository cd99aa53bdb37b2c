"""Records behave as the dataclasses of the library do, but that nothing refuses to change frozen ones."""

from __future__ import annotations

import dataclasses
import pickle
from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from bend.records import dataclass, replace


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

    @decorator(frozen=True, slots=True)
    class Listed:
        values: dict[int, int] = dataclasses.field(default_factory=dict)

    @decorator(frozen=True, slots=True)
    class Inherited(Listed):
        last: int = 1

    @decorator(frozen=True, slots=True)
    class Checked:
        value: int

        def __post_init__(self) -> None:
            if self.value < 0:
                raise ValueError(self.value)

    @decorator(frozen=True, slots=True)
    class Shared:
        value: int
        limit: ClassVar[int] = 3

    @decorator(slots=True)
    class Token:
        text: str
        places: list[int] = dataclasses.field(default_factory=list)

    @decorator
    class Solver:
        given: int = dataclasses.field(repr=False)
        known: dict[str, int] = dataclasses.field(default_factory=dict, kw_only=True)
        first: list[int] = dataclasses.field(init=False, default_factory=list)
        last: int = dataclasses.field(init=False)

        def __post_init__(self) -> None:
            self.last = self.given + len(self.known)

    @decorator(frozen=True)
    class Book:
        size: int
        limit: int = dataclasses.field(default=4, compare=False)

    classes = (Token, Solver, Book, Base, Pair, Nothing, Other, Single, Plain, Listed, Inherited, Checked, Shared)
    return {made.__name__: made for made in classes}


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
    lambda of: of['Listed'](),
    lambda of: of['Listed']({1: 2}),
    lambda of: of['Inherited'](last=3),
    lambda of: of['Checked'](3),
    lambda of: of['Shared'](3),
    lambda of: of['Token']('x'),
    lambda of: of['Token']('x', [1]),
    lambda of: of['Solver'](3),
    lambda of: of['Solver'](3, known={'a': 1}),
    lambda of: of['Book'](1),
    lambda of: of['Book'](1, 5),
]
WRONG: list[tuple[str, tuple[int, ...], dict[str, int]]] = [
    ('Pair', (), {}), ('Pair', (1, 2, 3), {}), ('Nothing', (1,), {}), ('Pair', (1,), {'other': 2})]


def test_they_are_equal_and_shown_like_those_of_the_library() -> None:
    made, expected = ([maker(of) for maker in MAKERS] for of in (RECORDS, LIBRARY))
    assert [repr(item) for item in made] == [repr(item) for item in expected]
    again, expected_again = ([maker(of) for maker in MAKERS] for of in (RECORDS, LIBRARY))
    assert [[left == right for right in again] for left in made] == [
        [left == right for right in expected_again] for left in expected]


def test_equal_ones_have_the_same_hash() -> None:
    assert len({maker(RECORDS) for maker in MAKERS[:6]}) == 5
    assert hash(RECORDS['Book'](1, 5)) == hash(RECORDS['Book'](1))
    for mutable in (RECORDS['Plain'](1), RECORDS['Token']('x'), RECORDS['Solver'](1)):
        with pytest.raises(TypeError):
            hash(mutable)


def test_fields_match_and_replace_as_usual() -> None:
    pair = RECORDS['Pair'](1, 2, place=3)
    for copy in (dataclasses.replace(pair, right=4), replace(pair, right=4)):
        assert copy == RECORDS['Pair'](1, 4)
        assert copy.place == 3
    assert replace(RECORDS['Inherited']({1: 2}, 3), last=4) == RECORDS['Inherited']({1: 2}, 4)
    assert replace(RECORDS['Plain'](1), value=2) == RECORDS['Plain'](2)
    with pytest.raises(TypeError):
        replace(pair, other=1)
    assert RECORDS['Pair'].__match_args__ == LIBRARY['Pair'].__match_args__
    assert not hasattr(pair, '__dict__') and not hasattr(RECORDS['Token']('x'), '__dict__')
    assert RECORDS['Book'].limit == 4 and not hasattr(RECORDS['Solver'], 'given')


def test_the_library_knows_their_fields() -> None:
    def described(cls: Any) -> list[tuple[object, ...]]:
        return [(item.name, item.type, item.default, item.kw_only, item.compare, item.repr)
                for item in dataclasses.fields(cls)]

    assert {name: described(cls) for name, cls in RECORDS.items()} == {
        name: described(cls) for name, cls in LIBRARY.items()}
    extended = dataclasses.make_dataclass('Extended', [('more', int)], bases=(RECORDS['Base'],))
    assert (extended(1).more, extended(1, place=2).place) == (1, 2)
    assert RECORDS['Shared'].limit == 3


def test_objects_are_made_as_usual() -> None:
    first, second = RECORDS['Inherited'](), RECORDS['Inherited']()
    assert first.values == {} and first.values is not second.values
    assert RECORDS['Token']('x').places is not RECORDS['Token']('x').places
    for classes in (RECORDS, LIBRARY):
        with pytest.raises(ValueError):
            classes['Checked'](-1)
        for name, arguments, more in WRONG:
            with pytest.raises(TypeError, match=r'__init__\(\)'):
                classes[name](*arguments, **more)


@dataclass(frozen=True, slots=True)
class Kept:
    """Something that is pickled."""

    name: str
    parts: tuple[Kept, ...] = ()


def test_they_can_be_pickled() -> None:
    kept = Kept('a', (Kept('b'), Kept('c', (Kept('d'),))))
    assert pickle.loads(pickle.dumps(kept, pickle.HIGHEST_PROTOCOL)) == kept
