"""Room for recursion over terms that are nested very deeply."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from bend.diagnostics import BendError, error

T = TypeVar('T')

STACK_SIZES = (1 << 30, 64 << 20)
STACK_PER_CALL = 1 << 10
"""What a call that is not the interpreter's own affair (such as one by `map`) takes of the stack, at most."""

_lock = threading.Lock()
"""Guards the settings, which are those of the whole process."""
_users = 0
_usual_limit = 0


def with_deep_stack(action: Callable[[], T]) -> T:
    """The action's result, computed where terms nested very deeply may be walked by recursion. Too deep even for
    that is a `BendError`, and so is running out of memory."""
    outcome: list[T] = []
    problems: list[BaseException] = []

    def work() -> None:
        try:
            outcome.append(action())
        except BaseException as problem:  # carried over to the thread that waits
            problems.append(problem)

    with _deep_recursion():
        start_deep_thread(work).join()
    if not problems:
        return outcome[0]
    if isinstance(problems[0], RecursionError):
        raise BendError(error('nesting', 'The program is nested too deeply.',
                              hint='Split the deepest expression into several definitions.')) from None
    if isinstance(problems[0], MemoryError):
        raise BendError(error('out-of-memory', 'There is not enough memory to compile the program.')) from None
    raise problems[0]


@contextmanager
def _deep_recursion() -> Iterator[None]:
    """Lets the process recurse as deep as the largest stack has room for, until nobody wants that any more."""
    global _users, _usual_limit
    with _lock:
        if _users == 0:
            _usual_limit = sys.getrecursionlimit()
            sys.setrecursionlimit(STACK_SIZES[0] // STACK_PER_CALL)
        _users += 1
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if _users == 0:
                sys.setrecursionlimit(_usual_limit)


def start_deep_thread(work: Callable[[], None]) -> threading.Thread:
    """A thread with a large stack, which the process does not wait for when it ends. Raises `BendError` if there is not
    enough address space."""
    with _lock:
        usual_size = threading.stack_size()
        for size in STACK_SIZES:
            thread = threading.Thread(target=work, daemon=True)
            threading.stack_size(size)
            try:
                thread.start()
                return thread
            except RuntimeError:  # the system refuses so much address space
                sys.setrecursionlimit(STACK_SIZES[-1] // STACK_PER_CALL)
            finally:
                threading.stack_size(usual_size)
    raise BendError(error('out-of-memory', 'There is not enough address space to compile the program.'))
