"""Running net programs on a GPU: memory, one launch, the result.

All lanes work on one net in one heap (`bend.runtime.kernel.gpu_net`). This side lays out the memory of the device,
writes what the run begins with, and reads the result net out of the heap, as much of it as there is.
"""

from __future__ import annotations

import pickle
import time
from array import array
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from bend.hvm import net
from bend.hvm.actions import ActionNames
from bend.hvm.numbers import DivisionByZero
from bend.records import dataclass, replace
from bend.runtime.cache import Cache
from bend.runtime.cpu import COUNTERS, RunResult, read_tree
from bend.runtime.gpu import WARP, Buffer, Gpu, GpuFailure, Grid, Kernel, Request, grid_of, memory_of, wait_for
from bend.runtime.gpu_device import Device
from bend.runtime.gpu_record import Record
from bend.runtime.image import FIRST_WORD, Image
from bend.runtime.region import WORD, OutOfMemory

if TYPE_CHECKING:
    from bend.codegen import lir

ENTRY = 'reduce_net'
STOP_MEMORY, STOP_DIVISION = 1, 3
REDEX, BOOT = 0, 1
"""Kinds of tasks (`bend.runtime.kernel.gpu_net.bag`)."""
ROOT = 2
"""The heap index of the root variable; index 0 is no cell."""
FIRST_CELL = 8
DEPOT_BITS = 40
SLOT_WORDS = 10
PLACE_WORDS = 12
"""Words of a task in a bag (`bend.runtime.kernel.gpu_net.bag`)."""
MOST_TAKEN = 8
"""Tasks that a lane gets at once (`bend.runtime.kernel.gpu_net.exchange`)."""
REGISTERS = 128
"""Registers of a thread at most: twice as many threads run than with those that the assembler would take."""
BARRIER_BYTES = 16
"""Bytes of its memory that a block needs for the barrier of the grid; behind them lie the states of its lanes."""
USUAL_THREADS = 256
"""Threads of a block, where their states have room."""
PAGE_WORDS = 1 << 13


@dataclass(frozen=True, slots=True)
class GpuNetProgram:
    """A compiled book: code without the kernel, tables, and what the host must know to run it. Can be pickled.

    The words of `book`, `names`, `actions`, `places`, `counted` and `by_rule` are those of
    `bend.runtime.cpu.NetProgram`. A task allocates at most `task_cells` unless it expands a definition from the tables.
    """

    code: lir.Module
    book: bytes
    names: tuple[str, ...]
    task_cells: int
    actions: ActionNames
    places: bytes
    counted: int
    by_rule: bool

    def places_by_number(self) -> tuple[net.Place | None, ...]:
        """The places of operations; 0 is the unknown one."""
        return (None, *pickle.loads(self.places))


@dataclass(frozen=True, slots=True)
class Tuning:
    """How lanes work together: they run `least` tasks, and up to `most`, before they look whether others have none;
    after `rounds` such looks in a block, all blocks wait for each other. A magazine has so many cells (fewer in little
    memory), and a block keeps so many of them; a bag has so many `places` for tasks at first."""

    least: int = 4
    most: int = 256
    rounds: int = 4
    magazine: int = 2048
    kept: int = 256
    places: int = 32


@dataclass(frozen=True, slots=True)
class GpuResult:
    """What a run gave, and how: lanes of the device, tasks that they ran, turns that this took, launches, and the
    seconds that the device itself was at work."""

    result: RunResult
    lanes: int
    tasks: int
    turns: int
    launches: int
    device_seconds: float


class DeviceWords:
    """The words of a heap on a device, which come over by the page when they are first looked at. What is changed goes
    back by the page with the next `flush`."""

    def __init__(self, buffer: Buffer, start: int, count: int) -> None:
        """`count` words from a byte of the buffer on."""
        self._buffer = buffer
        self._start = start
        self._count = count
        self._pages: dict[int, array[int]] = {}
        self._changed: set[int] = set()

    def _page(self, page: int) -> array[int]:
        if page not in self._pages:
            size = min(PAGE_WORDS, self._count - page * PAGE_WORDS)
            data = self._buffer.read(self._start + page * PAGE_WORDS * WORD, size * WORD)
            self._pages[page] = array('Q', data)
        return self._pages[page]

    def __getitem__(self, index: int, /) -> int:
        page, word = divmod(index, PAGE_WORDS)
        return self._page(page)[word]

    def __setitem__(self, index: int, port: int, /) -> None:
        page, word = divmod(index, PAGE_WORDS)
        self._page(page)[word] = port
        self._changed.add(page)

    def flush(self) -> None:
        """Writes what was changed, and forgets all, since a launch is about to change it."""
        for page in self._changed:
            self._buffer.write(self._pages[page].tobytes(), self._start + page * PAGE_WORDS * WORD)
        self._changed.clear()
        self._pages.clear()


