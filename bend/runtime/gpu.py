"""Runs compiled kernels on an NVIDIA GPU: memory, linking and launches, through numba.cuda.

numba is imported here only, when a GPU is opened. It makes the kernel that is launched, which calls the linked PTX
(`bend.codegen.gpu_entry`); everything else on the device is ours. A launch is cooperative: all blocks run at the same
time, or it fails. While it runs, the host can ask it to stop, and see how it gets on, by two words of its own memory.
"""

from __future__ import annotations

import contextlib
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from bend.codegen.gpu_entry import ENTRY, gpu_program
from bend.codegen.lir import Module
from bend.runtime.cache import Cache, key_of
from bend.runtime.gpu_device import INSTALL_PACKAGES, RUN_ON_CPU, Device, GpuUnavailable
from bend.runtime.ptx import architecture, compile_ptx, compiler_key

WARP = 32
DEFAULT_THREADS = 256
# What a block has without asking for more.
SHARED_WITHOUT_ASKING = 48 << 10
# The part of the free memory that a run may use if it is not told.
MEMORY_PART = 0.8
# How long the end of a launch is awaited after it was asked to stop.
GRACE_SECONDS = 10.0
LONGEST_NAP = 0.001
_MAX_DYNAMIC_SHARED_MEMORY = 8


class GpuFailure(Exception):
    """Something went wrong on the GPU; `hint` says what may help."""

    def __init__(self, message: str, hint: str = '') -> None:
        self.message = message
        self.hint = hint
        super().__init__(message)


class OutOfGpuMemory(GpuFailure):
    """The GPU has less memory than is asked for."""


