"""Runs of programs on a GPU: what `host` does for the emulated device, with the memory of a GPU.

Values stay on the device. The host reads and writes its words by the page, and forgets them when lanes run.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import overload

from bend.records import dataclass, replace
from bend.runtime.cache import Cache
from bend.runtime.direct.host import BUDGET_SECONDS, BudgetExceeded, WorkerCount
from bend.runtime.gpu import Buffer, Gpu, Grid, Kernel, Request, TookTooLong, grid_of, memory_of, wait_for
from bend.runtime.progress import Progress, Watcher
from bend.runtime.region import WORD, OutOfMemory
from bend.runtime.waves.host import STOP_INTERRUPTED, Device, WavesRun
from bend.runtime.waves.program import WavesProgram

PAGE = 8192
"""Words that are copied together."""
BLOCKS_PER_MULTIPROCESSOR = 2
LARGEST_CAPACITY = 1 << 22
CAPACITY_PART = 1 / 16
LEAST_PART = 7 / 8
"""A power of two of blocks is used if it is at least such a part of those that fit: most programs fork in two, and
their calls are shared out evenly then."""
BLOCK_CAPACITY = 1 << 10
"""Frames that can be ready in a block: their list is in its shared memory."""
FIRST_CHUNK = 1 << 10
"""Bytes of memory that a lane takes at first, since all of them ask for some at the same time. What all take together
should stay in the cache of the device."""
LEAST_CHUNKS = 16
"""If there is memory for so many of each lane; otherwise it is little."""
MOST_ALONE = 64
"""With no more ready frames than this (and than it has lanes) one block runs them alone: its barriers are cheap."""
_ZERO_AT_FIRST = ('shared', 'constants', 'settled', 'new constants', 'overflows')
_NOT_NEEDED = ('native', 'blocks', 'stacks')
"""What only the emulated device has in memory of the host."""


class DeviceWords:
    """The words of a buffer, as those of an array in memory. What is written reaches the device with `flush`."""

    def __init__(self, buffer: Buffer) -> None:
        self._buffer = buffer
        self._pages: dict[int, array[int]] = {}
        self._changed: set[int] = set()

    def _page(self, number: int) -> array[int]:
        if number not in self._pages:
            offset = number * PAGE * WORD
            size = min(PAGE * WORD, self._buffer.size - offset)
            self._pages[number] = array('Q', self._buffer.read(offset, size))
        return self._pages[number]

    @overload
    def __getitem__(self, place: int) -> int: ...

    @overload
    def __getitem__(self, place: slice) -> list[int]: ...

    def __getitem__(self, place: int | slice) -> int | list[int]:
        if isinstance(place, slice):
            return [self[index] for index in range(*place.indices(self._buffer.size // WORD))]
        return self._page(place // PAGE)[place % PAGE]

    def __setitem__(self, place: int, value: int) -> None:
        self._page(place // PAGE)[place % PAGE] = value
        self._changed.add(place // PAGE)

    def clear(self) -> None:
        """Makes all words 0."""
        for number in range(-(-self._buffer.size // (PAGE * WORD))):
            words = min(PAGE, self._buffer.size // WORD - number * PAGE)
            self._pages[number] = array('Q', bytes(words * WORD))
            self._changed.add(number)

    def flush(self) -> None:
        """Writes to the device what was changed."""
        for number in self._changed:
            self._buffer.write(self._pages[number].tobytes(), number * PAGE * WORD)
        self._changed.clear()

    def forget(self) -> None:
        """What was read may have changed on the device."""
        self._pages.clear()


@dataclass(frozen=True, slots=True)
class DeviceRegion:
    """A stretch of the device's memory."""

    address: int
    words: DeviceWords
    buffer: Buffer


