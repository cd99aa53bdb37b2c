"""Actions, performed: the loop that `IO` programs run in, and the primitives that they call (spec 07).

A program asks for an action by ending in `IO/Call(magic, name, argument, continuation)`. The loop performs the named
primitive, applies the continuation to the outcome in the net that the engine still holds, and lets the engine go on,
until the result is anything else; `IO/Done` as a rule. Engines take part through `Machine`.

Values go in and out as `Result(value, IOError)`. A primitive is a function of `PRIMITIVES`: it gets the open streams
and its argument, and gives a value, or raises `WrongShape` or an OSError.
"""

from __future__ import annotations

import errno
import io
import re
import sys
import time
from array import array
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import BinaryIO, Protocol, TextIO, cast

from bend.hvm.actions import TAGS
from bend.hvm.numbers import F24, I24, PAYLOAD_MASK, TYPE_BITS, TYPE_MASK, U24, make_word

NUM_SCOTT, SCOTT = 1, 2
"""The encodings, as the number of siblings that an action has in them (see `bend.runtime.kernel.data`)."""

CALL = 1
CALL_FIELDS = 4
HALF_BITS = 24


# ---- what engines provide --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cell:
    """A constructor as it stands in a net: an arm among siblings, and the places of its fields. With num-scott it has
    no siblings, and the first field is the tag."""

    siblings: int
    arm: int
    fields: Sequence[int]


class Machine(Protocol):
    """An engine with a net at rest. A place is where a port is written, a port what can be put into a new node.

    What a method must see and finds to be a folded reference is evaluated in its place. The expansion of a reference
    counts as an interaction; looking at the number that a reference stands for does not. So counts are the same in
    all engines. All may raise what running the program may raise.
    """

    root: int

    def unfold_root(self) -> bool:
        """Evaluates the result if it is a reference that may be an action; whether it was one."""

    def fold_root(self) -> None:
        """Puts the reference back that `unfold_root` has evaluated."""

    def constructor(self, place: int) -> Cell | None:
        """The constructor at a place. Evaluates nothing."""

    def constant(self, place: int) -> int | None:
        """The payload of the number at a place, or of the one that a reference there stands for. Evaluates nothing."""

    def is_magic(self, place: int) -> bool:
        """Whether the magic pair stands at a place. Evaluates nothing."""

    def number(self, place: int) -> int | None:
        """The word of the number at a place."""

    def pair(self, place: int) -> tuple[int, int] | None:
        """The places of both parts of the tuple at a place."""

    def take_numbers(self, place: int) -> array[int] | None:
        """The payloads in the list of numbers at a place, as an array of type Q. The cells are gone afterwards, without
        interactions."""

    def make_eraser(self) -> int:
        """The port of `*`."""

    def make_number(self, word: int) -> int:
        """The port of a number."""

    def make_tag(self, constructor: str) -> int:
        """The port of the tag of a constructor of `TAGS`: a reference if the program knows the constructor."""

    def make_pair(self, first: int, second: int) -> int:
        """The port of a new tuple."""

    def make_constructor(self, siblings: int, arm: int, fields: Sequence[int]) -> int:
        """The port of a new constructor, made as `Cell` says."""

    def make_list(self, siblings: int, data: bytes) -> int:
        """The port of a new list of the bytes, each cell with so many siblings."""

    def go_on(self, siblings: int, outcome: int) -> None:
        """Applies the continuation of the action at the root to a port, erases the rest of the action, and runs."""


# ---- outcomes --------------------------------------------------------------------------------

Value = None | int | tuple[int, int] | bytes
"""What a primitive gives: nothing, a number, two numbers, or a list of bytes."""


class WrongShape(Exception):
    """The argument of a primitive is not what it takes: `IOError/Type`."""


@dataclass(frozen=True, slots=True)
class Ok:
    """A primitive has done what it was asked for."""

    value: Value


@dataclass(frozen=True, slots=True)
class Failure:
    """It has not: a constructor of `IOError`, with the number of the error for `IOError/Inner`."""

    constructor: str
    code: int = 0


Outcome = Ok | Failure


class Builder:
    """Makes outcomes in a net, in one encoding."""

    def __init__(self, machine: Machine, encoding: int) -> None:
        self.machine = machine
        self.encoding = encoding

    def outcome(self, outcome: Outcome) -> int:
        """The port of a `Result`."""
        if isinstance(outcome, Ok):
            return self.constructor('Result/Ok', 2, self.value(outcome.value))
        fields = () if outcome.constructor != INNER else (self.machine.make_number(make_word(outcome.code, I24)),)
        return self.constructor('Result/Err', 2, self.constructor(outcome.constructor, 3, *fields))

    def value(self, value: Value) -> int:
        """The port of a value."""
        if value is None:
            return self.machine.make_eraser()
        if isinstance(value, int):
            return self.machine.make_number(make_word(value, U24))
        if isinstance(value, tuple):
            return self.machine.make_pair(self.value(value[0]), self.value(value[1]))
        return self.machine.make_list(self.encoding, value)

    def constructor(self, name: str, siblings: int, *fields: int) -> int:
        """The port of a constructor of a type that has so many."""
        if self.encoding == NUM_SCOTT:
            return self.machine.make_constructor(1, 0, (self.machine.make_tag(name), *fields))
        return self.machine.make_constructor(siblings, TAGS[name], fields)


