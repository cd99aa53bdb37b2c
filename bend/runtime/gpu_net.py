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
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bend.hvm import net
from bend.hvm.actions import ActionNames
from bend.hvm.numbers import DivisionByZero
from bend.runtime.cache import Cache
from bend.runtime.cpu import COUNTERS, RunResult, read_tree
from bend.runtime.gpu import Buffer, Gpu, Grid, Kernel, Request, grid_of, memory_of, wait_for
from bend.runtime.gpu_record import Record
from bend.runtime.image import FIRST_WORD, Image
from bend.runtime.region import WORD, OutOfMemory

if TYPE_CHECKING:
    from bend.codegen import lir

ENTRY = 'reduce_net'
STOP_MEMORY, STOP_DIVISION = 1, 3
BOOT = 1
ROOT = 2
"""The heap index of the root variable; index 0 is no cell."""
FIRST_CELL = 8
SLOT_WORDS = 10
SMALLEST_BAG = 512
SHARED_MEMORY = 16
"""Bytes that a block needs for the barrier of the grid."""
PAGE_WORDS = 1 << 13


@dataclass(frozen=True, slots=True)
class GpuNetProgram:
    """A compiled book: code without the kernel, tables, and what the host must know to run it. Can be pickled.

    The words of `book`, `names`, `actions`, `places`, `counted` and `by_rule` are those of
    `bend.runtime.cpu.NetProgram`. A task allocates at most `task_cells` unless it expands a definition from the tables,
    and pushes at most `task_words` in any case.
    """

    code: lir.Module
    book: bytes
    names: tuple[str, ...]
    task_cells: int
    task_words: int
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
    after `rounds` such looks in a block, all blocks wait for each other. A magazine has so many cells at least, and a
    block keeps so many of them; a bag has so many words at least."""

    least: int = 16
    most: int = 1024
    rounds: int = 8
    magazine: int = 64
    kept: int = 64
    bag_words: int = SMALLEST_BAG


@dataclass(frozen=True, slots=True)
class GpuResult:
    """What a run gave, and how: lanes of the device, tasks that they ran, and turns that this took."""

    result: RunResult
    lanes: int
    tasks: int
    turns: int


class DeviceWords:
    """The words of a heap on a device, which come over by the page when they are first looked at."""

    def __init__(self, buffer: Buffer, start: int, count: int) -> None:
        """`count` words from a byte of the buffer on."""
        self._buffer = buffer
        self._start = start
        self._count = count
        self._pages: dict[int, array[int]] = {}

    def __getitem__(self, index: int, /) -> int:
        page, word = divmod(index, PAGE_WORDS)
        if page not in self._pages:
            size = min(PAGE_WORDS, self._count - page * PAGE_WORDS)
            data = self._buffer.read(self._start + page * PAGE_WORDS * WORD, size * WORD)
            self._pages[page] = array('Q', data)
        return self._pages[page][word]


# ---- memory ----------------------------------------------------------------------------------


class Layout:
    """Where everything lies in the memory of a run, in bytes from its beginning."""

    def __init__(self, program: GpuNetProgram, module: lir.Module, grid: Grid, tuning: Tuning) -> None:
        lanes = grid.blocks * grid.threads
        self.bag_words = max(tuning.bag_words, 2 * program.task_words + 4 * SLOT_WORDS)
        sizes = {'place': len(Record(module, 'Place').data), 'net': len(Record(module, 'Net').data),
                 'teams': grid.blocks * len(Record(module, 'Team').data),
                 'bags': lanes * self.bag_words * WORD,
                 'slots': lanes * SLOT_WORDS * WORD, 'team_slots': lanes * SLOT_WORDS * WORD,
                 'book': len(program.book), 'overflows': program.counted * WORD}
        self.starts: dict[str, int] = {}
        self.heap = 0
        for name, size in sizes.items():
            self.starts[name] = self.heap
            self.heap += -(-size // 128) * 128


def fitting_grid(program: GpuNetProgram, module: lir.Module, grid: Grid, tuning: Tuning, memory: int) -> Grid:
    """The grid, or one of fewer blocks, so that half of the memory is left for the net."""
    while grid.blocks > 1 and Layout(program, module, grid, tuning).heap * 2 > memory:
        grid = Grid((grid.blocks + 1) // 2, grid.threads, grid.shared_memory)
    return grid


def place_arguments(arguments: tuple[Image, Sequence[int]] | None) -> tuple[bytes, int, int]:
    """Data that lies in the heap from the start, the index of the first cell behind it, and the port that the entry
    is joined with: a spine of arguments that ends in the root variable, or that variable itself."""
    target = ROOT << 24
    if arguments is None:
        return b'', FIRST_CELL, target
    image, ports = arguments
    for argument in reversed(ports):
        target = image.pair(argument, target)
    return image.words.tobytes(), FIRST_WORD + len(image.words), target


# ---- runs ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LinkedProgram:
    """A program on a GPU, ready to be launched: its code, and what a launch uses (`memory` in bytes)."""

    program: GpuNetProgram
    module: lir.Module
    gpu: Gpu
    kernel: Kernel
    grid: Grid
    memory: int
    tuning: Tuning = Tuning()

    def run(self, entry: str = 'main', arguments: tuple[Image, Sequence[int]] | None = None,
            overflows: Counter[net.Place | None] | None = None,
            watch: Callable[[int], None] | None = None) -> GpuResult:
        """Runs a definition of the book, `main` unless another is named, to its normal form. Actions are not performed.

        The definition is applied to `arguments`, ports of an image. What a program counts that was compiled so is added
        to `overflows`, however the run ends. `watch` is told how many tasks have been run. Raises OutOfMemory,
        DivisionByZero, GpuFailure, KeyboardInterrupt.
        """
        program, grid = self.program, self.grid
        layout = Layout(program, self.module, grid, self.tuning)
        heap_words = (self.memory - layout.heap) // WORD
        data, first_cell, target = place_arguments(arguments)
        if heap_words < first_cell:
            raise OutOfMemory(layout.heap + first_cell * WORD, self.memory)
        buffer, control = self.gpu.buffer(self.memory), self.gpu.control()
        state = self._state(layout, buffer.address, heap_words)
        state['launch.stop'], state['launch.progress'] = control.stop_address, control.progress_address
        state['heap_next'] = first_cell
        state['first'] = _together((2 << 32 | BOOT, program.names.index(entry), target))
        place = Record(self.module, 'Place')
        place['launch'] = buffer.address + layout.starts['net']
        for start, content in ((layout.starts['place'], bytes(place.data)), (layout.starts['net'], bytes(state.data)),
                               (layout.starts['book'], program.book), (layout.heap, bytes(FIRST_CELL * WORD)),
                               (layout.starts['overflows'], bytes(program.counted * WORD)),
                               (layout.heap + FIRST_WORD * WORD, data)):
            if content:
                buffer.write(content, start)
        begin = time.perf_counter()
        wait_for(self.kernel.launch(grid, buffer.address + layout.starts['place']), control, None, watch)
        seconds = time.perf_counter() - begin
        state.data[:] = buffer.read(layout.starts['net'], len(state.data))
        if overflows is not None and program.counted:
            overflows.update(_overflows(program, buffer.read(layout.starts['overflows'], program.counted * WORD)))
        peak = layout.heap + min(state['heap_next'], heap_words) * WORD
        _check_stop(program, state, peak, self.memory)
        words = DeviceWords(buffer, layout.heap, heap_words)
        counts = _apart(state['totals'], len(COUNTERS) + 1)
        by_rule: Mapping[str, int] = dict(zip(COUNTERS, counts, strict=False)) if program.by_rule else {}
        result = RunResult(net.Net(read_tree(words, words[ROOT], program.names)), sum(counts), seconds, peak, by_rule)
        return GpuResult(result, grid.blocks * grid.threads, state['tasks'], state['turns'])

    def _state(self, layout: Layout, base: int, heap_words: int) -> Record:
        """What all lanes share, but for what differs from run to run."""
        state = Record(self.module, 'Net')
        at = {name: base + start for name, start in layout.starts.items()}
        tuning = self.tuning
        for name, value in {
                'launch.blocks': self.grid.blocks, 'launch.threads': self.grid.threads, 'heap': base + layout.heap,
                'heap_end': heap_words, 'bag_words': layout.bag_words, 'least': tuning.least, 'most': tuning.most,
                'rounds': tuning.rounds, 'magazine': max(tuning.magazine, self.program.task_cells),
                'kept': tuning.kept, **{name: at[name] for name in ('book', 'bags', 'teams', 'slots', 'team_slots',
                                                                    'overflows')}}.items():
            state[name] = value
        return state


def link_program(program: GpuNetProgram, module: lir.Module, gpu: Gpu, cache: Cache, request: Request | None = None,
                 tuning: Tuning | None = None) -> LinkedProgram:
    """Compiles a program for a GPU and chooses what its launches use. `module` is all code of the program
    (`bend.codegen.gpu_nets.gpu_net_module`). Raises GpuFailure, and ValidationError for what cannot run on a GPU."""
    request, tuning = request or Request(), tuning or Tuning()
    kernel = gpu.kernel(module, ENTRY, cache)
    memory = memory_of(request, gpu.free_memory())
    grid = grid_of(request, gpu.device, lambda threads: kernel.resident_blocks(threads, SHARED_MEMORY), SHARED_MEMORY)
    return LinkedProgram(program, module, gpu, kernel, fitting_grid(program, module, grid, tuning, memory), memory,
                         tuning)


def _together(words: Sequence[int]) -> int:
    """Words one after the other in memory as one number."""
    return sum(word << 64 * index for index, word in enumerate(words))


def _apart(number: int, count: int) -> list[int]:
    """The words of such a number."""
    return [number >> 64 * index & (1 << 64) - 1 for index in range(count)]


def _overflows(program: GpuNetProgram, data: bytes) -> Counter[net.Place | None]:
    """How often results did not fit, by place."""
    counts = array('Q', data)
    places = program.places_by_number() if any(counts) else ()
    return Counter({place: count for place, count in zip(places, counts, strict=False) if count})


def _check_stop(program: GpuNetProgram, state: Record, peak: int, limit: int) -> None:
    """Raises what the stop word says."""
    if state['stop'] == STOP_MEMORY:
        raise OutOfMemory(peak, limit)
    if state['stop'] == STOP_DIVISION:
        raise DivisionByZero(program.places_by_number()[state['stop_detail']])