class GpuRun(WavesRun):
    """A program on a GPU. `device_seconds` is what the device itself took of the `seconds` of the `launches` so far."""

    regions: dict[str, DeviceRegion]  # type: ignore[assignment]

    def __init__(self, program: WavesProgram, gpu: Gpu, kernel: Kernel, device: Device) -> None:
        """Takes the memory. Raises GpuFailure."""
        self.gpu = gpu
        self.kernel = kernel
        worker = program.program.layouts['Worker']
        self.watcher: Watcher | None = None
        self.device_seconds = 0.0
        self.launches = 0
        self._changes: dict[int, int] = {}
        self._is_first = True
        self._leaves = program.program.actions is not None
        self._start_words = program.program.layouts['Start']['']
        self._start_buffer = gpu.buffer((self._start_words + 2 * worker['']) * WORD)
        super().__init__(program, None, device)

    def warm_up(self) -> None:
        """Has lanes begin and end. The driver loads code and takes memory for stacks at the first launch, which is
        not what a program costs. Raises GpuFailure and KeyboardInterrupt."""
        self._launch(None)
        self.device_seconds, self.launches = 0.0, 0

    def close(self) -> None:
        """Gives the memory back."""
        for region in self.regions.values():
            region.buffer.close()
        self.regions.clear()
        self._start_buffer.close()

    def _reserve(self, name: str, byte_count: int) -> None:
        if name in _NOT_NEEDED:
            return
        buffer = self.gpu.buffer(byte_count)
        region = self.regions[name] = DeviceRegion(buffer.address, DeviceWords(buffer), buffer)
        if name in _ZERO_AT_FIRST:
            region.words.clear()

    def _start_lanes(self, fields: Mapping[str, int]) -> None:
        """Lanes are filled in on the device, where they find out who they are."""
        layout = self.program.layouts['Worker']
        self._changes.update({layout[name]: value for name, value in fields.items()})

    def _start(self) -> None:
        self._launch(BUDGET_SECONDS if self.program.budgeted else None)

    def _launch(self, budget: float | None) -> None:
        """Runs all lanes until nothing is left to do, for so many seconds at most."""
        for region in self.regions.values():
            region.words.flush()
        self._write_start()
        try:
            grid = Grid(self.device.blocks, self.device.threads, self.block_bytes)
            watch = None if self.watcher is None else self._tell
            wait_for(self.kernel.launch(grid, self._start_buffer.address), self, budget, watch)
            self.launches += 1
            self.device_seconds += self.kernel.seconds()
        except TookTooLong:
            raise BudgetExceeded from None
        finally:
            if self.watcher is not None:
                self.watcher.hide()
            for region in self.regions.values():
                region.words.forget()

    def _write_start(self) -> None:
        """Tells lanes what they need."""
        layout = self.program.layouts['Start']
        words = [0] * self._start_words
        for name, value in {
            'shared': self.regions['shared'].address, 'change_count': len(self._changes),
            'changes': self._start_buffer.address + self._start_words * WORD, 'is_first': int(self._is_first),
            'leaves': int(self._leaves),
        }.items():
            words[layout[name]] = value
        pairs = [word for change in self._changes.items() for word in change]
        self._start_buffer.write(array('Q', words + pairs).tobytes())
        if self._leaves:
            self._changes, self._is_first = {}, False

    def stop(self) -> None:
        """Asks lanes to end while they run."""
        place = self.program.layouts['Shared']['stop'] * WORD
        self.regions['shared'].buffer.write_beside(STOP_INTERRUPTED.to_bytes(WORD, sys.byteorder), place)

    def progress(self) -> int:
        """Runs have no measure of how far they are."""
        return 0

    def _tell(self, _: int) -> None:
        """Tells the watcher how a launch gets on: what lanes write anyway, read beside them."""
        layout, buffer = self.program.layouts['Shared'], self.regions['shared'].buffer
        shared = array('Q', buffer.read_beside(0, layout[''] * WORD))
        used = min(shared[layout['heap_next']] - self.base, self.device.heap_bytes)
        idle = min(shared[layout['idle'] + shared[layout['wave']] % 3], self.device.blocks)
        assert self.watcher is not None
        self.watcher.update(Progress(None, used, (self.device.blocks - idle) * self.device.threads, self.device.lanes))

    def stopped_stack(self) -> None:
        """As that of a run on the CPU: lanes have no stack that tells where they are."""

    @property
    def stop_detail(self) -> int:
        """What the lane that stopped the run said besides the reason."""
        return self._shared('stop_detail')

    @property
    def waves(self) -> tuple[int, int]:
        """As that of a run on the CPU; the words of all lanes for a field stand together."""
        layout, words = self.program.layouts['Worker'], self.regions['lanes'].words
        return words[layout['wave'] * self.device.lanes], words[layout['round'] * self.device.lanes]

    def workers(self) -> tuple[WorkerCount, ...]:
        """As that of a run on the CPU: what lanes do is not counted."""
        return ()


def gpu_grid(program: WavesProgram, gpu: Gpu, kernel: Kernel, request: Request) -> Device:
    """How a program uses a GPU: as many lanes as suit it, and its memory shared out. Raises GpuFailure."""
    layouts = program.program.layouts
    shared_memory = (layouts['Block'][''] + 2 * BLOCK_CAPACITY) * WORD

    def resident(threads: int) -> int:
        return kernel.resident_blocks(threads, shared_memory)

    most = sys.maxsize if request.blocks is not None else BLOCKS_PER_MULTIPROCESSOR * gpu.device.multiprocessors
    grid = grid_of(request, gpu.device, lambda threads: min(most, resident(threads)), shared_memory)
    if request.blocks is None:
        grid = replace(grid, blocks=even_blocks(grid.blocks))
    memory = memory_of(request, gpu.free_memory())
    lanes = grid.blocks * grid.threads
    capacity = min(LARGEST_CAPACITY, int(memory * CAPACITY_PART) // (2 * WORD))
    rest = memory - lanes * layouts['Worker'][''] * WORD - 2 * capacity * WORD
    if capacity < lanes or rest < program.frame_words * WORD:
        raise OutOfMemory(memory, memory)
    chunk = FIRST_CHUNK if rest >= LEAST_CHUNKS * lanes * FIRST_CHUNK else Device().first_chunk
    return replace(Device(), blocks=grid.blocks, threads=grid.threads, heap_bytes=rest // WORD * WORD,
                   first_chunk=chunk, capacity=capacity, block_capacity=BLOCK_CAPACITY,
                   alone_below=min(MOST_ALONE, grid.threads), step_below=grid.blocks, rounds_below=grid.threads)


def even_blocks(blocks: int) -> int:
    """How many of the blocks that fit are used."""
    power = 1 << (blocks.bit_length() - 1)
    return power if power >= blocks * LEAST_PART else blocks


@contextmanager
def open_gpu_run(program: WavesProgram, gpu: Gpu, request: Request, cache: Cache) -> Iterator[GpuRun]:
    """Memory of a GPU for runs of a program whose object code is PTX, which is linked unless the cache has that. It
    is there until the `with` ends. Raises GpuUnavailable, GpuFailure and OutOfMemory."""
    kernel = gpu.link(program.program.object_code.decode(), cache)
    run = GpuRun(program, gpu, kernel, gpu_grid(program, gpu, kernel, request))
    try:
        run.warm_up()
        yield run
    finally:
        run.close()
