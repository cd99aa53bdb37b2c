"""Which NVIDIA GPUs there are and what they can do, asked of their driver alone: neither numba nor CUDA is needed."""

from __future__ import annotations

import ctypes
import importlib.util
import sys
from collections.abc import Iterable
from typing import Any

from bend.records import dataclass
from bend.runtime.ptx import OLDEST

_LIBRARIES = ('nvcuda.dll',) if sys.platform == 'win32' else ('libcuda.so.1', 'libcuda.so')
_NO_DEVICE = 100
# Numbers of attributes in the driver's interface.
_THREADS_PER_BLOCK, _MULTIPROCESSORS, _MAPS_HOST_MEMORY = 1, 16, 19
_MAJOR, _MINOR, _COOPERATIVE, _SHARED_MEMORY = 75, 76, 95, 97

INSTALL_DRIVER = "Install NVIDIA's driver for the card; `nvidia-smi` shows whether it works."
NO_GPU = 'A container needs access to the card (`--gpus all`), and `CUDA_VISIBLE_DEVICES` may hide it.'
INSTALL_PACKAGES = "Install them with `pip install numba 'numba-cuda[cu12]' 'numpy<2.5'`."
RUN_ON_CPU = 'The command `run` uses all cores of the CPU; `run-cu --fallback cpu` does so where a GPU cannot.'
PACKAGES = ('numpy', 'numba')


class GpuUnavailable(Exception):
    """There is no GPU to run on; `hint` says how to mend that."""

    def __init__(self, message: str, hint: str) -> None:
        self.message = message
        self.hint = hint
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Device:
    """A GPU. Shared memory is what a block may have at most, in bytes."""

    number: int
    name: str
    capability: tuple[int, int]
    multiprocessors: int
    threads_per_block: int
    shared_memory: int
    memory: int
    cooperative: bool
    maps_host_memory: bool

    def fault(self) -> str | None:
        """Why programs cannot run on it; None if they can."""
        if self.capability < OLDEST:
            have, need = ('.'.join(map(str, version)) for version in (self.capability, OLDEST))
            return f'it is too old: its compute capability is {have}, and {need} is needed (Volta, of 2017)'
        if not self.cooperative:
            return 'it does not start kernels whose blocks wait for each other (cooperative launch)'
        if not self.maps_host_memory:
            return "it does not reach the host's memory"
        return None


def load_driver() -> Any:
    """The driver's library. Raises GpuUnavailable."""
    problems = []
    for name in _LIBRARIES:
        try:
            return ctypes.CDLL(name)
        except OSError as problem:
            problems.append(str(problem))
    raise GpuUnavailable(f'There is no NVIDIA driver ({problems[0]}).', INSTALL_DRIVER)


class Driver:
    """The driver's interface, as far as it is needed to look around."""

    def __init__(self, library: Any) -> None:
        """Makes the driver ready. Raises GpuUnavailable if it is not."""
        self._library = library
        status = library.cuInit(0)
        if status not in (0, _NO_DEVICE):
            raise GpuUnavailable(f'The NVIDIA driver does not start: {self._explained(status)}.', INSTALL_DRIVER)
        self.has_devices = status == 0

    def _explained(self, status: int) -> str:
        text = ctypes.c_char_p()
        if self._library.cuGetErrorString(status, ctypes.byref(text)) == 0 and text.value:
            return f'{text.value.decode(errors="replace")} (error {status})'
        return f'error {status}'

    def _number(self, function: str, *arguments: int) -> int:
        """What a function of the driver stores as an int through its first parameter."""
        found = ctypes.c_int()
        status = getattr(self._library, function)(ctypes.byref(found), *arguments)
        if status != 0:
            raise GpuUnavailable(f'The NVIDIA driver fails in {function}: {self._explained(status)}.', INSTALL_DRIVER)
        return found.value

    def version(self) -> tuple[int, int]:
        """The latest version of CUDA that the driver knows."""
        number = self._number('cuDriverGetVersion')
        return number // 1000, number % 1000 // 10

    def devices(self) -> tuple[Device, ...]:
        """All devices that this process may use (`CUDA_VISIBLE_DEVICES`)."""
        return tuple(map(self._device, range(self._number('cuDeviceGetCount')))) if self.has_devices else ()

    def _device(self, number: int) -> Device:
        handle = self._number('cuDeviceGet', number)

        def attribute(code: int) -> int:
            return self._number('cuDeviceGetAttribute', code, handle)

        name = ctypes.create_string_buffer(256)
        memory = ctypes.c_size_t()
        self._library.cuDeviceGetName(name, len(name), handle)
        self._library.cuDeviceTotalMem_v2(ctypes.byref(memory), handle)
        return Device(
            number, name.value.decode(errors='replace'), (attribute(_MAJOR), attribute(_MINOR)),
            attribute(_MULTIPROCESSORS), attribute(_THREADS_PER_BLOCK), attribute(_SHARED_MEMORY), memory.value,
            attribute(_COOPERATIVE) != 0, attribute(_MAPS_HOST_MEMORY) != 0)


def usable_device(devices: Iterable[Device]) -> Device:
    """The first device that programs can run on. Raises GpuUnavailable."""
    faults = []
    for device in devices:
        fault = device.fault()
        if fault is None:
            return device
        faults.append(f'{device.name} cannot be used: {fault}.')
    if faults:
        raise GpuUnavailable(' '.join(faults), RUN_ON_CPU)
    raise GpuUnavailable('The NVIDIA driver finds no GPU.', NO_GPU)


def require_packages() -> None:
    """Raises GpuUnavailable if a package is missing that launches need. (They are not imported: that takes long.)"""
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise GpuUnavailable(f'Python packages are missing for the GPU: {", ".join(missing)}.', INSTALL_PACKAGES)


def require_gpu() -> Device:
    """A device that programs can run on, with all that is needed for it. Raises GpuUnavailable."""
    device = usable_device(Driver(load_driver()).devices())
    require_packages()
    return device
