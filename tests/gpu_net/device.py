"""Devices on the CPU for nets: one thread that plays all lanes, or one for each."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import cast

from bend.codegen import lir
from bend.codegen.emit_llvm import emit_module
from bend.codegen.gpu_nets import compile_for_gpu, gpu_net_module
from bend.deep_stack import with_deep_stack
from bend.hvm import net
from bend.runtime.gpu import Gpu, Grid, Kernel
from bend.runtime.gpu_net import ENTRY, LinkedProgram, Tuning
from bend.runtime.gpu_record import Record
from bend.runtime.jit import compile_object, load_object
from tests.gpu.emulation import ALONE, EMULATED, EmulatedGpu, EmulatedKernel

TURNS = Path(__file__).parent / 'turns.py'
SMALL = Tuning(least=1, most=8, rounds=2, magazine=8, kept=1, places=2)
"""What makes everything happen in small programs."""
MEMORY = 8 << 20


class TurnsKernel:
    """As `bend.runtime.gpu.Kernel`: a launch is over when it comes back."""

    def __init__(self, module: lir.Module) -> None:
        self._library = load_object(compile_object(emit_module(module), 0))
        self._run = ctypes.CFUNCTYPE(ctypes.c_uint64, ctypes.c_uint64, ctypes.c_uint64)(
            self._library.address('run_lanes'))
        self._module = module
        self._lanes = b''

    def resident_blocks(self, threads: int, shared_memory: int) -> int:
        return 1024 // threads

    def seconds(self) -> float:
        return 0.001

    def launch(self, grid: Grid, address: int) -> Callable[[], bool]:
        lanes = ctypes.create_string_buffer(grid.blocks * grid.threads * len(Record(self._module, 'Worker').data))
        outcome = self._run(address, ctypes.addressof(lanes))
        assert outcome == 0, f'lanes ended with {outcome}'
        self._lanes = lanes.raw
        return lambda: True

    def lane_field(self, lane: int, name: str) -> int:
        """What a lane had in a field when the last run was over."""
        record = Record(self._module, 'Worker')
        record.data[:] = self._lanes[lane * len(record.data):(lane + 1) * len(record.data)]
        return record[name]


def link_for_cpu(book: net.Book, *, threaded: bool = False, check_overflow: bool = False,
                 by_rule: bool = True) -> LinkedProgram:
    """A program on a device of two blocks of eight lanes, with little memory."""
    program = with_deep_stack(lambda: compile_for_gpu(book, check_overflow=check_overflow, by_rule=by_rule))
    module = gpu_net_module(program, (EMULATED if threaded else TURNS, ALONE))
    kernel = EmulatedKernel(module, ENTRY) if threaded else TurnsKernel(module)
    gpu = cast(Gpu, EmulatedGpu())
    return LinkedProgram(program, module, gpu, cast(Kernel, kernel), Grid(2, 8, 16), gpu.buffer(MEMORY), SMALL)


def with_device(linked: LinkedProgram, *, grid: Grid | None = None, tuning: Tuning | None = None,
                memory: int | None = None) -> LinkedProgram:
    """The same program on another device."""
    return replace(linked, grid=grid or linked.grid, tuning=tuning or linked.tuning,
                   buffer=linked.gpu.buffer(memory) if memory else linked.buffer)
