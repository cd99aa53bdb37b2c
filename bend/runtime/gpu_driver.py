"""What runs need of NVIDIA's driver: a context, memory, kernels. Asked of it directly, so that no package is imported.

The context is the primary one of the device, which numba uses as well. Addresses and sizes are given as ctypes of
their own width: a plain number would be cut to 32 bits.
"""

from __future__ import annotations

import contextlib
import ctypes
from ctypes import byref, c_float, c_int, c_size_t, c_uint, c_uint64, c_void_p
from typing import Any

_NOT_READY = 600
_MAPPED = 2
_REGISTERS, _LOCAL, _MOST_SHARED = 4, 3, 8


class CudaError(Exception):
    """The driver reports an error; `code` is its number."""

    def __init__(self, code: int, function: str) -> None:
        self.code = code
        super().__init__(f'{function} gives error {code}')


class Context:
    """A device that is ready for use."""

    def __init__(self, library: Any, number: int) -> None:
        """Makes the device of a number ready. Raises CudaError."""
        self._library = library
        self._context = c_void_p()
        self._check('cuInit', 0)
        device = c_int()
        self._check('cuDeviceGet', byref(device), number)
        self._check('cuDevicePrimaryCtxRetain', byref(self._context), device)

    def _check(self, function: str, *arguments: Any) -> None:
        status = getattr(self._library, function)(*arguments)
        if status != 0:
            raise CudaError(status, function)

    def call(self, function: str, *arguments: Any) -> None:
        """Calls a function of the driver in this context, which threads may have left, or not entered yet. Raises
        CudaError."""
        self._check('cuCtxSetCurrent', self._context)
        self._check(function, *arguments)

    def free_memory(self) -> int:
        """The bytes of memory that nobody uses. Raises CudaError."""
        free, every = c_size_t(), c_size_t()
        self.call('cuMemGetInfo_v2', byref(free), byref(every))
        return free.value

    def driver_version(self) -> int:
        """The latest version of CUDA that the driver knows. Raises CudaError."""
        version = c_int()
        self.call('cuDriverGetVersion', byref(version))
        return version.value


class _Owned:
    """Something of the driver's that is given back with this object."""

    def __init__(self, context: Context, give_back: str) -> None:
        self._context = context
        self._give_back = give_back
        self.handle = c_void_p()

    def close(self) -> None:
        """Gives it back, if that has not been done."""
        # After a fault of a kernel nothing can be given back, and there is nothing that would have to be.
        if self.handle.value:
            with contextlib.suppress(Exception):
                self._context.call(self._give_back, self.handle)
            self.handle = c_void_p()

    def __del__(self) -> None:
        self.close()


class Memory(_Owned):
    """Memory of the device."""

    def __init__(self, context: Context, size: int) -> None:
        """Takes memory. Raises CudaError."""
        super().__init__(context, 'cuMemFree_v2')
        context.call('cuMemAlloc_v2', byref(self.handle), c_size_t(size))
        self.address = self.handle.value or 0

    def write(self, data: bytes, offset: int) -> None:
        """Copies bytes to the device, before any kernel that starts later. Raises CudaError."""
        self._context.call('cuMemcpyHtoD_v2', c_uint64(self.address + offset), data, c_size_t(len(data)))

    def write_beside(self, data: bytes, offset: int, stream: Stream) -> None:
        """Copies bytes to the device while a kernel runs in another stream. Raises CudaError."""
        self._context.call('cuMemcpyHtoDAsync_v2', c_uint64(self.address + offset), data, c_size_t(len(data)),
                           stream.handle)
        self._context.call('cuStreamSynchronize', stream.handle)

    def read_beside(self, offset: int, size: int, stream: Stream) -> bytes:
        """Copies bytes from the device while a kernel runs in another stream. Raises CudaError."""
        data = ctypes.create_string_buffer(size)
        self._context.call('cuMemcpyDtoHAsync_v2', data, c_uint64(self.address + offset), c_size_t(size), stream.handle)
        self._context.call('cuStreamSynchronize', stream.handle)
        return data.raw

    def read(self, offset: int, size: int) -> bytes:
        """Copies bytes from the device. Raises CudaError."""
        data = ctypes.create_string_buffer(size)
        self._context.call('cuMemcpyDtoH_v2', data, c_uint64(self.address + offset), c_size_t(size))
        return data.raw