_FAULT = 'This is a fault of the compiler, not of the program. Please report it, with the program.'
_FAILURES: dict[int, tuple[str, str]] = {
    46: ('another program has the GPU for itself', RUN_ON_CPU),
    209: ('the driver has no code for this GPU', 'Update the driver.'),
    218: ('the driver does not understand the compiled program', 'Update the driver.'),
    222: ('the driver is older than the compiled program', 'Update the driver.'),
    700: ('the program accessed memory that is not there', _FAULT),
    701: ('the kernel needs more registers than there are', 'Choose fewer with `--threads-per-block N`.'),
    702: ('the system ended the kernel, which took too long', 'Use a GPU that shows no screen.'),
    714: ('the hardware reports a fault of the stack', _FAULT),
    715: ('the program trapped', _FAULT),
    716: ('the program accessed memory at an odd address', _FAULT),
    717: ('the program accessed memory of the wrong kind', _FAULT),
    719: ('the kernel failed', _FAULT),
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
    if code in _FAILURES:
        what, hint = _FAILURES[code]
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
    # A warning about small grids is for those who write kernels. numba and numba-cuda have settings of their own.
    for name in ('numba.core.config', 'numba.cuda.core.config'):
        if name in sys.modules:
            sys.modules[name].CUDA_LOW_OCCUPANCY_WARNINGS = 0  # type: ignore[attr-defined]
    return cuda


def gpu_ptx(module: Module, function: str, capability: tuple[int, int], cache: Cache) -> str:
    """The PTX of a function of a module for devices of a compute capability, from the cache if it is there. Raises
    ValidationError and TooOld."""
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
        raise GpuFailure(f'{device.name} cannot run a block of {threads} threads of this program.',
                         'Choose fewer with `--threads-per-block N`.')
    blocks = most if request.blocks is None else request.blocks
    if not 1 <= blocks <= most:
        raise GpuFailure(f'{device.name} cannot run {blocks} blocks of {threads} threads at the same time.',
                         f'`--blocks` takes 1 to {most}.')
    return Grid(blocks, threads, shared_memory)


class Buffer:
    """Memory of the device."""

    def __init__(self, cuda: Any, size: int) -> None:
        self._cuda = cuda
        self._array = cuda.device_array(size, dtype='uint8')
        self.size = size
        self.address = int(self._array.device_ctypes_pointer.value)

    def write(self, data: bytes, offset: int = 0) -> None:
        """Copies bytes to the device. Raises GpuFailure."""
        import numpy
        with _failures():
            self._array[offset:offset + len(data)].copy_to_device(numpy.frombuffer(data, dtype='uint8'))

    def write_beside(self, data: bytes, offset: int) -> None:
        """Copies bytes to the device while a kernel runs. Raises GpuFailure."""
        import numpy
        with _failures():
            stream = self._cuda.stream()
            self._array[offset:offset + len(data)].copy_to_device(numpy.frombuffer(data, dtype='uint8'), stream=stream)
            stream.synchronize()

    def read(self, offset: int, size: int) -> bytes:
        """Copies bytes from the device. Raises GpuFailure."""
        with _failures():
            found: bytes = self._array[offset:offset + size].copy_to_host().tobytes()
        return found


class Stoppable(Protocol):
    """A launch that can be asked to end, and asked how far it is."""

    def stop(self) -> None:
        """Asks the launch to end."""

    def progress(self) -> int:
        """How far the launch is, in its own measure."""


class Control:
    """Two words of the host's memory that the device reaches as well: whether to stop, and how far it is."""

    def __init__(self, cuda: Any) -> None:
        self._words = cuda.mapped_array(2, dtype='uint64')
        self._words[:] = 0
        address = int(self._words.device_ctypes_pointer.value)
        self.stop_address, self.progress_address = address, address + 8

    def stop(self) -> None:
        """Asks the launch to end."""
        self._words[0] = 1

    def progress(self) -> int:
        """How far the launch is, in its own measure."""
        return int(self._words[1])


class Kernel:
    """A linked kernel."""

    def __init__(self, cuda: Any, dispatcher: Any, device: Device) -> None:
        self._cuda = cuda
        self._dispatcher = dispatcher
        self._device = device
        self._kernel = next(iter(dispatcher.overloads.values()))
        # All blocks shall run at the same time. numba knows of that only where it makes code for it.
        self._kernel.cooperative = True
        self._stream = cuda.stream()
        self._began, self._ended = cuda.event(timing=True), cuda.event(timing=True)

    def resident_blocks(self, threads: int, shared_memory: int) -> int:
        """How many blocks can run at the same time. Raises GpuFailure."""
        with _failures():
            if shared_memory > SHARED_WITHOUT_ASKING:
                self._allow_shared_memory(shared_memory)
            return int(self._kernel.max_cooperative_grid_blocks(threads, shared_memory))

    def _allow_shared_memory(self, size: int) -> None:
        from numba.cuda.cudadrv import driver as layer
        handle = self._kernel._codelibrary.get_cufunc().handle
        binding = getattr(layer, 'binding', None)
        attribute = binding.CUfunction_attribute(_MAX_DYNAMIC_SHARED_MEMORY) if binding else _MAX_DYNAMIC_SHARED_MEMORY
        try:
            # Handles are those of kernels, or of functions in older releases of numba-cuda.
            layer.driver.cuKernelSetAttribute(attribute, size, handle, self._device.number)
        except Exception:
            layer.driver.cuFuncSetAttribute(handle, attribute, size)

    def launch(self, grid: Grid, address: int) -> Callable[[], bool]:
        """Starts the kernel on the address of a record; gives what tells whether it has ended, or raises what went
        wrong on the device. Raises GpuFailure."""
        import numpy
        with _failures():
            self._began.record(self._stream)
            self._dispatcher[grid.blocks, grid.threads, self._stream, grid.shared_memory](numpy.uint64(address))
            self._ended.record(self._stream)
        return lambda: bool(self._ended.query())

    def seconds(self) -> float:
        """How long the device took for the last launch, which has ended. Raises GpuFailure."""
        with _failures():
            return float(self._began.elapsed_time(self._ended)) / 1000


class Gpu:
    """A GPU that is ready for use."""

    def __init__(self, device: Device) -> None:
        """Loads numba and makes the device ready. Raises GpuUnavailable and GpuFailure."""
        self.device = device
        self._cuda = load_numba()
        with _failures():
            self._cuda.select_device(device.number)

    def free_memory(self) -> int:
        """The bytes of device memory that nobody uses."""
        with _failures():
            return int(self._cuda.current_context().get_memory_info()[0])

    def buffer(self, size: int) -> Buffer:
        """Memory of the device. Raises OutOfGpuMemory."""
        with _failures():
            return Buffer(self._cuda, size)

    def control(self) -> Control:
        """Words that host and device share. Raises GpuFailure."""
        with _failures():
            return Control(self._cuda)

    def kernel(self, module: Module, function: str, cache: Cache) -> Kernel:
        """Compiles and links a function of a module, that takes the address of a record. Raises GpuFailure, and
        ValidationError for what cannot run on a GPU."""
        return self.link(gpu_ptx(module, function, self.device.capability, cache))

    def link(self, text: str) -> Kernel:
        """Links PTX (of `gpu_ptx`). Raises GpuFailure."""
        with _failures(), tempfile.TemporaryDirectory(prefix='bend-') as folder:
            path = Path(folder, 'kernel.ptx')
            path.write_text(text, encoding='ascii')
            kernel = Kernel(self._cuda, self._dispatcher(str(path)), self.device)
            kernel.resident_blocks(WARP, 0)  # numba links when it needs to, and the file is here now.
        return kernel

    def _dispatcher(self, path: str) -> Any:
        """The kernel that calls what is linked from a file, as numba has it."""
        entry = self._cuda.declare_device(ENTRY, 'uint32(uint64)')

        def bend_kernel(address: Any) -> None:
            entry(address)

        return self._cuda.jit('void(uint64)', link=[path])(bend_kernel)


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
                raise GpuFailure(f'The kernel took longer than {seconds:g} s, and was stopped.')
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
            raise GpuFailure('The kernel does not end, although it was asked to.', _FAULT)
        time.sleep(LONGEST_NAP)


def _ask(ended: Callable[[], bool]) -> bool:
    with _failures():
        return ended()


@contextlib.contextmanager
def _failures() -> Iterator[None]:
    """Turns exceptions of numba and the driver into those of this module."""
    try:
        yield
    except Exception as problem:
        raise failure_of(problem) from problem
