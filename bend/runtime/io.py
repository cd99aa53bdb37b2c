"""Actions, performed: the loop that `IO` programs run in, and the primitives that they call (spec 07).

A program asks for an action by ending in `IO/Call(magic, name, argument, continuation)`. The loop performs the named
primitive, applies the continuation to the outcome in the net that the engine still holds, and lets the engine go on,
until the result is anything else; `IO/Done` as a rule. Engines take part through `Machine`. When an engine gives up,
another one begins again, and gets the outcomes of what has been performed already from a `Record`.

A primitive is a function that `find_primitive` knows by its name: it gets what the program has open and its argument,
and gives a value, or raises `WrongShape`, `Refusal` or an OSError.
"""

from __future__ import annotations

import errno
import io
import re
import sys
import time
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, BinaryIO, TextIO, cast

from bend.hvm.numbers import PAYLOAD_MASK
from bend.runtime.machine import (
    FINISHED,
    INNER,
    Action,
    Argument,
    Builder,
    Failure,
    Machine,
    Ok,
    Outcome,
    Port,
    Refusal,
    Value,
    Written,
    WrongShape,
)
from bend.runtime.text import decode_text, text_of

if TYPE_CHECKING:
    from bend.runtime.ffi import Libraries
    from bend.runtime.foreign import HostLibrary

HALF_BITS = 24


# ---- the loop --------------------------------------------------------------------------------


def perform(machine: Machine, streams: Streams, record: Record | None = None) -> None:
    """Performs actions until the program's result is not one any more. Those that the record, if there is one, says the
    outcome of are not performed again; the others are added to it.

    Raises BrokenPipeError when nobody reads standard output any more, KeyboardInterrupt, and what the program's own
    evaluation may raise.
    """
    while (action := next_action(machine)) is not None:
        outcome = None if record is None else record.known()
        if outcome is None:
            argument = Argument(machine, action.argument)
            outcome = call(streams, machine.take_numbers(action.name), argument)
            if record is not None:
                record.add(outcome)
        machine.go_on(action.encoding, Builder(machine, action.encoding).outcome(outcome))


class Record:
    """The outcomes of all actions so far, so that another engine can go on: programs do the same again when they get
    the same outcomes.

    What the engine itself holds cannot be kept, and neither can more than `limit` bytes; then nothing is.
    """

    def __init__(self, limit: int = 64 << 20) -> None:
        self.performed = 0
        self.is_complete = True
        self._left = limit
        self._outcomes: list[tuple[Outcome, int]] = []
        self._replay: Iterator[Outcome] = iter(())

    def add(self, outcome: Outcome) -> None:
        """Remembers an outcome."""
        self.performed += 1
        if not self.is_complete:
            return
        if self._outcomes and self._outcomes[-1][0] == outcome:
            self._outcomes[-1] = outcome, self._outcomes[-1][1] + 1
            return
        self._left -= _OUTCOME_BYTES + _size(outcome)
        self.is_complete = self._left >= 0 and not _is_held(outcome)
        if self.is_complete:
            self._outcomes.append((outcome, 1))
        else:
            self._outcomes.clear()

    def rewind(self) -> None:
        """Begins again with the first outcome."""
        self._replay = (outcome for outcome, count in self._outcomes for _ in range(count))

    def known(self) -> Outcome | None:
        """The next outcome of those that are known."""
        return next(self._replay, None)


_OUTCOME_BYTES = 256


def _is_held(outcome: Outcome) -> bool:
    """Whether an outcome lies in the memory of an engine."""
    return isinstance(outcome, Written) or (isinstance(outcome, Ok) and isinstance(outcome.value, Port))


def _size(outcome: Outcome) -> int:
    """About how many bytes an outcome takes, besides a few."""
    return sys.getsizeof(outcome.value) if isinstance(outcome, Ok) else 0


def next_action(machine: Machine) -> Action | None:
    """The action at the root, if it is one that asks for something."""
    was_folded = machine.unfold_root()
    action = machine.action()
    if action is None and was_folded:
        machine.fold_root()
    return None if action is FINISHED else action


def call(streams: Streams, name: array[int] | None, argument: Argument) -> Outcome:
    """The outcome of a primitive, or of a function that the host offers."""
    called = '' if name is None else name_of(name.tobytes())
    try:
        if streams.host is not None and (written := streams.host.outcome(called, argument)) is not None:
            return written
        primitive = find_primitive(called)
        if primitive is None:
            return Failure('IOError/Name')
        return Ok(primitive(streams, argument))
    except WrongShape:
        return Failure('IOError/Type')
    except Refusal as refusal:
        return Failure(INNER, refusal.reason)
    except BrokenPipeError:
        if streams.is_broken:
            raise
        return Failure(INNER, errno.EPIPE, is_system=True)
    except OSError as problem:
        return Failure(INNER, problem.errno or errno.EIO, is_system=True)


