"""Runs of programs on an emulated device: memory, lanes, why a run ended.

The CPU stands for the device (`bend.runtime.kernel.waves.emulation`), with one thread for all lanes or one for each.
What is done here for it is what has to be done for a GPU: to fill `Shared`, blocks and lanes, to start all lanes with
one frame that is ready, and to read what they gave.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from bend.hvm import net
from bend.hvm.numbers import DivisionByZero
from bend.records import dataclass
from bend.runtime.direct.host import WrongShape
from bend.runtime.direct.threads import join_thread, signals_blocked, start_thread
from bend.runtime.jit import Library, loaded
from bend.runtime.region import WORD, OutOfMemory, Region, give_back, reserve
from bend.runtime.waves.program import WavesProgram

STOP_MEMORY, STOP_INTERRUPTED, STOP_DIVISION, STOP_SHAPE, STOP_BARRIER = 1, 2, 3, 5, 8
STATE_SHIFT = 48
"""Where a ready frame has the number of its state (`bend.runtime.kernel.waves.frames`)."""
NATIVE_STACK = 256 << 10
"""Bytes of the stack of each native thread."""


@dataclass(frozen=True, slots=True)
class Device:
    """A device and how it is used.

    There are blocks of so many lanes, each lane with at most so many words of stack, which takes `first_chunk` bytes of
    the heap when it first needs some, and more each time. `capacity` is how many frames can be ready on the device at a
    time, `block_capacity` in a block. At most `alone_below` frames are run by one block alone; fewer than `step_below`
    step by step by all; in a block, fewer than `rounds_below` step by step. A sequential run looks at what others do
    after `budget` calls, and adapts that to how long they take. `is_threaded`: lanes have native threads of their own.
    """

    blocks: int = 2
    threads: int = 8
    stack_words: int = 1 << 10
    heap_bytes: int = 256 << 20
    first_chunk: int = 512
    capacity: int = 1 << 16
    block_capacity: int = 32
    alone_below: int = 8
    step_below: int = 12
    rounds_below: int = 8
    budget: int = 16
    is_threaded: bool = False

    @property
    def lanes(self) -> int:
        """How many lanes there are."""
        return self.blocks * self.threads


class BarrierFault(Exception):
    """Lanes did not agree on a barrier: a fault of the kernel."""


@contextmanager
def open_run(program: WavesProgram, device: Device) -> Iterator[WavesRun]:
    """Memory for runs of a program; it is there until the `with` ends. Raises OutOfMemory."""
    run = WavesRun(program, loaded(program.program.object_code), device)
    try:
        yield run
    finally:
        run.close()


class WavesRun:
    """A program on a device. Values are words (docs/direct.md, Values); their cells are read with `word`. `seconds` is
    what evaluation took so far."""

    def __init__(self, program: WavesProgram, library: Library | None, device: Device) -> None:
        self.program = program.program
        self.states = program
        self.library = library
        self.device = device
        self.seconds = 0.0
        self.kept: dict[int, int] = {}
        self.regions: dict[str, Region] = {}
        layouts = self.program.layouts
        lanes = device.lanes
        try:
            self._reserve('heap', device.heap_bytes)
            self._reserve('lists', 2 * device.capacity * WORD)
            for table in ('constants', 'settled', 'new constants'):
                self._reserve(table, len(self.program.constants) * WORD)
            self._reserve('overflows', max(self.program.counted, 1) * WORD)
            self._reserve('shared', layouts['Shared'][''] * WORD)
            self._reserve('blocks', device.blocks * self.block_bytes)
            self._reserve('lanes', lanes * layouts['Worker'][''] * WORD)
            self._reserve('stacks', lanes * self.stack_bytes)
            self._reserve('native', (lanes if device.is_threaded else 1) * NATIVE_STACK)
        except OutOfMemory:
            self.close()
            raise
        self.base = self.regions['heap'].address
        self._initialise()

    def close(self) -> None:
        """Gives all memory back."""
        for region in self.regions.values():
            give_back(region)
        self.regions.clear()

    def _reserve(self, name: str, byte_count: int) -> None:
        region = reserve(byte_count)
        if region is None:
            raise OutOfMemory(byte_count, byte_count)
        self.regions[name] = region

    def _set(self, struct: str, region: str, index: int, fields: Mapping[str, int]) -> None:
        """Sets fields of the struct of a number."""
        layout = self.program.layouts[struct]
        for name, value in fields.items():
            self.regions[region].words[index * layout[''] + layout[name]] = value

    def _shared(self, name: str) -> int:
        """A field of what all lanes share."""
        return self.regions['shared'].words[self.program.layouts['Shared'][name]]

    def _initialise(self) -> None:
        """Fills in the structs."""
        device, at = self.device, {name: region.address for name, region in self.regions.items()}
        self._set('Shared', 'shared', 0, {
            'blocks': device.blocks, 'threads': device.threads, 'first': at['lanes'], 'constants': at['constants'],
            'settled': at['settled'], 'new_constants': at['new constants'],
            'constant_count': len(self.program.constants),
            'overflows': at['overflows'], 'alone_below': device.alone_below, 'step_below': device.step_below,
            'rounds_below': device.rounds_below, 'capacity': device.capacity, 'block_capacity': device.block_capacity,
            'heap_next': self.base, 'heap_end': self.base + device.heap_bytes,
            'scarce_from': self.base + device.heap_bytes // 2,
        })
        at_list = self.program.layouts['Shared']['lists']
        for number in range(2):
            self.regions['shared'].words[at_list + number] = at['lists'] + number * device.capacity * WORD
        self._start_lanes({
            'shared': at['shared'], 'next': at['heap'], 'end': at['heap'], 'chunk': device.first_chunk,
            'stack_room': self.stack_bytes - self.states.entry_words * WORD,
            'budget': device.budget})

    def _start_lanes(self, fields: Mapping[str, int]) -> None:
        """Fills in lanes: with fields that are the same in all, and with who they are."""
        for lane in range(self.device.lanes):
            block, index = divmod(lane, self.device.threads)
            at_block = self.regions['blocks'].address + block * self.block_bytes
            stack = self.regions['stacks'].address + lane * self.stack_bytes
            own = {'block': at_block, 'id': lane, 'index': index, 'stack': stack}
            self._set('Worker', 'lanes', lane, {**fields, **own})

    @property
    def stack_bytes(self) -> int:
        """The memory of a lane for the stack of sequential runs."""
        return min(self.device.stack_words, self.states.stack_words) * WORD

    @property
    def block_bytes(self) -> int:
        """The memory of a block: its struct and its lists."""
        return (self.program.layouts['Block'][''] + 2 * self.device.block_capacity) * WORD

    # ---- evaluation --------------------------------------------------------------------------

    def word(self, address: int) -> int:
        """A word of a cell."""
        return self.regions['heap'].words[(address - self.base) >> 3]

    def set_word(self, address: int, word: int) -> None:
        """Changes a word of a cell."""
        self.regions['heap'].words[(address - self.base) >> 3] = word

    def evaluate(self, number: int) -> int:
        """The value of a definition without parameters. Raises OutOfMemory, DivisionByZero, WrongShape,
        KeyboardInterrupt; the run is over then."""
        return self._call(self.states.evaluates, number)

    def constant(self, number: int) -> int:
        """The value of a definition without parameters, which is kept for ever. Raises as `evaluate` does."""
        if number not in self.kept:
            self.kept[number] = self._call(self.states.keeps, number)
        return self.kept[number]

    def apply(self, function: int, argument: int) -> int:
        """A value applied to another one; both are used up. Raises as `evaluate` does."""
        return self._call(self.states.applies, function, argument)

    def _call(self, state: int, *arguments: int) -> int:
        """Has the device run a state, and gives the result."""
        self._check_stop()
        begin = time.perf_counter()
        frame = self.take_words((0, 0, *arguments), self.states.frame_words)
        layout, shared = self.program.layouts['Shared'], self.regions['shared'].words
        for wave in range(3):
            shared[layout['ready'] + wave] = int(wave == 0)
            for counter in ('idle', 'is_long', 'held', 'takers'):
                shared[layout[counter] + wave] = 0
        self.regions['lists'].words[0] = frame | state << STATE_SHIFT
        self._start()
        self.seconds += time.perf_counter() - begin
        self._check_stop()
        return self._shared('result')

    def take_words(self, words: Sequence[int], count: int) -> int:
        """Memory of so many words that begins with some. Raises OutOfMemory."""
        address = self._shared('heap_next')
        if address + count * WORD > self._shared('heap_end'):
            raise OutOfMemory(self.peak_bytes, self.device.heap_bytes)
        self._set('Shared', 'shared', 0, {'heap_next': address + count * WORD})
        for offset, word in enumerate(words):
            self.set_word(address + offset * WORD, word)
        return address

    def _start(self) -> None:
        """Starts all lanes, and waits for them to end. Ctrl-C stops them."""
        assert self.library is not None
        native = self.regions['native'].address
        lane_bytes = self.program.layouts['Worker'][''] * WORD
        main, arguments = 'run_lanes', [self.regions['shared'].address]
        if self.device.is_threaded:
            main = 'lane_main'
            arguments = [self.regions['lanes'].address + lane * lane_bytes for lane in range(self.device.lanes)]
        with signals_blocked():
            threads = [start_thread(self.library.address(main), argument, native + index * NATIVE_STACK, NATIVE_STACK)
                       for index, argument in enumerate(arguments)]
        interrupt: KeyboardInterrupt | None = None
        while threads:
            try:
                join_thread(threads[-1], lambda: None)
                threads.pop()
            except KeyboardInterrupt as problem:
                interrupt = problem
                self._set('Shared', 'shared', 0, {'stop': STOP_INTERRUPTED})
        if interrupt is not None:
            raise interrupt

    def _check_stop(self) -> None:
        """Raises what the stop word says."""
        reason, detail = self._shared('stop'), self._shared('stop_detail')
        if reason == STOP_MEMORY:
            raise OutOfMemory(self.peak_bytes, self.device.heap_bytes)
        if reason == STOP_DIVISION:
            raise DivisionByZero(self.program.places_by_number()[detail])
        if reason == STOP_SHAPE:
            raise WrongShape(detail)
        if reason == STOP_BARRIER:
            raise BarrierFault
        if reason == STOP_INTERRUPTED:
            raise KeyboardInterrupt

    # ---- what it cost ------------------------------------------------------------------------

    @property
    def peak_bytes(self) -> int:
        """Bytes of the heap that the run has used."""
        return min(self._shared('heap_next') - self.base, self.device.heap_bytes)

    @property
    def waves(self) -> tuple[int, int]:
        """How many waves the last evaluation took, and how many of these or rounds the first block ran."""
        layout, words = self.program.layouts['Worker'], self.regions['lanes'].words
        return words[layout['wave']], words[layout['round']]

    def overflows(self) -> Counter[net.Place | None]:
        """How often results did not fit, by place."""
        return self.program.by_place(self.regions['overflows'].words[:self.program.counted])
