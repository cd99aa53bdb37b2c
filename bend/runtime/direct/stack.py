"""The stack of a worker that stopped a run, and the return addresses on it.

Stacks can be deep (tens of millions of frames), most of all where one overflows. There, the same few calls follow each
other, so what repeats is looked for and compared many frames at a time.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Literal

from bend.records import dataclass

if TYPE_CHECKING:
    from bend.runtime.direct.code_map import CodeMap

WORD = 8
STOPPING = 'stop_all'
"""The function of the kernel that says where the stack is."""
FORKED = 'run_task'
"""The function whose caller is nobody's caller: it runs a forked call."""
LONGEST_CYCLE = 12
"""How many calls may follow each other to be found again and again."""
LOOK_EVERY = 8 * LONGEST_CYCLE
"""After how many frames repetitions are looked for."""
MOST_COMPARED = 1 << 15
"""How many repetitions are compared at once."""
MOST_FRAMES = 100_000
"""Where walking ends, repetitions not counted."""


@dataclass(frozen=True, slots=True)
class Stack:
    """The words of a stack from the stack pointer, an address, to the stack's end."""

    pointer: int
    words: memoryview

    def kept(self, most: int = 1 << 20) -> Stack:
        """A copy that does not need the memory of the run, of so many bytes at most."""
        return Stack(self.pointer, memoryview(self.words[:most // WORD].tobytes()).cast('Q'))


@dataclass(frozen=True, slots=True)
class Stretch:
    """Return addresses, innermost first, and how often they follow each other."""

    addresses: tuple[int, ...]
    times: int = 1


@dataclass(frozen=True, slots=True)
class Walk:
    """What is on a stack. `end` is `fork` if that is where a forked call begins, `cut` if there is too much."""

    stretches: tuple[Stretch, ...]
    end: Literal['', 'fork', 'cut']


def walk(stack: Stack, code: CodeMap) -> Walk:
    """The return addresses on a stack. What it does not understand ends it."""
    return _Walker(stack, code).walk()


class _Walker:
    def __init__(self, stack: Stack, code: CodeMap) -> None:
        self.stack = stack
        self.code = code
        self.pointer = stack.pointer
        self.found: list[Stretch] = []
        self.recent: list[tuple[int, int]] = []
        """The last frames, that are not in `found`: their return addresses, and where these lie."""

    def walk(self) -> Walk:
        """See `walk`."""
        function = cache(lambda address: self.code.function(address - 1))
        frame_at = cache(lambda address: self.code.frame(address - 1))
        frame = self.code.whole_frame(STOPPING)
        for _ in range(MOST_FRAMES):
            if frame is None or frame.size <= 0:
                return self.ended('')
            place = self.pointer + frame.return_address
            address = self.word(place)
            if not function(address):
                return self.ended('')
            self.pointer += frame.size
            self.recent.append((address, place))
            if function(address) == FORKED:
                return self.ended('fork')
            if len(self.recent) == LOOK_EVERY:
                self.repeat()
            frame = frame_at(address)
        return self.ended('cut')

    def ended(self, end: Literal['', 'fork', 'cut']) -> Walk:
        """All that was found."""
        self.settle()
        return Walk(tuple(self.found), end)

    def word(self, address: int) -> int:
        """A word of the stack; 0 outside of it."""
        index = address - self.stack.pointer >> 3
        return self.stack.words[index] if 0 <= index < len(self.stack.words) else 0

    def settle(self) -> None:
        """The last frames, one by one."""
        self.found += [Stretch((address,)) for address, _ in self.recent]
        self.recent = []

    def repeat(self) -> None:
        """If the last frames are a cycle, goes over what repeats of it."""
        recent = self.recent
        self.settle()
        addresses = [address for address, _ in recent]
        length = next((length for length in range(1, LONGEST_CYCLE + 1) if addresses[length:] == addresses[:-length]),
                      0)
        if length == 0:
            return
        cycle = recent[-length:]
        size = recent[-1][1] - recent[-1 - length][1]
        times, step = 0, MOST_COMPARED
        while step:
            if all(self.has(address, place + times * size, size, step) for address, place in cycle):
                times += step
            else:
                step //= 2
        if times:
            self.found.append(Stretch(tuple(addresses[-length:]), times))
            self.pointer += times * size

    def has(self, address: int, place: int, size: int, times: int) -> bool:
        """Whether a return address lies so many times behind a place, at this distance."""
        first = place + size - self.stack.pointer >> 3
        stride = size >> 3
        if first + stride * (times - 1) >= len(self.stack.words):
            return False
        words = self.stack.words[first:first + stride * (times - 1) + 1:stride]
        return words.tobytes() == address.to_bytes(WORD, 'little') * times
