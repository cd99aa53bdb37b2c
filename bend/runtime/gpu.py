"""Runs compiled kernels on an NVIDIA GPU: memory, linking and launches.

numba.cuda makes the kernel that is launched, and links the PTX that it calls (`bend.codegen.gpu_entry`); everything
else on the device is ours. What is linked is kept in the cache, and only where it is not there is numba imported. All
else is asked of the driver (`bend.runtime.gpu_driver`). A launch is cooperative: all blocks run at the same
time, or it fails. While it runs, the host can ask it to stop, and see how it gets on, by two words of its own memory.
"""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from bend.records import dataclass
from bend.runtime.cache import Cache, key_of
from bend.runtime.gpu_device import INSTALL_PACKAGES, RUN_ON_CPU, Device, GpuUnavailable, load_driver
from bend.runtime.gpu_driver import Context, Event, Function, MappedWords, Memory, Stream
from bend.runtime.ptx import architecture, compile_ptx, compiler_key

if TYPE_CHECKING:
    from bend.codegen.lir import Module

WARP = 32
DEFAULT_THREADS = 256
# What a block has without asking for more.
SHARED_WITHOUT_ASKING = 48 << 10
# The part of the free memory that a run may use if it is not told.
MEMORY_PART = 0.8
# How long the end of a launch is awaited after it was asked to stop.
GRACE_SECONDS = 10.0
LONGEST_NAP = 0.001


class GpuFailure(Exception):
    """Something went wrong on the GPU; `hint` says what may help."""

    def __init__(self, message: str, hint: str = '') -> None:
        self.message = message
        self.hint = hint
        super().__init__(message)


class OutOfGpuMemory(GpuFailure):
    """The GPU has less memory than is asked for."""


class TookTooLong(GpuFailure):
    """A kernel did not end in the time that it was given, and was stopped."""


FAULT = 'This is a fault of the compiler, not of the program. Please report it, with the program.'
FAILURES: dict[int, tuple[str, str]] = {
    46: ('another program has the GPU for itself', RUN_ON_CPU),
    209: ('the driver has no code for this GPU', 'Update the driver.'),
    218: ('the driver does not understand the compiled program', 'Update the driver.'),
    222: ('the driver is older than the compiled program', 'Update the driver.'),
    700: ('the program accessed memory that is not there', FAULT),
    701: ('the kernel needs more registers than there are', 'Choose fewer with `--threads-per-block N`.'),
    702: ('the system ended the kernel, which took too long', 'Use a GPU that shows no screen.'),
    714: ('the hardware reports a fault of the stack', FAULT),
    715: ('the program trapped', FAULT),
    716: ('the program accessed memory at an odd address', FAULT),
    717: ('the program accessed memory of the wrong kind', FAULT),
    719: ('the kernel failed', FAULT),
    720: ('there are too many blocks to run at the same time', 'Choose fewer with `--blocks N`.'),
}


def failure_of(problem: Exception) -> GpuFailure:
    """What an exception of numba or of the driver means to a user."""
    if isinstance(problem, GpuFailure):
        return problem
    code = int(getattr(problem, 'code', None) or 0)
    if code == 2:
        return OutOfGpuMemory('The GPU ran out of memory.', 'Allow less with `--memory SIZE`, or end other programs.')
    text = ' '.join(str(problem).split())
    if code in FAILURES:
        what, hint = FAILURES[code]
        return GpuFailure(f'The GPU failed: {what} (CUDA error {code}).', hint)
    return GpuFailure(f'The GPU failed: {type(problem).__name__}: {text}', RUN_ON_CPU)


