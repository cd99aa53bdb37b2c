"""Recursive functions that are inlined into themselves, a few levels deep, so that there are fewer calls.

LLVM does not do that. At the bottom stands what the function does where it does not recurse (`shells`).
"""

from __future__ import annotations

from bend.codegen.direct import ir
from bend.codegen.direct.inline import size_of
from bend.codegen.direct.schedule import calls_on_one_way, self_calls
from bend.codegen.direct.shells import shell_of

UNROLLED = 100
"""Bindings and branches of all copies of a function."""
MAX_LEVELS = 4


def unrolled(function: ir.Function, recursive: frozenset[str]) -> list[ir.Function]:
    """The copies of a function, each of which calls the next one where it called itself, and the last one the first:
    one if unrolling does not pay."""
    copies = [function]
    if not _gains(function, recursive):
        return copies
    calls = self_calls(function)
    inlined, size = calls, size_of(function.body)
    while inlined * size <= UNROLLED and len(copies) <= MAX_LEVELS:
        copies.append(function)
        inlined = inlined * calls + calls
    shell = shell_of(function)
    if len(copies) > 1 and shell is not None and inlined * size_of(shell.body) <= UNROLLED:
        copies.append(shell)
    return copies


def _gains(function: ir.Function, recursive: frozenset[str]) -> bool:
    """Whether it pays to inline the calls of a function by itself: it makes several on one way, so that their number
    falls by much, and no other calls that may take long."""
    others = (operation for operation in ir.operations_of(function.body) if not isinstance(operation, ir.Call)
              or operation.function != function.name)
    return calls_on_one_way(function.body, function.name) > 1 and not any(
        isinstance(operation, ir.Apply) or (isinstance(operation, ir.Call) and operation.function in recursive)
        for operation in others)
