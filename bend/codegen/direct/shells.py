"""What stands at the bottom of an unrolled recursive function: the function where it does not recurse.

    f n x = switch n { 0: * x x; m: a = f m x; b = f m x; + a b }
    ⇒
    f n x = switch n { 0: * x x; m: do f n x }

Inlined in the place of the deepest calls, it saves the calls that would only find the recursion at its end. Without it,
a tree whose depth is a multiple of the levels that are unrolled has a call for each leaf.
"""

from __future__ import annotations

from bend.codegen.direct import ir
from bend.codegen.direct.ir import Block
from bend.records import replace


def shell_of(function: ir.Function) -> ir.Function | None:
    """The function with its calls of itself, and all that goes with them, replaced by a call of the function again;
    None if nothing but such calls would be left, or if what comes before its branches cannot be done twice."""
    again = ir.Do(ir.Call(function.name, tuple(ir.Var(name) for name in function.parameters)))
    body = _shell(function.body, function.name, Block((), again))
    return None if body.end == again else replace(function, body=body)


def _shell(block: Block, name: str, again: Block) -> Block:
    if not any(name in _called(operation) for operation in ir.operations_of(block)):
        return block
    if not all(isinstance(binding.operation, ir.Operate | ir.Cast) for binding in block.bindings):
        return again
    arms = tuple(_shell(arm, name, again) for arm in ir.blocks_of(block.end))
    return again if all(arm == again for arm in arms) else Block(block.bindings, ir.with_blocks(block.end, arms))


def _called(operation: ir.Operation) -> tuple[str, ...]:
    match operation:
        case ir.Call(function):
            return (function,)
        case ir.Fork(first, calls):
            return (*_called(first), *(call.function for call in calls))
        case _:
            return ()