# ---- the loop --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Action:
    """An `IO/Call` that waits to be performed."""

    encoding: int
    name: int
    argument: int


def perform(machine: Machine, streams: Streams) -> None:
    """Performs actions until the net's result is not one any more.

    Raises BrokenPipeError when nobody reads standard output any more, KeyboardInterrupt, and what the program's own
    reduction may raise.
    """
    while (action := next_action(machine)) is not None:
        argument = Argument(machine, action.argument)
        outcome = call(streams, machine.take_numbers(action.name), argument)
        machine.go_on(action.encoding, Builder(machine, action.encoding).outcome(outcome))


def next_action(machine: Machine) -> Action | None:
    """The action at the root, if it is one that asks for something."""
    was_folded = machine.unfold_root()
    cell = machine.constructor(machine.root)
    arm, fields = constructor_of(machine, cell)
    if not fields or not machine.is_magic(fields[0]):
        if was_folded:
            machine.fold_root()
        return None
    if cell is None or arm != CALL or len(fields) != CALL_FIELDS:
        return None
    return Action(cell.siblings, fields[1], fields[2])


def constructor_of(machine: Machine, cell: Cell | None) -> tuple[int | None, Sequence[int]]:
    """The number of a constructor and its fields proper; no number and no fields if it is none of IO's."""
    if cell is None or cell.siblings not in (NUM_SCOTT, SCOTT):
        return None, ()
    if cell.siblings == SCOTT:
        return cell.arm, cell.fields
    return (machine.constant(cell.fields[0]), cell.fields[1:]) if cell.fields else (None, ())


def call(streams: Streams, name: array[int] | None, argument: Argument) -> Outcome:
    """The outcome of a primitive."""
    primitive = PRIMITIVES.get(text_of(name)) if name is not None and is_text(name) else None
    if primitive is None:
        return Failure('IOError/Name')
    try:
        return Ok(primitive(streams, argument))
    except WrongShape:
        return Failure('IOError/Type')
    except BrokenPipeError:
        if streams.is_broken:
            raise
        return Failure(INNER, errno.EPIPE)
    except OSError as problem:
        return Failure(INNER, problem.errno or errno.EIO)


INNER = 'IOError/Inner'


# ---- arguments -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Argument:
    """The argument of a primitive, or a part of it. Every method raises WrongShape for what is not of its kind."""

    machine: Machine
    place: int

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

    def bytes(self) -> bytes:
        """A list of bytes: of larger numbers the lowest eight bits."""
        return self._numbers().tobytes()[::8]

    def text(self) -> str:
        """A string."""
        points = self._numbers()
        if not is_text(points):
            raise WrongShape
        return text_of(points)

    def _numbers(self) -> array[int]:
        numbers = self.machine.take_numbers(self.place)
        if numbers is None:
            raise WrongShape
        return numbers


def is_text(points: array[int]) -> bool:
    """Whether all numbers are code points."""
    return max(points, default=0) <= sys.maxunicode


def text_of(points: array[int]) -> str:
    """The text of code points."""
    return ''.join(map(chr, points))


# ---- streams ---------------------------------------------------------------------------------

OUTPUT = 1


class Streams:
    """The open streams by their handles: 0, 1 and 2 are the standard ones, files have the lowest free one from 3 on.

    Nothing stays in a buffer after a write, so that errors come with the action that makes them, prompts are seen,
    and what is written is there whatever happens next. `is_broken` once nobody reads standard output any more.
    """

    def __init__(self, standard: Sequence[BinaryIO | None]) -> None:
        self.standard = tuple(standard)
        self.open: dict[int, BinaryIO] = {handle: stream for handle, stream in enumerate(standard)
                                          if stream is not None}
        self.is_broken = False

    def get(self, handle: int) -> BinaryIO:
        """The stream of a handle; raises OSError if it has none."""
        stream = self.open.get(handle)
        if stream is None:
            raise OSError(errno.EBADF, 'no such handle')
        return stream

    def add(self, stream: BinaryIO) -> int:
        """Gives a file its handle."""
        handle = len(self.standard)
        while handle in self.open:
            handle += 1
        self.open[handle] = stream
        return handle

    def write(self, handle: int, data: bytes) -> None:
        """Writes everything, or raises OSError."""
        stream = self.get(handle)
        try:
            stream.write(data)
            stream.flush()
        except BrokenPipeError:
            self.is_broken = handle == OUTPUT
            raise

    def remove(self, handle: int) -> None:
        """Closes a file. The standard streams stay open for the result and the diagnostics, but not for the program."""
        stream = self.get(handle)
        del self.open[handle]
        if handle < len(self.standard):
            stream.flush()
        else:
            stream.close()

    def close_files(self) -> None:
        """Closes the files that the program has left open."""
        for handle, stream in self.open.items():
            if handle >= len(self.standard):
                with suppress(OSError):
                    stream.close()


