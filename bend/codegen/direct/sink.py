"""What only one arm of a branch needs is made there, so that the others neither make it nor drop it again.

    c = construct x y; switch z { 0: 1; m: do f c }    ⇒    switch z { 0: 1; m: c = construct x y; do f c }

Nothing is moved past calls, since its operands would have to be kept meanwhile.
"""

from __future__ import annotations

from bend.codegen.direct import ir
from bend.codegen.direct.ir import Binding, Block
from bend.codegen.direct.tails import used_in
from bend.records import replace


def sink(program: ir.Program) -> ir.Program:
    """The program with these bindings moved."""
    functions = {name: replace(function, body=_sunk(function.body)) for name, function in program.functions.items()}
    return replace(program, functions=functions)


def _sunk(block: Block) -> Block:
    end, arms = block.end, list(ir.blocks_of(block.end))
    kept: list[Binding] = []
    used = {atom.name for atom in ir.atoms_of(end) if isinstance(atom, ir.Var)}
    is_past_calls = not arms
    for binding in reversed(block.bindings):
        operation = binding.operation
        is_past_calls = is_past_calls or isinstance(operation, ir.Call | ir.Apply | ir.Nested | ir.Fork)
        if isinstance(operation, ir.Construct | ir.Pair | ir.Partial | ir.Literal) and not is_past_calls:
            needing = [index for index, arm in enumerate(arms) if binding.names[0] in used_in(arm)]
            if len(needing) == 1 and binding.names[0] not in used:
                arm = arms[needing[0]]
                arms[needing[0]] = Block((binding, *arm.bindings), arm.end)
                continue
        if isinstance(operation, ir.Nested):
            binding = replace(binding, operation=ir.Nested(_sunk(operation.block)))
        used |= used_in(Block((binding,), ir.Wrong()))
        kept.append(binding)
    return Block(tuple(reversed(kept)), ir.with_blocks(end, [_sunk(arm) for arm in arms]))