def load_numba() -> Any:
    """The module numba.cuda. Raises GpuUnavailable."""
    try:
        import numpy
    except ImportError as problem:
        raise GpuUnavailable(f'numba.cuda needs numpy: {problem}.', INSTALL_PACKAGES) from problem
    if not hasattr(numpy, 'row_stack'):
        # numpy 2.5 took it away; numba-cuda 0.30 and earlier still ask for it when they are imported.
        numpy.row_stack = numpy.vstack
    try:
        from numba import cuda
    except Exception as problem:
        # Besides ImportError: numba refuses some releases of numpy with exceptions of other kinds.
        text = ' '.join(str(problem).split())
        raise GpuUnavailable(f'numba.cuda cannot be imported: {type(problem).__name__}: {text}',
                             INSTALL_PACKAGES) from problem
    return cuda


def gpu_ptx(module: Module, function: str, capability: tuple[int, int], cache: Cache) -> str:
    """The PTX of a function of a module for devices of a compute capability, from the cache if it is there. Raises
    ValidationError and TooOld."""
    from bend.codegen.gpu_entry import gpu_program
    program = gpu_program(module, function)
    key = key_of('ptx', compiler_key(), repr(architecture(capability)), program)
    known = cache.get(key)
    if known is not None:
        return known.decode()
    text = compile_ptx(program, capability)
    cache.put(key, text.encode())
    return text


@dataclass(frozen=True, slots=True)
class Request:
    """What the user wants a launch to use; None is as suits it."""

    memory: int | None = None
    blocks: int | None = None
    threads: int | None = None


@dataclass(frozen=True, slots=True)
class Grid:
    """How many blocks of how many threads, and the bytes of memory that each block shares."""

    blocks: int
    threads: int
    shared_memory: int


def memory_of(request: Request, free: int) -> int:
    """The bytes of device memory that a run may use, of what is free. Raises OutOfGpuMemory."""
    if request.memory is None:
        return int(free * MEMORY_PART)
    if request.memory > free:
        raise OutOfGpuMemory(f'The GPU has {free >> 20} MB of free memory, not {request.memory >> 20} MB.',
                             'Allow less with `--memory SIZE`, or end other programs on the GPU.')
    return request.memory


def grid_of(request: Request, device: Device, resident: Callable[[int], int], shared_memory: int) -> Grid:
    """The grid for a request: by default all blocks that can run at the same time.

    `resident` gives their number for a number of threads. Raises GpuFailure for what the device does not have.
    """
    threads = min(DEFAULT_THREADS, device.threads_per_block) if request.threads is None else request.threads
    if not WARP <= threads <= device.threads_per_block or threads % WARP:
        raise GpuFailure(f'{device.name} does not run blocks of {threads} threads.',
                         f'`--threads-per-block` takes multiples of {WARP} up to {device.threads_per_block}.')
    if shared_memory > device.shared_memory:
        raise GpuFailure(f'{device.name} has {device.shared_memory} bytes of shared memory for a block, and '
                         f'{shared_memory} are needed.', RUN_ON_CPU)
    most = resident(threads)
    if most < 1:
        fitting = next((fewer for fewer in range(threads - WARP, 0, -WARP) if resident(fewer) > 0), 0)
        raise GpuFailure(f'{device.name} cannot run a block of {threads} threads of this program, which needs too many '
                         'registers or too much memory for that.',
                         f'`--threads-per-block` takes up to {fitting} here.' if fitting else RUN_ON_CPU)
    blocks = most if request.blocks is None else request.blocks
    if not 1 <= blocks <= most:
        raise GpuFailure(f'{device.name} cannot run {blocks} blocks of {threads} threads at the same time.',
                         f'`--blocks` takes 1 to {most}.')
    return Grid(blocks, threads, shared_memory)


