"""Parameters that no register is left for are passed in memory of the worker.

Calls that take the place of their caller must not have arguments on the stack: LLVM (up to 22 at least) leaves out the
stores of these. So every function of the `tail` convention has only as many parameters as there are registers; callers
put the others into `Worker.spill` right before the call, and the function takes them from there first of all.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from typing import cast

from bend.codegen import lir
from bend.codegen.direct import values as val
from bend.codegen.direct.context import WORKER
from bend.codegen.direct.ir import Unsupported
from bend.codegen.direct.values import u64
from bend.codegen.lir_walk import mapped, with_blocks

INTEGERS, FLOATS = 6, 8
"""How many parameters of each kind are passed in registers on all machines that we know."""
MOST = 64
"""The words of `Worker.spill`."""
SPILL = lir.FieldAddress(WORKER, 'spill', lir.Ptr(lir.Array(lir.U64, MOST)))


def spill_parameters(functions: Sequence[lir.Function]) -> list[lir.Function]:
    """The same functions with their parameters in registers. Raises `Unsupported` if one has too many."""
    spilled = {function.name: places for function in functions
               if function.tail and (places := _spilled(function.parameters))}
    if not spilled:
        return list(functions)
    if max(map(len, spilled.values())) > MOST:
        raise Unsupported('a function has too many parameters')
    return [_with_registers(function, spilled) for function in functions]


def _spilled(parameters: Iterable[tuple[str, lir.Type]]) -> tuple[int, ...]:
    """The indices of parameters that no register is left for."""
    left = {True: FLOATS, False: INTEGERS}
    found = []
    for index, (_, type_) in enumerate(parameters):
        left[type_ == lir.F32] -= 1
        if left[type_ == lir.F32] < 0:
            found.append(index)
    return tuple(found)


def _with_registers(function: lir.Function, spilled: dict[str, tuple[int, ...]]) -> lir.Function:
    places = spilled.get(function.name, ())
    start = []
    for number, index in enumerate(places):
        local = lir.Local(*function.parameters[index])
        start.append(lir.Assign(local, val.of_bits(lir.Load(lir.IndexAddress(SPILL, u64(number))), local.type)))
    parameters = tuple(item for index, item in enumerate(function.parameters) if index not in places)
    return dataclasses.replace(function, parameters=parameters, body=(*start, *_block(function.body, spilled)))


def _block(block: lir.Block, spilled: dict[str, tuple[int, ...]]) -> lir.Block:
    return tuple(result for statement in block for result in _statement(statement, spilled))


def _statement(statement: lir.Stmt, spilled: dict[str, tuple[int, ...]]) -> Iterator[lir.Stmt]:
    """A statement after the stores that the call in it needs; conditions call nothing of this kind."""
    stores: list[lir.Stmt] = []

    def changed(item: lir.Expr) -> lir.Expr:
        if isinstance(item, lir.Call) and item.function in spilled:
            assert not stores, 'one call a statement'
            places = spilled[item.function]
            for number, index in enumerate(places):
                bits = val.as_bits(item.arguments[index])
                stores.append(lir.Store(lir.IndexAddress(SPILL, u64(number)), bits))
            return dataclasses.replace(item, arguments=tuple(
                argument for index, argument in enumerate(item.arguments) if index not in places))
        return cast(lir.Expr, mapped(item, changed))

    has_blocks = isinstance(statement, lir.If | lir.While | lir.Switch)
    result = with_blocks(statement, lambda block: _block(block, spilled)) if has_blocks else mapped(statement, changed)
    yield from stores
    yield result
