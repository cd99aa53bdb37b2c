"""Room for recursion over terms that are nested very deeply."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import TypeVar

from bend.diagnostics import BendError, error

T = TypeVar('T')

STACK_SIZES = (1 << 30, 64 << 20)
STACK_PER_CALL = 1 << 10
"""What a call that is not the interpreter's own affair (such as one by `map`) takes of the stack, at most."""


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

    usual_limit = sys.getrecursionlimit()
    try:
        _start_deep_thread(work).join()
    finally:
        sys.setrecursionlimit(usual_limit)
    if not problems:
        return outcome[0]
    if isinstance(problems[0], RecursionError):
        raise BendError(error('nesting', 'The program is nested too deeply.',
                              hint='Split the deepest expression into several definitions.')) from None
    if isinstance(problems[0], MemoryError):
        raise BendError(error('out-of-memory', 'There is not enough memory to compile the program.')) from None
    raise problems[0]


def _start_deep_thread(work: Callable[[], None]) -> threading.Thread:
    usual_size = threading.stack_size()
    for size in STACK_SIZES:
        thread = threading.Thread(target=work, daemon=True)
        threading.stack_size(size)
        try:
            sys.setrecursionlimit(size // STACK_PER_CALL)
            thread.start()
            return thread
        except RuntimeError:  # the system refuses so much address space
            continue
        finally:
            threading.stack_size(usual_size)
    raise BendError(error('out-of-memory', 'There is not enough address space to compile the program.'))
