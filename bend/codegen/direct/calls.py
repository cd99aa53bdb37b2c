"""Calls are counted where functions begin, for programs whose users want to know how many there are.

    f x = y = g x; y    ⇒    f x = count 1; y = g x; y

The count goes wherever a function is inlined, unrolled or looped, so it does not depend on any of that.
"""

from __future__ import annotations

from collections.abc import Collection

from bend.codegen.direct import ir
from bend.records import replace


def count_calls(program: ir.Program, parts: Collection[str]) -> ir.Program:
    """The program whose functions, but for `parts`, which are parts of others, count their calls."""
    def counting(function: ir.Function) -> ir.Function:
        if function.name in parts:
            return function
        return replace(function, body=replace(function.body, bindings=(ir.counted(1), *function.body.bindings)))

    return replace(program, functions={name: counting(function) for name, function in program.functions.items()})
