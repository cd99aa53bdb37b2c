"""A GPU for programs in waves, whose lanes are threads of the system, and whose memory is that of this process. It also
runs nets, whose lanes are played by one thread."""

from __future__ import annotations

import ctypes
import threading
from base64 import b64decode, b64encode
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, cast

from bend.codegen import gpu_nets, lir
from bend.codegen.emit_llvm import emit_module
from bend.codegen.gpu_nets import gpu_net_module
from bend.codegen.states import compile as states
from bend.codegen.states.compile import STACK_WORDS, compile_states, described
from bend.deep_stack import with_deep_stack
from bend.desugar import core
from bend.runtime import gpu, gpu_device
from bend.runtime.cache import Cache
from bend.runtime.direct.threads import join_thread, signals_blocked, start_thread
from bend.runtime.gpu import Gpu, Grid
from bend.runtime.gpu_device import Device
from bend.runtime.jit import compile_object, load_object
from bend.runtime.region import give_back, reserve
from bend.runtime.waves import gpu as waves
from bend.runtime.waves.host import NATIVE_STACK
from bend.runtime.waves.kernel import EMULATION
from bend.runtime.waves.program import WavesProgram
from tests.gpu.emulation import ALONE, DEVICE, EMULATED, EmulatedBuffer, EmulatedControl, EmulatedKernel
from tests.gpu.fake_driver import H100, FakeDriver
from tests.gpu_net.device import TURNS, TurnsKernel

if TYPE_CHECKING:
    import pytest

FREE = 64 << 20
"""Bytes of the GPU's memory."""
THREADS_PER_BLOCK, MULTIPROCESSORS, MAJOR = 1, 16, 75
"""Numbers of attributes."""
ATTRIBUTES = {**H100, THREADS_PER_BLOCK: 64, MULTIPROCESSORS: 1}
STATE_WORDS = 1 << 8
"""More than the state of a lane has."""
TARGETS = (EMULATION, Path(__file__).parent / 'emulated_waves.py')


class WavesBuffer(EmulatedBuffer):
    """Memory that is not zero at first."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        ctypes.memset(self.address, 0xAB, size)

    @property
    def is_closed(self) -> bool:
        return not hasattr(self, '_data')

    def write_beside(self, data: bytes, offset: int) -> None:
        self.write(data, offset)

    def read_beside(self, offset: int, size: int) -> bytes:
        return self.read(offset, size)


class WavesKernel:
    """As `bend.runtime.gpu.Kernel`."""

    def __init__(self, object_code: bytes) -> None:
        self._library = load_object(object_code)
        self._function = self._library.address('emulated_main')
        self.launches: list[Grid] = []

    def resident_blocks(self, threads: int, shared_memory: int) -> int:
        return 4

    def launch(self, grid: Grid, address: int) -> Callable[[], bool]:
        self.launches.append(grid)
        waiting = threading.Thread(target=self._run, args=(grid, address), daemon=True)
        waiting.start()
        return lambda: not waiting.is_alive()

    def seconds(self) -> float:
        return 0.001

    def _run(self, grid: Grid, address: int) -> None:
        count = grid.blocks * grid.threads
        stacks = reserve(count * NATIVE_STACK)
        assert stacks is not None
        # What barriers count here, which a GPU does itself, comes first.
        memory = bytes(16) + b'\xab' * (grid.shared_memory - 16)
        blocks = [ctypes.create_string_buffer(memory, len(memory)) for _ in range(grid.blocks)]
        states = [(ctypes.c_uint64 * (STATE_WORDS + STACK_WORDS))() for _ in range(count)]
        lanes = [(ctypes.c_uint64 * 6)(address, ctypes.addressof(blocks[lane // grid.threads]),
                                       *divmod(lane, grid.threads), ctypes.addressof(state),
                                       ctypes.addressof(state) + 8 * STATE_WORDS)
                 for lane, state in enumerate(states)]
        with signals_blocked():
            threads = [start_thread(self._function, ctypes.addressof(lane), stacks.address + number * NATIVE_STACK,
                                    NATIVE_STACK) for number, lane in enumerate(lanes)]
        for thread in threads:
            join_thread(thread, lambda: None)
        give_back(stacks)


class WavesGpu:
    """As `bend.runtime.gpu.Gpu`, for programs whose PTX is native code in base 64."""

    def __init__(self, device: Device = DEVICE, free: int = FREE) -> None:
        self.device = device
        self._free = free
        self._buffers: list[WavesBuffer] = []

    def free_memory(self) -> int:
        return self._free - sum(buffer.size for buffer in self._buffers if not buffer.is_closed)

    def buffer(self, size: int) -> WavesBuffer:
        self._buffers.append(WavesBuffer(size))
        return self._buffers[-1]

    def control(self) -> EmulatedControl:
        return EmulatedControl()

    def link(self, text: str, cache: Cache, registers: int | None = None) -> WavesKernel:
        return WavesKernel(b64decode(text))

    def kernel(self, module: lir.Module, function: str, cache: Cache, registers: int | None = None) -> TurnsKernel:
        """The kernel of nets."""
        return TurnsKernel(module)


class ThreadsGpu(WavesGpu):
    """Each lane has a thread for nets, too."""

    def kernel(self, module: lir.Module, function: str, cache: Cache,  # type: ignore[override]
               registers: int | None = None) -> EmulatedKernel:
        """The kernel of nets."""
        return EmulatedKernel(module, function)


def emulated(book: core.Book, free: int = FREE) -> tuple[WavesProgram, Gpu]:
    """A program, and the GPU that runs it."""
    program = with_deep_stack(lambda: compile_emulated(book, DEVICE.capability, Cache(None)))
    return program, cast(Gpu, WavesGpu(free=free))


def compile_emulated(book: core.Book, capability: tuple[int, int], cache: Cache, *, eta: bool = True,
                     check_overflow: bool = False) -> WavesProgram:
    """As `bend.codegen.states.compile.compile_gpu`."""
    compiled = compile_states(book, TARGETS, eta=eta, check_overflow=check_overflow)
    return described(compiled, b64encode(compile_object(emit_module(compiled.module), 0)), check_overflow)


def install_gpu(monkeypatch: pytest.MonkeyPatch, *, threaded_nets: bool = False) -> None:
    """Has commands find a GPU that is this one, with a few lanes. With `threaded_nets`, those of nets have threads."""
    target = (EMULATED if threaded_nets else TURNS, ALONE)
    driver = FakeDriver({'Emulated': ATTRIBUTES})
    monkeypatch.setattr(gpu_device, 'load_driver', lambda: driver)
    monkeypatch.setattr(gpu_device, 'PACKAGES', ())
    monkeypatch.setattr(gpu, 'DEFAULT_THREADS', 32)
    monkeypatch.setattr(gpu, 'Gpu', ThreadsGpu if threaded_nets else WavesGpu)
    monkeypatch.setattr(states, 'compile_gpu', compile_emulated)
    monkeypatch.setattr(gpu_nets, 'gpu_net_module', lambda program: gpu_net_module(program, target))


def interrupt_launches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has the user interrupt each launch of a program in waves."""
    def interrupted(ended: Callable[[], bool], control: gpu.Stoppable, *rest: object) -> None:
        original(ended, control, watch=lambda progress: (_ for _ in ()).throw(KeyboardInterrupt))

    original = waves.wait_for
    monkeypatch.setattr(waves, 'wait_for', interrupted)