@lru_cache(maxsize=256)
def name_of(words: bytes) -> str:
    """The name that code points spell; none for what is no text."""
    return text_of(array('Q', words)) or ''


def find_primitive(name: str) -> Primitive | None:
    """What `IO/call` calls by a name."""
    return PRIMITIVES.get(name)


# ---- streams ---------------------------------------------------------------------------------

OUTPUT = 1


class Streams:
    """The open streams by their handles: 0, 1 and 2 are the standard ones, files have the lowest free one from 3 on.

    Nothing stays in a buffer after a write, so that errors come with the action that makes them, prompts are seen,
    and what is written is there whatever happens next. `is_broken` once nobody reads standard output any more. `host`
    has the functions that the program around this run offers.
    """

    def __init__(self, standard: Sequence[BinaryIO | None]) -> None:
        self.standard = tuple(standard)
        self.open: dict[int, BinaryIO] = {handle: stream for handle, stream in enumerate(standard)
                                          if stream is not None}
        self.is_broken = False
        self.libraries: Libraries | None = None
        self.host: HostLibrary | None = None

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
        except io.UnsupportedOperation:
            raise OSError(errno.EBADF, 'not open for writing') from None

    def remove(self, handle: int) -> None:
        """Closes a file. The standard streams stay open for the result and the diagnostics, but not for the program."""
        stream = self.get(handle)
        del self.open[handle]
        if handle < len(self.standard):
            stream.flush()
        else:
            stream.close()

    def close_all(self) -> None:
        """Closes the files and libraries that the program has left open."""
        if self.libraries is not None:
            self.libraries.close_all()
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


def read_to_end(streams: Streams, argument: Argument) -> Value:
    """`READ_TO_END handle`: all bytes up to the end of the stream. Not one of the reference's."""
    stream = streams.get(argument.handle())
    return _readable(stream.read)


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


def read_text_line(streams: Streams, argument: Argument) -> Value:
    """`READ_TEXT_LINE handle`: the next line as a text, from UTF-8 and without its line feed; the error 0 at the end of
    the stream. Not one of the reference's."""
    line = _readable(streams.get(argument.handle()).readline)
    if not line:
        raise Refusal(0)
    return decode_text(line.removesuffix(b'\n'))


def write(streams: Streams, argument: Argument) -> Value:
    """`WRITE (handle, bytes)`."""
    handle, data = argument.pair()
    number = handle.handle()
    streams.get(number)
    streams.write(number, data.byte_list())
    return None


def write_text(streams: Streams, argument: Argument) -> Value:
    """`WRITE_TEXT (handle, text)`: the text in UTF-8. Not one of the reference's."""
    handle, text = argument.pair()
    streams.write(handle.handle(), text.utf_8())
    return None


def write_text_line(streams: Streams, argument: Argument) -> Value:
    """`WRITE_TEXT_LINE (handle, text)`: the text in UTF-8, and a line feed. Not one of the reference's."""
    handle, text = argument.pair()
    streams.write(handle.handle(), text.utf_8() + b'\n')
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


def with_libraries(name: str) -> Primitive:
    """A primitive on dynamic libraries. What these need is loaded when the first one is called."""
    def primitive(streams: Streams, argument: Argument) -> Value:
        from bend.runtime import ffi
        if streams.libraries is None:
            streams.libraries = ffi.Libraries()
        action: Callable[[Libraries, Argument], Value] = getattr(ffi, name)
        return action(streams.libraries, argument)
    return primitive


PRIMITIVES: dict[str, Primitive] = {
    'READ': read, 'READ_LINE': read_line, 'READ_TEXT_LINE': read_text_line, 'READ_TO_END': read_to_end,
    'WRITE': write, 'WRITE_TEXT': write_text, 'WRITE_TEXT_LINE': write_text_line,
    'FLUSH': flush, 'OPEN': open_file, 'CLOSE': close, 'SEEK': seek, 'GET_TIME': get_time, 'SLEEP': sleep,
    'DL_OPEN': with_libraries('open_library'), 'DL_CALL': with_libraries('call_function'),
    'DL_CLOSE': with_libraries('close_library'),
}
"""The primitives by the names that `IO/call` knows them by."""
