"""Calls of a function by itself are moved to where its result is needed, so that more of them become loops.

A call whose result only some arms of a branch need goes into these arms; one whose result is a field of what is given
goes next to where that is made. What nothing needs is not evaluated then (spec 09, R2: the direct engine may skip it).

    f x = y = f (x - 1); switch x { 0: y; _: c = Cons x y; c }
    ⇒
    f x = switch x { 0: do f (x - 1); _: y = f (x - 1); c = Cons x y; c }
"""

from __future__ import annotations

from bend.codegen.direct import ir
from bend.codegen.direct.ir import Binding, Block
from bend.records import replace


def move_calls(program: ir.Program) -> ir.Program:
    """The program with calls moved. A block with several calls of the function keeps them where they are."""
    functions = {name: replace(function, body=_moved(function.body, name, function.results))
                 for name, function in program.functions.items()}
    return replace(program, functions=functions)


def used_in(block: Block) -> set[str]:
    """The variables that a block uses, bound in it or not."""
    used: set[str] = set()
    for part in ir.blocks_within(block):
        for binding in part.bindings:
            used.update([atom.name for atom in ir.atoms_of(binding.operation) if type(atom) is ir.Var])
        used.update([atom.name for atom in ir.atoms_of(part.end) if type(atom) is ir.Var])
    return used


def used_by(step: ir.Operation | ir.End) -> set[str]:
    """The variables that an operation or an end uses, also in blocks inside of it."""
    used = {atom.name for atom in ir.atoms_of(step) if type(atom) is ir.Var}
    for block in ir.blocks_of(step):
        used |= used_in(block)
    return used


def _moved(block: Block, function: str, results: int) -> Block:
    calls = [index for index, binding in enumerate(block.bindings)
             if isinstance(binding.operation, ir.Call) and binding.operation.function == function]
    bindings, end = block.bindings, block.end
    if len(calls) == 1:
        moving = bindings[calls[0]]
        before, after = bindings[:calls[0]], bindings[calls[0] + 1:]
        names = set(moving.names)
        first = next((index for index, binding in enumerate(after)
                      if names & used_by(binding.operation)), len(after))
        at_end = {atom.name for atom in ir.atoms_of(end) if isinstance(atom, ir.Var)}
        if first == len(after) and not names & at_end and isinstance(end, ir.Switch | ir.Match):
            bindings = (*before, *after)
            end = _into_arms(end, moving)
        else:
            bindings = (*before, *after[:first], moving, *after[first:])
    end = ir.map_blocks(end, lambda inner: _moved(inner, function, results))
    if results == 1 and bindings and end == ir.Return(ir.Var(bindings[-1].names[0])):
        last = bindings[-1].operation
        if isinstance(last, ir.Call) and len(bindings[-1].names) == 1:
            return Block(bindings[:-1], ir.Do(last))
    return Block(bindings, end)


def _into_arms(end: ir.Switch | ir.Match, moving: Binding) -> ir.End:
    """The branch with a binding at the beginning of the arms that need it."""
    def arm(block: Block) -> Block:
        return Block((moving, *block.bindings), block.end) if used_in(block) & set(moving.names) else block

    return ir.map_blocks(end, arm)
