"""Blocks that are done beside forked calls become functions, so that they are calls as well.

    a, b = {c = f x; g c} | h y     ⇒     a, b = f.beside x | h y     with     f.beside x = c = f x; g c
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from bend.codegen.direct import ir
from bend.codegen.direct.ir import Block
from bend.codegen.direct.tails import used_in
from bend.records import replace


def outline_forks(program: ir.Program) -> ir.Program:
    """The program, none of whose forks has a block as its first operation."""
    outlining = _Outlining(program)
    functions = {name: replace(function, body=outlining.function(function)) for name, function
                 in program.functions.items()}
    return replace(program, functions={**functions, **outlining.made})


class _Outlining:
    def __init__(self, program: ir.Program) -> None:
        self.program = program
        self.made: dict[str, ir.Function] = {}
        self.inside = ''

    def function(self, function: ir.Function) -> Block:
        """The body of a function."""
        self.inside = function.name
        return self.block(function.body)

    def block(self, block: Block) -> Block:
        """A block with all in it."""
        bindings = tuple(replace(binding, operation=self.operation(binding.operation)) for binding in block.bindings)
        return Block(bindings, ir.map_blocks(block.end, self.block))

    def operation(self, operation: ir.Operation) -> ir.Operation:
        """An operation; a block beside forked calls is a call of a new function."""
        match operation:
            case ir.Nested(block):
                return ir.Nested(self.block(block))
            case ir.Fork(ir.Nested(block), calls):
                return ir.Fork(self.outlined(self.block(block)), calls)
            case _:
                return operation

    def outlined(self, block: Block) -> ir.Call:
        """The call of a function for a block. Variables are unique, so its parameters have new names."""
        name = f'{self.inside}.beside{len(self.made)}'
        free = sorted(used_in(block) - bound_in(block))
        renaming = {variable: f'{variable}.{name}' for variable in free}
        parameters = tuple(renaming.values())
        origin = self.program.functions[self.inside].origin
        self.made[name] = ir.Function(name, parameters, renamed(block, renaming), origin)
        return ir.Call(name, tuple(ir.Var(variable) for variable in free))


def bound_in(block: Block) -> set[str]:
    """The variables that a block binds."""
    bound: set[str] = set()
    for part in ir.blocks_within(block):
        for binding in part.bindings:
            bound.update(binding.names)
        match part.end:
            case ir.Switch(_, _, predecessor):
                bound.add(predecessor)
            case ir.Match(_, arms):
                bound.update(name for arm in arms for name in arm.fields)
            case _:
                pass
    return bound


def renamed(item: Any, names: Mapping[str, str]) -> Any:
    """A block with other names for variables that it does not bind."""
    if isinstance(item, ir.Var):
        return ir.Var(names.get(item.name, item.name))
    if isinstance(item, tuple):
        return tuple(renamed(part, names) for part in item)
    if is_dataclass(item) and not isinstance(item, type):
        return replace(item, **{field.name: renamed(getattr(item, field.name), names) for field in fields(item)})
    return item