# ---- memory ----------------------------------------------------------------------------------


def bag_places(tuning: Tuning) -> int:
    """How many tasks the bag of a lane has room for without the heap: those that come from others at least."""
    return max(tuning.places, MOST_TAKEN)


class Layout:
    """Where everything lies in the memory of a run, in bytes from its beginning."""

    def __init__(self, program: GpuNetProgram, module: lir.Module, grid: Grid, tuning: Tuning, *,
                 is_kept: bool = False) -> None:
        """With `is_kept` there is room for what lanes keep between launches."""
        self.is_kept = is_kept
        lanes = grid.blocks * grid.threads
        self.bag_places = bag_places(tuning)
        sizes = {'place': len(Record(module, 'Place').data), 'net': len(Record(module, 'Net').data),
                 'teams': grid.blocks * len(Record(module, 'Team').data),
                 'bags': (lanes * self.bag_places + 1) * PLACE_WORDS * WORD,
                 'slots': lanes * MOST_TAKEN * SLOT_WORDS * WORD,
                 'team_slots': lanes * MOST_TAKEN * SLOT_WORDS * WORD,
                 'saved': is_kept * lanes * len(Record(module, 'Worker').data), 'book': len(program.book),
                 'overflows': program.counted * WORD}
        self.starts: dict[str, int] = {}
        self.heap = 0
        for name, size in sizes.items():
            self.starts[name] = self.heap
            self.heap += -(-size // 128) * 128


def lane_bytes(module: lir.Module) -> int:
    """The bytes from the state of a lane to that of the next one in the memory of a block: an odd number of words, so
    that the same word of neighbours lies in different banks."""
    return (len(Record(module, 'Worker').data) // WORD | 1) * WORD


def grid_with_states(request: Request, device: Device, resident: Callable[[int, int], int], each: int) -> Grid:
    """The grid for a request, with so many bytes for the state of each lane. By default, blocks have as many threads as
    have room there. `resident` gives how many blocks run at the same time, for a number of threads and the bytes of a
    block. Raises GpuFailure."""
    def bytes_of(threads: int) -> int:
        return BARRIER_BYTES + threads * each

    def fitting(threads: int) -> int:
        return resident(threads, bytes_of(threads)) if bytes_of(threads) <= device.shared_memory else 0

    most = min(USUAL_THREADS, device.threads_per_block, (device.shared_memory - BARRIER_BYTES) // each)
    usual = max(WARP, most // WARP * WARP)
    grid = grid_of(replace(request, threads=request.threads or usual), device, fitting, BARRIER_BYTES)
    return replace(grid, shared_memory=bytes_of(grid.threads))


def fitting_grid(program: GpuNetProgram, module: lir.Module, grid: Grid, tuning: Tuning, memory: int) -> Grid:
    """The grid, or one of fewer blocks, so that half of the memory is left for the net."""
    while grid.blocks > 1 and Layout(program, module, grid, tuning).heap * 2 > memory:
        grid = Grid((grid.blocks + 1) // 2, grid.threads, grid.shared_memory)
    return grid


# ---- runs ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LinkedProgram:
    """A program on a GPU, ready to be launched: its code, and what launches use, one after the other."""

    program: GpuNetProgram
    module: lir.Module
    gpu: Gpu
    kernel: Kernel
    grid: Grid
    buffer: Buffer
    tuning: Tuning = Tuning()

    def run(self, entry: str = 'main', arguments: tuple[Image, Sequence[int]] | None = None,
            overflows: Counter[net.Place | None] | None = None, watch: Callable[[int], None] | None = None,
            rest: Callable[[], None] | None = None, perform: Callable[[GpuRun], None] | None = None) -> GpuResult:
        """Runs a definition of the book, `main` unless another is named, to its normal form.

        The definition is applied to `arguments`, ports of an image. What a program counts that was compiled so is added
        to `overflows`, however the run ends unless the GPU fails. `watch` is told how many tasks have been run,
        and `rest` is called when a launch has ended. `perform` is called with the run at rest, and may go on with it.
        Raises OutOfMemory, DivisionByZero, GpuFailure, KeyboardInterrupt.
        """
        run = GpuRun(self, watch, rest, is_kept=perform is not None)
        try:
            run.launch(BOOT, self.program.names.index(entry), run.place(arguments))
            if perform is not None:
                perform(run)
        except GpuFailure:
            overflows = None
            raise
        finally:
            if overflows is not None:
                overflows.update(run.overflows())
        return run.result()


class GpuRun:
    """A run on a GPU: a net that is reduced by launches until it is at rest, and goes on when something was added.

    `words` are those of the heap, for the time between launches. `seconds` is what the `launches` took so far, and
    `device_seconds` what the device itself took of that.
    """

    def __init__(self, linked: LinkedProgram, watch: Callable[[int], None] | None = None,
                 rest: Callable[[], None] | None = None, *, is_kept: bool = False) -> None:
        """With `is_kept` there can be several launches. Raises OutOfMemory, GpuFailure."""
        self.linked = linked
        self.watch = watch
        self.rest = rest
        self.seconds, self.device_seconds = 0.0, 0.0
        self.launches = 0
        program, buffer = linked.program, linked.buffer
        self.layout = layout = Layout(program, linked.module, linked.grid, linked.tuning, is_kept=is_kept)
        self.heap_words = (buffer.size - layout.heap) // WORD
        if self.heap_words < FIRST_CELL:
            raise OutOfMemory(layout.heap + FIRST_CELL * WORD, buffer.size)
        self.words = DeviceWords(buffer, layout.heap, self.heap_words)
        self.state = self._state()
        place = Record(linked.module, 'Place')
        place['launch'] = buffer.address + layout.starts['net']
        for name, content in (('place', bytes(place.data)), ('book', program.book),
                              ('overflows', bytes(program.counted * WORD))):
            if content:
                buffer.write(content, layout.starts[name])
        buffer.write(bytes(FIRST_CELL * WORD), layout.heap)

    def _state(self) -> Record:
        """What all lanes share when the run begins."""
        linked, tuning, layout = self.linked, self.linked.tuning, self.layout
        state = Record(linked.module, 'Net')
        lanes = linked.grid.blocks * linked.grid.threads
        at = {name: linked.buffer.address + start for name, start in layout.starts.items()}
        for name, value in {
                'launch.blocks': linked.grid.blocks, 'launch.threads': linked.grid.threads,
                'heap': linked.buffer.address + layout.heap, 'heap_end': self.heap_words, 'heap_next': FIRST_CELL,
                'bag_places': layout.bag_places, 'least': tuning.least, 'most': tuning.most, 'rounds': tuning.rounds,
                'magazine': max(min(tuning.magazine, self.heap_words // (16 * lanes)), linked.program.task_cells),
                'kept': tuning.kept,
                **{name: at[name] for name in ('book', 'bags', 'teams', 'slots', 'team_slots', 'overflows')},
                'saved': at['saved'] if layout.is_kept else 0}.items():
            state[name] = value
        return state

    def place(self, arguments: tuple[Image, Sequence[int]] | None) -> int:
        """Puts data into the heap; gives the port of a spine of arguments that ends in the root variable, which is the
        root variable itself if there are none. Raises OutOfMemory, GpuFailure."""
        target = ROOT << 24
        if arguments is None:
            return target
        image, ports = arguments
        for argument in reversed(ports):
            target = image.pair(argument, target)
        self.state['heap_next'] = FIRST_WORD
        start = self.take(len(image.words))
        self.linked.buffer.write(image.words.tobytes(), self.layout.heap + start * WORD)
        return target

    def take(self, count: int) -> int:
        """The heap index of so many words (an even number) that were never used. Raises OutOfMemory."""
        start = self.state['heap_next']
        if start + count > self.heap_words:
            raise OutOfMemory(self.layout.heap + (start + count) * WORD, self.linked.buffer.size)
        self.state['heap_next'] = start + count
        return start

    def give(self, cells: Sequence[int]) -> None:
        """Leaves a magazine of free cells to the device (see `bend.runtime.kernel.gpu_net.depot`)."""
        for cell, following in zip(cells, (*cells[1:], 0), strict=True):
            self.words[cell] = following
        others, top = divmod(self.state['depots'], 1 << 64)
        self.words[cells[0] + 1] = len(cells) << DEPOT_BITS | top & (1 << DEPOT_BITS) - 1
        top = ((top >> DEPOT_BITS) + 1) % (1 << 64 - DEPOT_BITS) << DEPOT_BITS | cells[0]
        self.state['depots'] = others << 64 | top

    def launch(self, kind: int, first: int, second: int) -> None:
        """Runs a task of two words, and all that comes of it. Raises as `LinkedProgram.run`."""
        linked, state, start = self.linked, self.state, self.layout.starts['net']
        self.words.flush()
        control = linked.gpu.control()
        state['launch.stop'], state['launch.progress'] = control.stop_address, control.progress_address
        state['first'] = _together((2 << 32 | kind, first, second))
        for name in ('idle', 'offered', 'ran', 'ending', 'came'):
            state[name] = 0
        linked.buffer.write(bytes(state.data), start)
        begin = time.perf_counter()
        try:
            wait_for(linked.kernel.launch(linked.grid, linked.buffer.address + self.layout.starts['place']), control,
                     None, self.watch)
        finally:
            self.seconds += time.perf_counter() - begin
            if self.rest is not None:
                self.rest()
        self.launches += 1
        self.device_seconds += linked.kernel.seconds()
        state.data[:] = linked.buffer.read(start, len(state.data))
        state['is_resumed'] = 1
        if state['stop'] == STOP_MEMORY:
            raise OutOfMemory(self.peak_bytes, linked.buffer.size)
        if state['stop'] == STOP_DIVISION:
            raise DivisionByZero(linked.program.places_by_number()[state['stop_detail']])

    @property
    def peak_bytes(self) -> int:
        """The memory that the run has used."""
        return self.layout.heap + min(self.state['heap_next'], self.heap_words) * WORD

    def overflows(self) -> Counter[net.Place | None]:
        """How often results did not fit, by place; nothing where that is not counted."""
        program = self.linked.program
        if not program.counted:
            return Counter()
        counts = array('Q', self.linked.buffer.read(self.layout.starts['overflows'], program.counted * WORD))
        places = program.places_by_number() if any(counts) else ()
        return Counter({place: count for place, count in zip(places, counts, strict=False) if count})

    def result(self) -> GpuResult:
        """What the run has given and cost."""
        program, grid, state = self.linked.program, self.linked.grid, self.state
        counts = _apart(state['totals'], len(COUNTERS) + 1)
        by_rule: Mapping[str, int] = dict(zip(COUNTERS, counts, strict=False)) if program.by_rule else {}
        tree = read_tree(self.words, self.words[ROOT], program.names)
        result = RunResult(net.Net(tree), sum(counts), self.seconds, self.peak_bytes, by_rule)
        return GpuResult(result, grid.blocks * grid.threads, state['tasks'], state['turns'],
                         self.launches, self.device_seconds)


def link_program(program: GpuNetProgram, module: lir.Module, gpu: Gpu, cache: Cache, request: Request | None = None,
                 tuning: Tuning | None = None) -> LinkedProgram:
    """Compiles a program for a GPU and chooses what its launches use. `module` is all code of the program
    (`bend.codegen.gpu_nets.gpu_net_module`). Raises GpuFailure, and ValidationError for what cannot run on a GPU."""
    request, tuning = request or Request(), tuning or Tuning()
    kernel = gpu.kernel(module, ENTRY, cache, REGISTERS)
    memory = memory_of(request, gpu.free_memory())
    grid = grid_with_states(request, gpu.device, kernel.resident_blocks, lane_bytes(module))
    return LinkedProgram(program, module, gpu, kernel, fitting_grid(program, module, grid, tuning, memory),
                         gpu.buffer(memory), tuning)


def _together(words: Sequence[int]) -> int:
    """Words one after the other in memory as one number."""
    return sum(word << 64 * index for index, word in enumerate(words))


def _apart(number: int, count: int) -> list[int]:
    """The words of such a number."""
    return [number >> 64 * index & (1 << 64) - 1 for index in range(count)]