class Buffer:
    """Memory of the device. What is written or read beside a kernel goes through a stream that is made before, since to
    make one may wait for the kernel."""

    def __init__(self, context: Context, size: int, beside: Stream) -> None:
        self._memory = Memory(context, size)
        self._beside = beside
        self.size = size
        self.address = self._memory.address

    def write(self, data: bytes, offset: int = 0) -> None:
        """Copies bytes to the device. Raises GpuFailure."""
        with _failures():
            self._memory.write(data, offset)

    def write_beside(self, data: bytes, offset: int) -> None:
        """Copies bytes to the device while a kernel runs. Raises GpuFailure."""
        with _failures():
            self._memory.write_beside(data, offset, self._beside)

    def read_beside(self, offset: int, size: int) -> bytes:
        """Copies bytes from the device while a kernel runs. Raises GpuFailure."""
        with _failures():
            return self._memory.read_beside(offset, size, self._beside)

    def read(self, offset: int, size: int) -> bytes:
        """Copies bytes from the device. Raises GpuFailure."""
        with _failures():
            return self._memory.read(offset, size)

    def close(self) -> None:
        """Gives the memory back."""
        self._memory.close()


class Stoppable(Protocol):
    """A launch that can be asked to end, and asked how far it is."""

    def stop(self) -> None:
        """Asks the launch to end."""

    def progress(self) -> int:
        """How far the launch is, in its own measure."""


class Control:
    """Two words of the host's memory that the device reaches as well: whether to stop, and how far it is."""

    def __init__(self, context: Context) -> None:
        self._mapped = MappedWords(context, 2)
        self.stop_address, self.progress_address = self._mapped.address, self._mapped.address + 8

    def stop(self) -> None:
        """Asks the launch to end."""
        self._mapped.words[0] = 1

    def progress(self) -> int:
        """How far the launch is, in its own measure."""
        return self._mapped.words[1]


class Kernel:
    """A linked kernel."""

    def __init__(self, context: Context, function: Function, device: Device) -> None:
        self._function = function
        self._device = device
        self._stream = Stream(context)
        self._began, self._ended = Event(context), Event(context)

    def resident_blocks(self, threads: int, shared_memory: int) -> int:
        """How many blocks can run at the same time. Raises GpuFailure."""
        with _failures():
            if shared_memory > SHARED_WITHOUT_ASKING:
                self._function.allow_shared_memory(shared_memory)
            return self._function.resident_blocks(threads, shared_memory) * self._device.multiprocessors

    def attributes(self) -> dict[str, int]:
        """The `registers` of a thread, and the bytes of its memory, `local`. Raises GpuFailure."""
        with _failures():
            return self._function.attributes()

    def launch(self, grid: Grid, address: int) -> Callable[[], bool]:
        """Starts the kernel on the address of a record; gives what tells whether it has ended, or raises what went
        wrong on the device. Raises GpuFailure."""
        with _failures():
            self._began.record(self._stream)
            self._function.launch(grid.blocks, grid.threads, grid.shared_memory, self._stream, address)
            self._ended.record(self._stream)
        return self._ended.is_over

    def seconds(self) -> float:
        """How long the device took for the last launch, which has ended. Raises GpuFailure."""
        with _failures():
            return self._ended.seconds_since(self._began)


class Gpu:
    """A GPU that is ready for use."""

    def __init__(self, device: Device) -> None:
        """Makes the device ready. Raises GpuUnavailable and GpuFailure."""
        self.device = device
        library = load_driver()
        with _failures():
            self._context = Context(library, device.number)
            self._beside = Stream(self._context)

    def free_memory(self) -> int:
        """The bytes of device memory that nobody uses."""
        with _failures():
            return self._context.free_memory()

    def buffer(self, size: int) -> Buffer:
        """Memory of the device. Raises OutOfGpuMemory."""
        with _failures():
            return Buffer(self._context, size, self._beside)

    def control(self) -> Control:
        """Words that host and device share. Raises GpuFailure."""
        with _failures():
            return Control(self._context)

    def kernel(self, module: Module, function: str, cache: Cache, registers: int | None = None) -> Kernel:
        """Compiles and links a function of a module, that takes the address of a record. Raises as `link`, and
        ValidationError for what cannot run on a GPU."""
        return self.link(gpu_ptx(module, function, self.device.capability, cache), cache, registers)

    def link(self, text: str, cache: Cache, registers: int | None = None) -> Kernel:
        """Links PTX (of `gpu_ptx`), or takes what was linked from the cache. A thread has as many registers as it
        needs, or at most so many. Raises GpuUnavailable and GpuFailure."""
        with _failures():
            key = key_of('image', text, repr(self.device.capability), str(self._context.driver_version()),
                         str(registers), *_linker_versions())
        known = cache.get(key)
        if known is not None:
            # What is in the cache need not be good for ever; it can be made again.
            with contextlib.suppress(GpuFailure):
                return self._loaded(known)
        image = link_image(text, self.device, registers)
        kernel = self._loaded(image)
        cache.put(key, image)
        return kernel

    def _loaded(self, image: bytes) -> Kernel:
        """A kernel from what `link_image` gives. Raises GpuFailure."""
        name, _, code = image.partition(b'\0')
        with _failures():
            return Kernel(self._context, Function(self._context, code, name.decode()), self.device)


