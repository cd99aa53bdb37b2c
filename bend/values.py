"""Bend's values in Python, where Python has no type of its own for them.

Most values are plain Python: numbers, strings, lists, tuples, dictionaries, None. The classes here say which kind of
number is meant, and stand for constructors and for what is no data. See docs/python.md for the whole table.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable
from typing import Any, ClassVar, SupportsIndex

MAX_U24 = 0xFFFFFF
MIN_I24, MAX_I24 = -0x800000, 0x7FFFFF
MAX_TOLD_BITS = 128
"""Of larger numbers errors only say how large they are."""


class U24(int):
    """An unsigned number, whatever the parameter it is passed for looks like.

    >>> U24(7) + 1
    8
    >>> U24(-1)
    Traceback (most recent call last):
    ...
    ValueError: -1 is no u24: it must be from 0 to 16777215
    """

    __slots__ = ()

    def __new__(cls, value: SupportsIndex) -> U24:
        """Raises ValueError outside of 0 to 2^24 - 1, and TypeError for what is no int."""
        return super().__new__(cls, checked(whole(value, 'U24'), 'u24', 0, MAX_U24))

    def __repr__(self) -> str:
        return f'U24({int(self)})'


class I24(int):
    """A signed number, which Bend writes `+7` or `-7`. Signed numbers in results are of this class.

    >>> I24(7)
    I24(7)
    >>> I24(7) == 7
    True
    """

    __slots__ = ()

    def __new__(cls, value: SupportsIndex) -> I24:
        """Raises ValueError outside of -2^23 to 2^23 - 1, and TypeError for what is no int."""
        return super().__new__(cls, checked(whole(value, 'I24'), 'i24', MIN_I24, MAX_I24))

    def __repr__(self) -> str:
        return f'I24({int(self)})'


class F24(float):
    """A number with a fraction; needed only to pass an integer as one.

    >>> F24(7)
    F24(7.0)
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return f'F24({float(self)!r})'


class Nat(int):
    """A number of the type `Nat`, that is, `Nat/Succ` so many times around `Nat/Zero`.

    >>> Nat(3)
    Nat(3)
    """

    __slots__ = ()

    def __new__(cls, value: SupportsIndex) -> Nat:
        """Raises ValueError for negative numbers, and TypeError for what is no int."""
        number = whole(value, 'Nat')
        if number < 0:
            raise ValueError(f'{number} is no Nat: it must not be negative')
        return super().__new__(cls, number)

    def __repr__(self) -> str:
        return f'Nat({int(self)})'


def checked(value: int, kind: str, least: int, most: int) -> int:
    """The value if it is in range; raises ValueError."""
    if not least <= value <= most:
        # Python refuses to write out the digits of very large numbers.
        told = f'{value}' if value.bit_length() <= MAX_TOLD_BITS else f'an int of {value.bit_length()} bits'
        raise ValueError(f'{told} is no {kind}: it must be from {least} to {most}')
    return value


def whole(value: SupportsIndex, name: str) -> int:
    """An int of what is one, such as numpy's; raises TypeError, which calls it by a name. What has a fraction is not
    rounded."""
    try:
        return operator.index(value)
    except TypeError:
        raise TypeError(f'{name} must be an int, not {value!r}') from None


class Constructor:
    """A value of a Bend data type: a constructor by its full name, and its fields. Immutable.

    >>> point = Constructor('Point/New', (1, 2))
    >>> match point:
    ...     case Constructor('Point/New', (x, y)):
    ...         print(x, y)
    1 2
    """

    __slots__ = ('fields', 'name')
    __match_args__: ClassVar[tuple[str, ...]] = ('name', 'fields')
    name: str
    fields: tuple[Any, ...]

    def __init__(self, name: str, fields: Iterable[Any] = ()) -> None:
        """Raises TypeError for a name that is no string."""
        if not isinstance(name, str):
            raise TypeError(f'the name of a constructor must be a str, not {name!r}')
        object.__setattr__(self, 'name', name)
        object.__setattr__(self, 'fields', tuple(fields))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f'{type(self).__name__} is immutable')

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f'{type(self).__name__} is immutable')

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Constructor):
            return NotImplemented
        return (self.name, self.fields) == (other.name, other.fields)

    def __hash__(self) -> int:
        return hash((self.name, self.fields))

    def __repr__(self) -> str:
        return f'Constructor({self.name!r}, {self.fields!r})'

    def __reduce__(self) -> tuple[Any, ...]:
        return constructor, (self.name, self.fields)


class _Holder(Constructor):
    """A constructor of the library with one field."""

    __slots__ = ()
    __match_args__ = ('value',)
    constructor: ClassVar[str]

    def __init__(self, value: Any) -> None:
        super().__init__(self.constructor, (value,))

    @property
    def value(self) -> Any:
        """The field."""
        return self.fields[0]

    def __repr__(self) -> str:
        return f'{type(self).__name__}({self.value!r})'


class Some(_Holder):
    """`Maybe/Some(value)`.

    >>> Some(3) == Constructor('Maybe/Some', (3,))
    True
    """

    __slots__ = ()
    constructor = 'Maybe/Some'


class Ok(_Holder):
    """`Result/Ok(value)`.

    >>> match Ok(3):
    ...     case Err(problem):
    ...         print(problem)
    ...     case Ok(value):
    ...         print(value)
    3
    """

    __slots__ = ()
    constructor = 'Result/Ok'


class Err(_Holder):
    """`Result/Err(value)`."""

    __slots__ = ()
    constructor = 'Result/Err'


NOTHING = Constructor('Maybe/None')
"""`Maybe/None`."""

_HOLDERS: dict[str, type[_Holder]] = {holder.constructor: holder for holder in (Some, Ok, Err)}


def constructor(name: str, fields: tuple[Any, ...]) -> Constructor:
    """A constructor, of the class that is there for it.

    >>> constructor('Result/Ok', (3,))
    Ok(3)
    """
    holder = _HOLDERS.get(name)
    return holder(fields[0]) if holder is not None and len(fields) == 1 else Constructor(name, fields)


class Term:
    """A part of a result that is no data, such as a function: its text is all that there is to know.

    >>> str(Term('λa a'))
    'λa a'
    """

    __slots__ = ('text',)
    __match_args__ = ('text',)

    def __init__(self, text: str) -> None:
        self.text = text

    def __eq__(self, other: object) -> bool:
        return self.text == other.text if isinstance(other, Term) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.text)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f'Term({self.text!r})'
