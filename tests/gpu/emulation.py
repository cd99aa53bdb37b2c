"""A GPU whose threads are those of the system, and whose memory is that of this process."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from pathlib import Path

from bend.codegen import lir
from bend.codegen.emit_llvm import emit_module
from bend.codegen.lir_layout import struct_layout
from bend.codegen.pylir import compile_kernel
from bend.runtime.cache import Cache
from bend.runtime.gpu import Grid
from bend.runtime.gpu_device import Device
from bend.runtime.jit import compile_object, load_object

EMULATED = Path(__file__).parent / 'emulated.py'
ALONE = Path(__file__).parent / 'alone.py'
DEVICE = Device(number=0, name='Emulated', capability=(9, 0), multiprocessors=2, threads_per_block=64,
                shared_memory=1 << 16, memory=1 << 30, cooperative=True, maps_host_memory=True)
RESIDENT_THREADS = 96


class EmulatedBuffer:
    """As `bend.runtime.gpu.Buffer`."""

    def __init__(self, size: int) -> None:
        self._data = (ctypes.c_uint64 * -(-size // 8))()
        self.size = size
        self.address = ctypes.addressof(self._data)

    def write(self, data: bytes, offset: int = 0) -> None:
        ctypes.memmove(self.address + offset, data, len(data))

    def read(self, offset: int, size: int) -> bytes:
        return ctypes.string_at(self.address + offset, size)

    def close(self) -> None:
        del self._data


class EmulatedControl:
    """As `bend.runtime.gpu.Control`."""

    def __init__(self) -> None:
        self._words = (ctypes.c_uint64 * 2)()
        self.stop_address = ctypes.addressof(self._words)
        self.progress_address = self.stop_address + 8

    def stop(self) -> None:
        self._words[0] = 1

    def progress(self) -> int:
        return self._words[1]


class EmulatedKernel:
    """As `bend.runtime.gpu.Kernel`."""

    def __init__(self, module: lir.Module, function: str) -> None:
        self._structs = {item.name: item for item in module.structs}
        self._library = load_object(compile_object(emit_module(module), 1))
        self._function = ctypes.CFUNCTYPE(None, ctypes.c_uint64)(self._library.address(function))
        self.memory: list[ctypes.Array[ctypes.c_uint64]] = []

    def resident_blocks(self, threads: int, shared_memory: int) -> int:
        return RESIDENT_THREADS // threads

    def seconds(self) -> float:
        return 0.001

    def _words(self, name: str, **fields: int) -> int:
        """The address of a new struct, with its fields set."""
        offsets, size, _ = struct_layout(self._structs[name], self._structs)
        data = (ctypes.c_uint64 * -(-size // 8))()
        self.memory.append(data)
        sizes = {field: 8 if isinstance(type_, lir.Ptr) or type_ == lir.U64 else 4
                 for field, type_ in self._structs[name].fields}
        for field, value in fields.items():
            ctypes.memmove(ctypes.addressof(data) + offsets[field], value.to_bytes(sizes[field], 'little'),
                           sizes[field])
        return ctypes.addressof(data)

    def launch(self, grid: Grid, address: int) -> Callable[[], bool]:
        launch = ctypes.c_uint64.from_address(address).value
        threads = []
        for block_number in range(grid.blocks):
            shared = (ctypes.c_uint64 * -(-grid.shared_memory // 8))(*[0xABAB] * (grid.shared_memory // 8))
            self.memory.append(shared)
            block = self._words('Block', memory=ctypes.addressof(shared))
            for number in range(grid.threads):
                place = self._words('Place', launch=launch, block=block, block_number=block_number,
                                    thread_number=number)
                threads.append(threading.Thread(target=self._function, args=(place,), daemon=True,
                                                name=f'{block_number} {number}'))
        for thread in threads:
            thread.start()
        return lambda: not any(thread.is_alive() for thread in threads)


class EmulatedGpu:
    """As `bend.runtime.gpu.Gpu`, for kernel modules which find out where they are by `bend.runtime.kernel.gpu.grid`."""

    device = DEVICE

    def __init__(self, *modules: Path) -> None:
        self._modules = modules
        self.kernels: list[EmulatedKernel] = []

    def free_memory(self) -> int:
        return self.device.memory

    def buffer(self, size: int) -> EmulatedBuffer:
        return EmulatedBuffer(size)

    def control(self) -> EmulatedControl:
        return EmulatedControl()

    def kernel(self, module: lir.Module, function: str, cache: Cache,
               registers: int | None = None) -> EmulatedKernel:
        """The function of the same name in the modules that are emulated."""
        self.kernels.append(EmulatedKernel(compile_kernel([*self._modules, EMULATED]), function))
        return self.kernels[-1]