def _linker_versions() -> Iterator[str]:
    """What links, as far as it is known without importing it."""
    for name in ('numba', 'numba-cuda'):
        with contextlib.suppress(metadata.PackageNotFoundError):
            yield f'{name} {metadata.version(name)}'


def link_image(text: str, device: Device, registers: int | None = None) -> bytes:
    """What a device loads: the name of the kernel that calls what is in PTX (of `gpu_ptx`), a byte 0, and its code,
    which uses at most so many registers. Raises GpuUnavailable and GpuFailure."""
    from bend.codegen.gpu_entry import ENTRY
    cuda = load_numba()
    with _failures(), tempfile.TemporaryDirectory(prefix='bend-') as folder:
        path = Path(folder, 'kernel.ptx')
        path.write_text(text, encoding='ascii')
        cuda.select_device(device.number)
        entry = cuda.declare_device(ENTRY, 'uint32(uint64)')

        def bend_kernel(address: Any) -> None:
            entry(address)

        limits = {} if registers is None else {'max_registers': registers}
        dispatcher = cuda.jit('void(uint64)', link=[str(path)], **limits)(bend_kernel)
        library = next(iter(dispatcher.overloads.values()))._codelibrary
        code = library.get_cubin()
        # Older releases of numba-cuda give the bytes themselves.
        return b'\0'.join((library._entry_name.encode(), bytes(getattr(code, 'code', code))))


def wait_for(ended: Callable[[], bool], control: Stoppable, seconds: float | None = None,
             watch: Callable[[int], None] | None = None) -> None:
    """Waits for the end of a launch, and tells `watch` how it gets on.

    Raises GpuFailure when something went wrong or the time is over; KeyboardInterrupt, when the launch has ended.
    """
    begin = time.monotonic()
    try:
        while not _ask(ended):
            spent = time.monotonic() - begin
            if seconds is not None and spent > seconds:
                _stop(ended, control)
                raise TookTooLong(f'The kernel took longer than {seconds:g} s, and was stopped.')
            if watch is not None:
                watch(control.progress())
            # Short kernels are waited for closely, and long ones at leisure.
            time.sleep(min(spent / 8, LONGEST_NAP))
    except KeyboardInterrupt:
        _stop(ended, control)
        raise


def _stop(ended: Callable[[], bool], control: Stoppable) -> None:
    control.stop()
    deadline = time.monotonic() + GRACE_SECONDS
    while not _ask(ended):
        if time.monotonic() > deadline:
            raise GpuFailure('The kernel does not end, although it was asked to.', FAULT)
        time.sleep(LONGEST_NAP)


def _ask(ended: Callable[[], bool]) -> bool:
    with _failures():
        return ended()


@contextlib.contextmanager
def _failures() -> Iterator[None]:
    """Turns exceptions of numba and the driver into those of this module."""
    try:
        yield
    except GpuUnavailable:
        raise
    except Exception as problem:
        raise failure_of(problem) from problem
