"""The order of bindings: what is cheap comes first, calls of recursive functions as late as possible.

So a value is looked at before it is given away to a function that uses its cells again, and calls that do not need each
other's results stand side by side, where they can become forks.
"""

from __future__ import annotations

from collections.abc import Sequence

from bend.codegen.direct import ir
from bend.codegen.direct.inline import references_of
from bend.codegen.direct.ir import Binding, Block
from bend.codegen.direct.tails import used_by
from bend.hvm.walk import components
from bend.reached import reached
from bend.records import replace


def order_calls(program: ir.Program) -> ir.Program:
    """The program with the bindings of all blocks in that order."""
    heavy = heavy_functions(program)
    functions = {name: replace(function, body=_ordered(function.body, heavy))
                 for name, function in program.functions.items()}
    return replace(program, functions=functions)


def heavy_functions(program: ir.Program) -> frozenset[str]:
    """The functions that call themselves other than in place of themselves, and those that call such ones."""
    callers: dict[str, set[str]] = {}
    for name, function in program.functions.items():
        for found in references_of(function.body):
            callers.setdefault(found, set()).add(name)
    heavy = {name for name, function in program.functions.items() if self_calls(function)}
    return frozenset(reached(heavy | _mutual(program), lambda name: callers.get(name, ())))


def self_calls(function: ir.Function) -> int:
    """How many calls of itself a function has that do not take its place."""
    calls = 0
    for block in ir.blocks_within(function.body):
        for binding in block.bindings:
            operation = binding.operation
            several = (operation.first, *operation.calls) if isinstance(operation, ir.Fork) else (operation,)
            calls += sum(isinstance(item, ir.Call) and item.function == function.name for item in several)
    return calls


def calls_on_one_way(block: Block, function: str) -> int:
    """How many calls of a function that do not take the place of the caller are made at most when a block runs."""
    calls = 0
    for binding in block.bindings:
        operation = binding.operation
        several = (operation.first, *operation.calls) if isinstance(operation, ir.Fork) else (operation,)
        calls += sum(isinstance(item, ir.Call) and item.function == function for item in several)
        calls += sum(calls_on_one_way(inner, function) for inner in ir.blocks_of(operation))
    return calls + max((calls_on_one_way(inner, function) for inner in ir.blocks_of(block.end)), default=0)


def _mutual(program: ir.Program) -> set[str]:
    """The functions that lead to themselves through others."""
    callees = {name: references_of(function.body) for name, function in program.functions.items()}
    return {name for members in components(callees) if len(members) > 1 for name in members}


def is_heavy(binding: Binding, heavy: frozenset[str]) -> bool:
    """Whether a binding calls a function of that kind."""
    return isinstance(binding.operation, ir.Call) and binding.operation.function in heavy


def _ordered(block: Block, heavy: frozenset[str]) -> Block:
    block = ir.map_inner(block, lambda inner: _ordered(inner, heavy))
    if not any(is_heavy(binding, heavy) for binding in block.bindings):
        return block
    return Block(tuple(_late_calls(block.bindings, heavy)), block.end)


def _late_calls(bindings: Sequence[Binding], heavy: frozenset[str]) -> list[Binding]:
    """Bindings in waves: all that is cheap and needs no call that still waits, then the calls that can go on."""
    known: dict[str, int] = {}
    waves: list[tuple[int, bool]] = []
    for binding in bindings:
        wave = max((known.get(name, 0) for name in used_by(binding.operation)), default=0)
        is_call = is_heavy(binding, heavy)
        waves.append((wave, is_call))
        # What depends on a call of this wave waits for the next one.
        known.update(dict.fromkeys(binding.names, wave + is_call))
    return [bindings[index] for index in sorted(range(len(bindings)), key=waves.__getitem__)]
