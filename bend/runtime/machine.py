"""What engines and the performing of actions share: runs at rest, values that go in and out, and arguments (spec 07,
sections 2 and 3).

Values go in and out as `Result(value, IOError)`; `Builder` makes them, `Argument` reads what a primitive is given.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Literal, Protocol

from bend.hvm import net
from bend.hvm.actions import TAGS
from bend.hvm.numbers import F24, I24, PAYLOAD_MASK, TYPE_BITS, TYPE_MASK, U24, make_word
from bend.records import dataclass
from bend.runtime.text import encode_text, text_of, words_of_bytes, words_of_text

ListType = Literal['List', 'String']

NUM_SCOTT, SCOTT = 1, 2
"""The encodings, as the number of siblings that an action has in them (see `bend.runtime.kernel.data`)."""

CALL = 1
CALL_FIELDS = 4
"""The tag of `IO/Call`, and how many fields it has."""

INNER = 'IOError/Inner'


# ---- what engines provide --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Action:
    """An `IO/Call` that waits to be performed: the encoding, and the places of the name and the argument."""

    encoding: int
    name: int
    argument: int


FINISHED = Action(0, 0, 0)
"""Stands for an action that asks for nothing."""


class Machine(Protocol):
    """An engine at rest. In nets, a place is where a port is written, a port what can be put into a new node; in the
    direct engine, both are values, those of places belong to the action, ports to who made them.

    What a method must see and finds to be a folded reference is evaluated in its place. In nets, the expansion of a
    reference counts as an interaction; looking at the number that a reference stands for does not. So counts are the
    same in all engines of nets. All may raise what running the program may raise.
    """

    def unfold_root(self) -> bool:
        """Evaluates the result if it is a reference that may be an action; whether it was one."""

    def fold_root(self) -> None:
        """Puts the reference back that `unfold_root` has evaluated."""

    def action(self) -> Action | None:
        """The action that is the result, `FINISHED` if it asks for nothing; None if the result is no action: it is
        none of the constructors that hold the magic pair. Evaluates nothing."""

    def number(self, place: int) -> int | None:
        """The word of the number at a place."""

    def pair(self, place: int) -> tuple[int, int] | None:
        """The places of both parts of the tuple at a place."""

    def is_eraser(self, place: int) -> bool:
        """Whether `*` stands at a place. Evaluates nothing."""

    def take(self, place: int) -> int:
        """The port at a place, where `*` stands afterwards. Evaluates nothing."""

    def take_numbers(self, place: int) -> array[int] | None:
        """The payloads in the list of numbers at a place, as an array of type Q. The cells may be gone afterwards,
        without interactions."""

    def make_eraser(self) -> int:
        """The port of `*`."""

    def make_number(self, word: int) -> int:
        """The port of a number."""

    def make_pair(self, first: int, second: int) -> int:
        """The port of a new tuple."""

    def make_data(self, siblings: int, constructor: str, fields: Sequence[int]) -> int:
        """The port of a new constructor of `TAGS`, in the encoding of an action with so many siblings."""

    def make_list(self, siblings: int, type_name: ListType, words: bytearray) -> int:
        """The port of a new list or string of numbers, given as 64-bit words, each cell with so many siblings."""

    def go_on(self, siblings: int, outcome: int) -> None:
        """Applies the continuation of the action at the root to a port, erases the rest of the action, and runs."""


class NetMachine(Machine, Protocol):
    """An engine with a net at rest."""

    def tree(self, place: int) -> net.Tree:
        """What stands at a place. Evaluates nothing."""

    def make_reference(self, name: str) -> int:
        """The port of a definition."""

    def make_tag(self, constructor: str) -> int:
        """The port of the tag of a constructor of `TAGS`: a reference if the program knows the constructor."""

    def make_constructor(self, siblings: int, arm: int, fields: Sequence[int]) -> int:
        """The port of a new constructor: an arm among siblings. With num-scott it has no siblings, and the first field
        is the tag."""


SIBLINGS = {'Result': 2, 'IOError': 3, 'List': 2, 'String': 2}
"""How many constructors the types of `TAGS` have."""


def make_net_data(machine: NetMachine, siblings: int, constructor: str, fields: Sequence[int]) -> int:
    """See `Machine.make_data`."""
    if siblings == NUM_SCOTT:
        return machine.make_constructor(1, 0, (machine.make_tag(constructor), *fields))
    return machine.make_constructor(SIBLINGS[constructor.partition('/')[0]], TAGS[constructor], fields)


# ---- outcomes --------------------------------------------------------------------------------

@dataclass(frozen=True, slots=True)
class Port:
    """What is in the net already."""

    port: int


@dataclass(frozen=True, slots=True)
class Number:
    """A number word."""

    word: int


Value = None | int | Number | tuple[int, int] | bytes | str | Port
"""What a primitive gives: nothing, a number (u24, or of any type), two numbers, a list of bytes, a text, or what is in
the net already."""


class WrongShape(Exception):
    """The argument of a primitive is not what it takes: `IOError/Type`."""


class Refusal(Exception):
    """A primitive cannot do what it is asked for: `IOError/Inner` with a number or a text as its reason."""

    def __init__(self, reason: int | str) -> None:
        self.reason = reason
        super().__init__(str(reason))


@dataclass(frozen=True, slots=True)
class Ok:
    """A primitive has done what it was asked for."""

    value: Value


@dataclass(frozen=True, slots=True)
class Failure:
    """It has not: a constructor of `IOError`, with its field for `IOError/Inner`: the system's number of the error is
    an i24, other numbers are u24."""

    constructor: str
    reason: int | str = 0
    is_system: bool = False


@dataclass(frozen=True, slots=True)
class Written:
    """The whole outcome, a `Result`, is in the net already, at a port."""

    port: int


Outcome = Ok | Failure | Written


class Builder:
    """Makes outcomes in a machine, in one encoding."""

    def __init__(self, machine: Machine, encoding: int) -> None:
        self.machine = machine
        self.encoding = encoding

    def outcome(self, outcome: Outcome) -> int:
        """The port of a `Result`."""
        if isinstance(outcome, Written):
            return outcome.port
        if isinstance(outcome, Ok):
            return self.constructor('Result/Ok', self.value(outcome.value))
        fields = () if outcome.constructor != INNER else (self.reason(outcome),)
        return self.constructor('Result/Err', self.constructor(outcome.constructor, *fields))

    def reason(self, failure: Failure) -> int:
        """The port of the field of `IOError/Inner`."""
        if failure.is_system and isinstance(failure.reason, int):
            return self.machine.make_number(make_word(failure.reason, I24))
        return self.value(failure.reason)

    def value(self, value: Value) -> int:
        """The port of a value."""
        if value is None:
            return self.machine.make_eraser()
        if isinstance(value, int):
            return self.machine.make_number(make_word(value, U24))
        if isinstance(value, Number):
            return self.machine.make_number(value.word)
        if isinstance(value, tuple):
            return self.machine.make_pair(self.value(value[0]), self.value(value[1]))
        if isinstance(value, Port):
            return value.port
        if isinstance(value, str):
            return self.machine.make_list(self.encoding, 'String', words_of_text(value))
        return self.machine.make_list(self.encoding, 'List', words_of_bytes(value))

    def constructor(self, name: str, *fields: int) -> int:
        """The port of a constructor."""
        return self.machine.make_data(self.encoding, name, fields)


# ---- arguments -------------------------------------------------------------------------------


class Argument:
    """The argument of a primitive, or a part of it. Every method raises WrongShape for what is not of its kind."""

    __slots__ = ('machine', 'place')

    def __init__(self, machine: Machine, place: int) -> None:
        self.machine = machine
        self.place = place

    def pair(self) -> tuple[Argument, Argument]:
        """The parts of a tuple."""
        parts = self.machine.pair(self.place)
        if parts is None:
            raise WrongShape
        return Argument(self.machine, parts[0]), Argument(self.machine, parts[1])

    def number(self) -> int:
        """A number's 24 bits, whatever its type."""
        return self._word() >> TYPE_BITS

    def integer(self) -> int:
        """A number with the sign that its type gives it."""
        word = self._word()
        payload = word >> TYPE_BITS
        is_negative = word & TYPE_MASK == I24 and payload > PAYLOAD_MASK >> 1
        return payload - (PAYLOAD_MASK + 1) if is_negative else payload

    def _word(self) -> int:
        word = self.machine.number(self.place)
        if word is None or word & TYPE_MASK not in (U24, I24, F24):
            raise WrongShape
        return word

    def handle(self) -> int:
        """The number of a stream; one that no stream has for anything that is no number, which is a bad handle."""
        word = self.machine.number(self.place)
        return -1 if word is None else word >> TYPE_BITS

    def byte_list(self) -> bytes:
        """A list of bytes: of larger numbers the lowest eight bits."""
        return self._numbers().tobytes()[::8]

    def text(self) -> str:
        """A string."""
        text = text_of(self._numbers())
        if text is None:
            raise WrongShape
        return text

    def utf_8(self) -> bytes:
        """A string in UTF-8, as `String/encode_utf8` writes it."""
        return encode_text(self._numbers())

    def _numbers(self) -> array[int]:
        numbers = self.machine.take_numbers(self.place)
        if numbers is None:
            raise WrongShape
        return numbers
