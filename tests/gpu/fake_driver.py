"""NVIDIA's driver and numba.cuda, as far as the launch layer uses them, without a GPU."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy

H100 = {1: 1024, 16: 132, 17: 0, 19: 1, 39: 2048, 75: 9, 76: 0, 95: 1, 97: 232448}
GTX_1080 = {**H100, 16: 20, 75: 6, 76: 1, 97: 49152}
INVALID_VALUE, NO_DEVICE = 1, 100


class FakeDriver:
    """The driver's library: devices by name with their attributes, or what `cuInit` returns instead."""

    def __init__(self, devices: dict[str, dict[int, int]], status: int = 0, version: int = 12080) -> None:
        self.devices = devices
        self.status = status
        self.version = version

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


class CudaAPIError(Exception):
    """An error of the driver, as numba raises it."""

    def __init__(self, code: int) -> None:
        self.code = code
        super().__init__(f'[{code}] Call to cuSomething results in CUDA_ERROR')


class FakeArray:
    """An array of the device, or of both."""

    def __init__(self, data: Any) -> None:
        self.data = data
        self.device_ctypes_pointer = ctypes.c_uint64(data.ctypes.data)

    def __getitem__(self, place: Any) -> Any:
        return FakeArray(self.data[place]) if isinstance(place, slice) else self.data[place]

    def __setitem__(self, place: Any, value: Any) -> None:
        self.data[place] = value

    def copy_to_device(self, values: Any) -> None:
        self.data[:] = values

    def copy_to_host(self) -> Any:
        return self.data.copy()


class FakeCuda:
    """The module numba.cuda. `run` is what a launch does, `problem` what allocation raises."""

    def __init__(self, run: Callable[[int, int, int], None] = lambda blocks, threads, address: None) -> None:
        self.run = run
        self.problem: Exception | None = None
        self.linked = ''
        self.launched: list[tuple[Any, ...]] = []
        self.selected = -1
        self.kernel = SimpleNamespace(cooperative=False, max_cooperative_grid_blocks=lambda threads, size: 64)

    def select_device(self, number: int) -> None:
        self.selected = number

    def current_context(self) -> Any:
        return SimpleNamespace(get_memory_info=lambda: (60 << 30, 80 << 30))

    def device_array(self, size: int, dtype: str) -> FakeArray:
        if self.problem is not None:
            raise self.problem
        return FakeArray(numpy.full(size, 0xAB, dtype))

    def mapped_array(self, size: int, dtype: str) -> FakeArray:
        return FakeArray(numpy.full(size, 0xAB, dtype))

    def stream(self) -> str:
        return 'stream'

    def event(self, timing: bool) -> Any:
        return SimpleNamespace(record=lambda stream: None, query=lambda: True, elapsed_time=lambda other: 2.5)

    def declare_device(self, name: str, signature: str) -> Any:
        assert (name, signature) == ('bend_entry', 'uint32(uint64)')
        return object()

    def jit(self, signature: str, link: list[str]) -> Callable[[Any], Any]:
        assert signature == 'void(uint64)'
        with open(link[0], encoding='ascii') as file:
            self.linked = file.read()

        def launcher(configuration: tuple[int, int, str, int]) -> Callable[[Any], None]:
            def launch(address: Any) -> None:
                self.launched.append((*configuration, type(address).__name__))
                self.run(configuration[0], configuration[1], int(address))
            return launch

        return lambda function: _Dispatcher(self.kernel, launcher)


class _Dispatcher:
    def __init__(self, kernel: Any, launcher: Callable[[Any], Any]) -> None:
        self.overloads = {('uint64',): kernel}
        self.launcher = launcher

    def __getitem__(self, configuration: Any) -> Any:
        return self.launcher(configuration)


def fake_numba(cuda: Any) -> ModuleType:
    """The package numba with this module in it."""
    package = ModuleType('numba')
    package.__spec__ = ModuleSpec('numba', None)
    package.cuda = cuda  # type: ignore[attr-defined]
    return package
