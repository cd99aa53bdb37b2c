"""Recursive functions that are inlined into themselves, a few levels deep, so that there are fewer calls.

LLVM does not do that. At the bottom stands what the function does where it does not recurse (`shells`).
"""

from __future__ import annotations

from collections.abc import Sequence

from bend.codegen import lir
from bend.codegen.direct import ir
from bend.codegen.direct.inline import size_of
from bend.codegen.direct.schedule import calls_on_one_way, self_calls
from bend.codegen.direct.shells import shell_of
from bend.records import dataclass, replace

UNROLLED = 100
"""Bindings and branches of all copies of a function."""
UNROLLED_CELLS = 30
"""Those of functions that make cells or take them apart, in programs that unroll more than a `FEW` of these: their code
is long, and they gain less. One that is too large for that still gets what stands at its bottom."""
FEW = 4
MAX_LEVELS = 4


@dataclass(frozen=True, slots=True)
class Copy:
    """Which copy of a function one is: 0 is the function itself, and `levels` how many there are besides it. The one
    after these does a single level, where depths are evened out."""

    level: int = 0
    levels: int = 0

    @property
    def is_single(self) -> bool:
        """Whether this is the one that does a single level."""
        return self.level > self.levels

    @property
    def single(self) -> Copy:
        """The one that does a single level."""
        return replace(self, level=self.levels + 1)

    @property
    def next(self) -> Copy:
        """The one that is called where the function calls itself."""
        return replace(self, level=self.level + 1 if self.level < self.levels else 0)


ONLY_COPY = Copy()
"""The only copy of a function that is not unrolled."""


def unrolling_limits(program: ir.Program, recursive: frozenset[str]) -> dict[str, int]:
    """The functions that it pays to unroll, each with the bindings and branches that all of its copies may have."""
    found = {name: has_cells(function) for name, function in program.functions.items() if _gains(function, recursive)}
    of_cells = UNROLLED if sum(found.values()) <= FEW else UNROLLED_CELLS
    return {name: of_cells if has_cells else UNROLLED for name, has_cells in found.items()}


def unrolled(function: ir.Function, limit: int) -> list[ir.Function]:
    """The copies of a function, each of which calls the next one where it called itself, and the last one the first:
    one if it is too large."""
    copies = [function]
    calls = self_calls(function)
    inlined, size = calls, size_of(function.body)
    while inlined * size <= limit and len(copies) <= MAX_LEVELS:
        copies.append(function)
        inlined = inlined * calls + calls
    shell = shell_of(function)
    if (len(copies) > 1 or limit < UNROLLED) and shell is not None and inlined * size_of(shell.body) <= limit:
        copies.append(shell)
    return copies


def has_cells(function: ir.Function) -> bool:
    """Whether a function makes cells or takes some apart."""
    return any(isinstance(block.end, ir.Match) for block in ir.blocks_within(function.body)) or any(
        isinstance(operation, ir.Construct | ir.Pair | ir.TakePair | ir.Partial)
        for operation in ir.operations_of(function.body))


def _gains(function: ir.Function, recursive: frozenset[str]) -> bool:
    """Whether it pays to inline the calls of a function by itself: it makes several on one way, so that their number
    falls by much, and no other calls that may take long."""
    others = (operation for operation in ir.operations_of(function.body) if not isinstance(operation, ir.Call)
              or operation.function != function.name)
    return calls_on_one_way(function.body, function.name) > 1 and not any(
        isinstance(operation, ir.Apply) or (isinstance(operation, ir.Call) and operation.function in recursive)
        for operation in others)


def counts_down(function: ir.Function) -> str | None:
    """The parameter, a number, that is one less in each call of a function by itself, and ends the recursion at 0."""
    end = function.body.end
    if function.body.bindings or not isinstance(end, ir.Switch) or not isinstance(end.value, ir.Var):
        return None
    name = end.value.name
    if name not in function.parameters:
        return None
    index, less = function.parameters.index(name), ir.Var(end.predecessor)
    several = ((operation.first, *operation.calls) if isinstance(operation, ir.Fork) else (operation,)
               for operation in ir.operations_of(function.body))
    own = (call for calls in several for call in calls if isinstance(call, ir.Call) and call.function == function.name)
    return name if all(call.arguments[index] == less for call in own) else None


def depth_to_even(copies: Sequence[ir.Function]) -> str | None:
    """The parameter that says how deep an unrolled function goes, if it pays to begin with single levels until that is
    a multiple of those that are unrolled: if the last copy is what stands at the bottom, where all leaves are then.
    Functions that make cells or take them apart gain nothing: sorts take 1.15 times as long."""
    function, last = copies[0], copies[-1]
    if last is function or len(copies) < 3 or has_cells(function):
        return None
    return counts_down(function)


def evened_out(depth: lir.Expr, levels: int, single: lir.Call) -> lir.Stmt:
    """Goes on with a `single` level if a depth is no multiple of the levels that are unrolled."""
    rest = lir.Binary('rem', depth, lir.Const(levels, lir.U32))
    is_uneven = lir.Intrinsic('unlikely', (lir.Compare('ne', rest, lir.Const(0, lir.U32)),))
    return lir.If(is_uneven, (lir.Return(single),))
