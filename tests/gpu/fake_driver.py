"""NVIDIA's driver and numba.cuda, as far as they are used, without a GPU."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from types import ModuleType, SimpleNamespace
from typing import Any

H100 = {1: 1024, 16: 132, 19: 1, 75: 9, 76: 0, 95: 1, 97: 232448}
GTX_1080 = {**H100, 16: 20, 75: 6, 76: 1, 97: 49152}
INVALID_VALUE, NO_DEVICE = 1, 100


class FakeDriver:
    """The driver's library: devices by name with their attributes, or what `cuInit` returns instead. Memory of devices
    is that of this process. `run` is what a launch does; `problems` are what functions return instead of 0, `images`
    what was loaded, and `launched` the grids, with their shared memory."""

    def __init__(self, devices: dict[str, dict[int, int]], status: int = 0, version: int = 12080,
                 run: Callable[[int, int, int], None] = lambda blocks, threads, address: None) -> None:
        self.devices = devices
        self.status = status
        self.version = version
        self.run = run
        self.problems: dict[str, int] = {}
        self.images: list[bytes] = []
        self.launched: list[tuple[int, int, int]] = []
        self.memory: dict[int, Any] = {}
        self.allowed = 0
        self.resident = 2
        self.unloaded = 0

    def __getattribute__(self, name: str) -> Any:
        if name.startswith('cu') and name in self.problems:
            return lambda *arguments: self.problems[name]
        return super().__getattribute__(name)

    def cuInit(self, flags: int) -> int:
        return self.status

    def cuGetErrorString(self, status: int, text: Any) -> int:
        if status == NO_DEVICE:
            return INVALID_VALUE
        text._obj.value = f'explanation of {status}'.encode()
        return 0

    def cuDriverGetVersion(self, found: Any) -> int:
        found._obj.value = self.version
        return 0

    def cuDeviceGetCount(self, found: Any) -> int:
        found._obj.value = len(self.devices)
        return 0

    def cuDeviceGet(self, found: Any, number: int) -> int:
        found._obj.value = number + 40
        return 0

    def _attributes(self, handle: int) -> dict[int, int]:
        return list(self.devices.values())[handle - 40]

    def cuDeviceGetAttribute(self, found: Any, code: int, handle: int) -> int:
        if code not in self._attributes(handle):
            return INVALID_VALUE
        found._obj.value = self._attributes(handle)[code]
        return 0

    def cuDeviceGetName(self, name: Any, size: int, handle: int) -> int:
        name.value = list(self.devices)[handle - 40].encode()
        return 0

    def cuDeviceTotalMem_v2(self, found: Any, handle: int) -> int:
        found._obj.value = 80 << 30
        return 0


    # ---- what runs need --------------------------------------------------------------------------

    def cuDevicePrimaryCtxRetain(self, context: Any, device: Any) -> int:
        context._obj.value = device.value + 1
        return 0

    def cuCtxSetCurrent(self, context: Any) -> int:
        assert context.value - 41 in range(len(self.devices))
        return 0

    def cuMemGetInfo_v2(self, free: Any, every: Any) -> int:
        free._obj.value, every._obj.value = 60 << 30, 80 << 30
        return 0

    def cuMemAlloc_v2(self, found: Any, size: Any) -> int:
        data = ctypes.create_string_buffer(b'\xab' * size.value, size.value)
        found._obj.value = ctypes.addressof(data)
        self.memory[found._obj.value] = data
        return 0

    def cuMemFree_v2(self, address: Any) -> int:
        del self.memory[address.value]
        return 0

    def cuMemHostAlloc(self, place: Any, size: Any, flags: Any) -> int:
        assert flags.value == 2
        return self.cuMemAlloc_v2(place, size)

    def cuMemHostGetDevicePointer_v2(self, address: Any, place: Any, flags: Any) -> int:
        address._obj.value = place.value
        return 0

    def cuMemcpyHtoD_v2(self, target: Any, data: bytes, size: Any) -> int:
        ctypes.memmove(target.value, data, size.value)
        return 0

    def cuMemcpyHtoDAsync_v2(self, target: Any, data: bytes, size: Any, stream: Any) -> int:
        assert stream.value == 7
        return self.cuMemcpyHtoD_v2(target, data, size)

    def cuMemcpyDtoH_v2(self, data: Any, source: Any, size: Any) -> int:
        ctypes.memmove(data, source.value, size.value)
        return 0

    def cuMemcpyDtoHAsync_v2(self, data: Any, source: Any, size: Any, stream: Any) -> int:
        assert stream.value == 7
        return self.cuMemcpyDtoH_v2(data, source, size)

    def cuStreamCreate(self, stream: Any, flags: Any) -> int:
        stream._obj.value = 7
        return 0

    def cuStreamDestroy_v2(self, stream: Any) -> int:
        assert stream.value == 7
        return 0

    def cuEventDestroy_v2(self, event: Any) -> int:
        assert event.value == 8
        return 0

    def cuModuleUnload(self, module: Any) -> int:
        assert module.value == 9
        self.unloaded += 1
        return 0

    def cuStreamSynchronize(self, stream: Any) -> int:
        return 0

    def cuEventCreate(self, event: Any, flags: Any) -> int:
        event._obj.value = 8
        return 0

    def cuEventRecord(self, event: Any, stream: Any) -> int:
        assert (event.value, stream.value) == (8, 7)
        return 0

    def cuEventQuery(self, event: Any) -> int:
        return 0

    def cuEventElapsedTime(self, found: Any, first: Any, second: Any) -> int:
        found._obj.value = 2.5
        return 0

    def cuModuleLoadData(self, module: Any, image: bytes) -> int:
        self.images.append(image)
        module._obj.value = 9
        return 0

    def cuModuleGetFunction(self, function: Any, module: Any, name: bytes) -> int:
        assert (module.value, name) == (9, b'bend_kernel')
        function._obj.value = 10
        return 0

    def cuFuncSetAttribute(self, function: Any, attribute: Any, value: Any) -> int:
        assert attribute.value == 8
        self.allowed = value.value
        return 0

    def cuFuncGetAttribute(self, found: Any, attribute: Any, function: Any) -> int:
        found._obj.value = 100 + attribute.value
        return 0

    def cuOccupancyMaxActiveBlocksPerMultiprocessor(self, found: Any, function: Any, threads: Any, shared: Any) -> int:
        found._obj.value = self.resident
        return 0

    def cuLaunchCooperativeKernel(self, function: Any, *words: Any) -> int:
        blocks, _, _, threads, _, _, shared_memory, _ = (word.value for word in words[:-1])
        self.launched.append((blocks, threads, shared_memory))
        self.run(blocks, threads, ctypes.c_uint64.from_address(words[-1][0]).value)
        return 0


class CudaAPIError(Exception):
    """An error of the driver, as numba raises it."""

    def __init__(self, code: int) -> None:
        self.code = code
        super().__init__(f'[{code}] Call to cuSomething results in CUDA_ERROR')


class FakeCuda:
    """The module numba.cuda, which links: `linked` are the texts, and `registers` what a thread may have of these."""

    def __init__(self) -> None:
        self.linked: list[str] = []
        self.registers: list[int | None] = []
        self.selected = -1

    def select_device(self, number: int) -> None:
        self.selected = number

    def declare_device(self, name: str, signature: str) -> Any:
        assert (name, signature) == ('bend_entry', 'uint32(uint64)')
        return object()

    def jit(self, signature: str, link: list[str], max_registers: int | None = None) -> Callable[[Any], Any]:
        assert signature == 'void(uint64)'
        self.registers.append(max_registers)
        with open(link[0], encoding='ascii') as file:
            self.linked.append(file.read())
        library = SimpleNamespace(get_cubin=lambda: SimpleNamespace(code=b'image'), _entry_name='bend_kernel')
        return lambda function: SimpleNamespace(overloads={('uint64',): SimpleNamespace(_codelibrary=library)})


def fake_numba(cuda: Any) -> ModuleType:
    """The package numba with this module in it."""
    package = ModuleType('numba')
    package.__spec__ = ModuleSpec('numba', None)
    package.cuda = cuda  # type: ignore[attr-defined]
    return package