class MappedWords:
    """Words of the host's memory that the device reaches at `address`. They stay until the process ends."""

    def __init__(self, context: Context, count: int) -> None:
        """Takes memory of so many words, all 0. Raises CudaError."""
        place, address = c_void_p(), c_uint64()
        context.call('cuMemHostAlloc', byref(place), c_size_t(8 * count), c_uint(_MAPPED))
        context.call('cuMemHostGetDevicePointer_v2', byref(address), place, c_uint(0))
        assert place.value is not None
        self.words = (c_uint64 * count).from_address(place.value)
        ctypes.memset(place, 0, 8 * count)
        self.address = address.value


class Stream(_Owned):
    """An order in which things are done on the device. It waits for copies that were begun before."""

    def __init__(self, context: Context) -> None:
        """Makes a stream. Raises CudaError."""
        super().__init__(context, 'cuStreamDestroy_v2')
        context.call('cuStreamCreate', byref(self.handle), c_uint(0))


class Event(_Owned):
    """A point in a stream."""

    def __init__(self, context: Context) -> None:
        """Makes an event. Raises CudaError."""
        super().__init__(context, 'cuEventDestroy_v2')
        context.call('cuEventCreate', byref(self.handle), c_uint(0))

    def record(self, stream: Stream) -> None:
        """Puts the event behind what a stream has to do. Raises CudaError."""
        self._context.call('cuEventRecord', self.handle, stream.handle)

    def is_over(self) -> bool:
        """Whether the stream has come there. Raises CudaError, also for what went wrong in the stream."""
        try:
            self._context.call('cuEventQuery', self.handle)
        except CudaError as problem:
            if problem.code == _NOT_READY:
                return False
            raise
        return True

    def seconds_since(self, earlier: Event) -> float:
        """The time between two events that are over. Raises CudaError."""
        milliseconds = c_float()
        self._context.call('cuEventElapsedTime', byref(milliseconds), earlier.handle, self.handle)
        return milliseconds.value / 1000


class Function(_Owned):
    """A kernel with one parameter, an address, and the module that it is in."""

    def __init__(self, context: Context, image: bytes, name: str) -> None:
        """Loads an image. Raises CudaError."""
        super().__init__(context, 'cuModuleUnload')
        self._function = c_void_p()
        context.call('cuModuleLoadData', byref(self.handle), image)
        context.call('cuModuleGetFunction', byref(self._function), self.handle, name.encode())

    def allow_shared_memory(self, size: int) -> None:
        """Lets blocks have so many bytes of shared memory. Raises CudaError."""
        self._context.call('cuFuncSetAttribute', self._function, c_int(_MOST_SHARED), c_int(size))

    def resident_blocks(self, threads: int, shared_memory: int) -> int:
        """How many blocks run at the same time on a multiprocessor. Raises CudaError."""
        count = c_int()
        self._context.call('cuOccupancyMaxActiveBlocksPerMultiprocessor', byref(count), self._function, c_int(threads),
                           c_size_t(shared_memory))
        return count.value

    def attributes(self) -> dict[str, int]:
        """The registers of a thread, and the bytes of its local memory. Raises CudaError."""
        found = {}
        for name, code in (('registers', _REGISTERS), ('local', _LOCAL)):
            value = c_int()
            self._context.call('cuFuncGetAttribute', byref(value), c_int(code), self._function)
            found[name] = value.value
        return found

    def launch(self, blocks: int, threads: int, shared_memory: int, stream: Stream, address: int) -> None:
        """Starts it so that all blocks run at the same time. Raises CudaError."""
        parameter = c_uint64(address)
        parameters = (c_void_p * 1)(ctypes.addressof(parameter))
        one = c_uint(1)
        self._context.call('cuLaunchCooperativeKernel', self._function, c_uint(blocks), one, one, c_uint(threads), one,
                           one, c_uint(shared_memory), stream.handle, parameters)
