"""Native threads on stacks of our own, which are as large as the address space allows and cost what they use."""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

ATTRIBUTE_BYTES = 256
PATIENCE = 0.1
"""Seconds that Ctrl-C may have to wait."""
_FAULTS = (signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGABRT, signal.SIGTRAP)
SIGNAL_BYTES = 128
"""What C's `sigset_t` takes at most."""


class Time(ctypes.Structure):
    """C's `timespec`."""

    _fields_ = (('seconds', ctypes.c_int64), ('nanoseconds', ctypes.c_int64))


_libc = ctypes.CDLL(None)
_pthread_create = _libc.pthread_create
_pthread_create.argtypes = [ctypes.POINTER(ctypes.c_uint64), ctypes.c_void_p, ctypes.c_uint64, ctypes.c_uint64]
_pthread_timedjoin = _libc.pthread_timedjoin_np
_pthread_timedjoin.argtypes = [ctypes.c_uint64, ctypes.c_void_p, ctypes.POINTER(Time)]
_set_stack = _libc.pthread_attr_setstack
_set_stack.argtypes = [ctypes.c_void_p, ctypes.c_uint64, ctypes.c_uint64]


def _signals_but_faults() -> ctypes.Array[ctypes.c_char]:
    """A `sigset_t`."""
    signals = ctypes.create_string_buffer(SIGNAL_BYTES)
    _libc.sigfillset(signals)
    for fault in _FAULTS:
        _libc.sigdelset(signals, fault)
    return signals


_but_faults = _signals_but_faults()


@contextmanager
def signals_blocked() -> Iterator[None]:
    """Leaves signals to other threads, and to later; faults come through."""
    # Python's own functions make sets of signals, which would take most of the time of a short run.
    before = ctypes.create_string_buffer(SIGNAL_BYTES)
    _libc.pthread_sigmask(signal.SIG_BLOCK, _but_faults, before)
    try:
        yield
    finally:
        _libc.pthread_sigmask(signal.SIG_SETMASK, before, None)


def start_thread(function: int, argument: int, stack: int, stack_bytes: int) -> int:
    """Starts a thread in a native function, which gets the caller's mask of signals; gives its handle. Raises OSError
    if the system has no thread to give."""
    attributes = ctypes.create_string_buffer(ATTRIBUTE_BYTES)
    thread = ctypes.c_uint64()
    _libc.pthread_attr_init(attributes)
    failure = (_set_stack(attributes, stack, stack_bytes)
               or _pthread_create(ctypes.byref(thread), attributes, function, argument))
    _libc.pthread_attr_destroy(attributes)
    if failure:
        raise OSError(failure, os.strerror(failure))
    return thread.value


def join_thread(thread: int, poll: Callable[[], None]) -> None:
    """Waits for a thread to end, without the interpreter lock. Calls `poll` now and then meanwhile; what it raises, and
    KeyboardInterrupt, leaves the thread to be joined again."""
    while True:
        until = time.time_ns() + int(PATIENCE * 1e9)
        deadline = Time(until // 1_000_000_000, until % 1_000_000_000)
        failure = _pthread_timedjoin(thread, None, ctypes.byref(deadline))
        # An interrupt may come after a thread has been joined and before anybody knows. What the system knows of it
        # lies on its stack, which is still there.
        if failure in (0, errno.ESRCH):
            return
        if failure != errno.ETIMEDOUT:
            raise OSError(failure, os.strerror(failure))
        poll()