def standard_streams() -> Streams:
    """The streams of this process; what of them is closed has no handle."""
    for text in (sys.stdout, sys.stderr):
        if text is not None:
            text.flush()
    return Streams([_bytes_of(text) for text in (sys.stdin, sys.stdout, sys.stderr)])


def _bytes_of(text: TextIO | None) -> BinaryIO | None:
    return getattr(text, 'buffer', None)


# ---- primitives ------------------------------------------------------------------------------

Primitive = Callable[[Streams, Argument], Value]


def read(streams: Streams, argument: Argument) -> Value:
    """`READ (handle, count)`: so many bytes, fewer at the end of the stream."""
    handle, count = argument.pair()
    stream, wanted = streams.get(handle.handle()), count.number()
    return _readable(lambda: stream.read(wanted))


def read_line(streams: Streams, argument: Argument) -> Value:
    """`READ_LINE handle`: the bytes up to the next line feed, which is the last of them unless the stream ends; none
    at the end of the stream. Not one of the reference's."""
    stream = streams.get(argument.handle())
    return _readable(stream.readline)


def _readable(action: Callable[[], bytes | None]) -> bytes:
    try:
        return action() or b''
    except io.UnsupportedOperation:
        raise OSError(errno.EBADF, 'not open for reading') from None


def write(streams: Streams, argument: Argument) -> Value:
    """`WRITE (handle, bytes)`."""
    handle, data = argument.pair()
    number = handle.handle()
    streams.get(number)
    content = data.bytes()
    try:
        streams.write(number, content)
    except io.UnsupportedOperation:
        raise OSError(errno.EBADF, 'not open for writing') from None
    return None


def flush(streams: Streams, argument: Argument) -> Value:
    """`FLUSH handle`."""
    streams.get(argument.handle()).flush()
    return None


def open_file(streams: Streams, argument: Argument) -> Value:
    """`OPEN (path, mode)`, with the modes of C's `fopen`: the file's handle."""
    path, mode = (part.text() for part in argument.pair())
    kind = python_mode(mode)
    if '\0' in path:
        raise OSError(errno.EINVAL, 'a path cannot hold character 0')
    try:
        stream = cast(BinaryIO, open(path.encode('utf-8', 'surrogatepass'), kind))  # noqa: SIM115
    except io.UnsupportedOperation:
        raise OSError(errno.ESPIPE, 'cannot be opened for both reading and writing') from None
    if kind == 'a+b':
        # Reading starts at the beginning; writing goes to the end wherever reading is.
        stream.seek(0)
    return streams.add(stream)


def python_mode(mode: str) -> str:
    """A mode of `fopen` in Python's words; raises OSError if it is none."""
    found = re.fullmatch(r'([rwa])(b?\+?|\+b)(x?)', mode)
    if found is None or (found[3] and found[1] != 'w'):
        raise OSError(errno.EINVAL, 'no mode')
    return ('x' if found[3] else found[1]) + ('+b' if '+' in found[2] else 'b')


def close(streams: Streams, argument: Argument) -> Value:
    """`CLOSE handle`."""
    streams.remove(argument.handle())
    return None


def seek(streams: Streams, argument: Argument) -> Value:
    """`SEEK (handle, (offset, whence))`: goes to so many bytes after the start (0), the position (1) or the end (2)."""
    handle, rest = argument.pair()
    offset, whence = rest.pair()
    origin = whence.number()
    if origin > io.SEEK_END:
        raise WrongShape
    stream, distance = streams.get(handle.handle()), offset.integer()
    try:
        stream.seek(distance, origin)
    except io.UnsupportedOperation:
        raise OSError(errno.ESPIPE, 'cannot be positioned') from None
    except ValueError:
        raise OSError(errno.EINVAL, 'before the start') from None
    return None


def get_time(streams: Streams, argument: Argument) -> Value:
    """`GET_TIME`: the nanoseconds of a clock that is never set back, as the upper and the lower 24 bits."""
    now = time.monotonic_ns()
    return now >> HALF_BITS & PAYLOAD_MASK, now & PAYLOAD_MASK


def sleep(streams: Streams, argument: Argument) -> Value:
    """`SLEEP (upper, lower)`: waits for so many nanoseconds."""
    upper, lower = (part.number() for part in argument.pair())
    time.sleep((upper << HALF_BITS | lower) / 1e9)
    return None


PRIMITIVES: dict[str, Primitive] = {
    'READ': read, 'READ_LINE': read_line, 'WRITE': write, 'FLUSH': flush, 'OPEN': open_file, 'CLOSE': close,
    'SEEK': seek, 'GET_TIME': get_time, 'SLEEP': sleep,
}
"""The primitives by the names that `IO/call` knows them by."""
