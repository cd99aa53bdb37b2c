"""Functions that give tuples give their parts instead (constructed product results).

    f x = …; t = pair a b; t          ⇒    f x = …; returns a, b
    y = f x; l, r = takepair y        ⇒    l, r = f x

Where the tuple itself is needed, it is made after the call.
"""

from __future__ import annotations

from bend.codegen.direct import ir
from bend.codegen.direct.inline import Simplifier, pruned, without_unused
from bend.codegen.direct.ir import Atom, Binding, Block
from bend.records import dataclass, replace


def unpack_results(program: ir.Program) -> ir.Program:
    """The program with functions that give two values."""
    chosen = functions_that_give_pairs(program)
    if not chosen:
        return program
    unpacker = _Unpacker(chosen)
    simplifier = Simplifier(program, 'p')
    functions = {}
    for name, function in program.functions.items():
        if name not in chosen and not any(_calls(operation, chosen) for operation in ir.operations_of(function.body)):
            functions[name] = function
            continue
        body = unpacker.with_parts(function.body, name in chosen)
        body = without_unused(simplifier.simplified(body))
        if name in chosen:
            body = unpacker.returning_parts(body, {})
        functions[name] = replace(function, body=without_unused(body), results=2 if name in chosen else 1)
    return pruned(replace(program, functions=functions))


def functions_that_give_pairs(program: ir.Program) -> set[str]:
    """The functions whose results are tuples that they make, or get from others of this kind."""
    chosen = {name for name, function in program.functions.items() if function.parameters}
    while True:
        wrong = {name for name in chosen if not _gives_pair(program.functions[name].body, chosen, frozenset())}
        if not wrong:
            break
        chosen -= wrong
    # A function that never gives anything stays as it is.
    return {name for name in chosen if _makes_pair(program.functions[name].body)}


def _calls(operation: ir.Operation, chosen: set[str]) -> bool:
    """Whether an operation is a call of one of the chosen functions."""
    return isinstance(operation, ir.Call) and operation.function in chosen


def _makes_pair(block: Block) -> bool:
    return any(isinstance(operation, ir.Pair | ir.Call) for operation in ir.operations_of(block))


def _gives_pair(block: Block, chosen: set[str], known: frozenset[str]) -> bool:
    found = {binding.names[0] for binding in block.bindings
             if isinstance(binding.operation, ir.Pair)
             or (isinstance(binding.operation, ir.Call) and binding.operation.function in chosen)}
    known = known | found
    match block.end:
        case ir.Return(ir.Var(name)):
            return name in known
        case ir.Do(ir.Call(name)):
            return name in chosen
        case ir.Switch() | ir.Match():
            return all(_gives_pair(inner, chosen, known) for inner in ir.blocks_of(block.end))
        case ir.Wrong():
            return True
        case _:
            return False


@dataclass
class _Unpacker:
    chosen: set[str]
    made: int = 0

    def with_parts(self, block: Block, in_chosen: bool) -> Block:
        """Calls of the chosen functions give their parts, from which the tuple is made again."""
        bindings: list[Binding] = []
        for binding in block.bindings:
            operation = binding.operation
            if isinstance(operation, ir.Call) and operation.function in self.chosen:
                bindings += _call_with_parts(operation, binding.names[0])
            elif isinstance(operation, ir.Nested):
                bindings.append(Binding(binding.names, ir.Nested(self.with_parts(operation.block, False))))
            else:
                bindings.append(binding)
        end = block.end
        match end:
            case ir.Do(ir.Call(name) as call) if name in self.chosen and not in_chosen:
                self.made += 1
                made = f'y_p{self.made}'
                bindings += _call_with_parts(call, made)
                end = ir.Return(ir.Var(made))
            case _:
                end = ir.map_blocks(end, lambda inner: self.with_parts(inner, in_chosen))
        return Block(tuple(bindings), end)

    def returning_parts(self, block: Block, known: dict[str, tuple[Atom, Atom]]) -> Block:
        """What gives a tuple gives its parts."""
        known = known | {binding.names[0]: binding.operation.arguments for binding in block.bindings
                         if isinstance(binding.operation, ir.Pair)}
        bindings = block.bindings
        end = block.end
        match end:
            case ir.Return(ir.Var(name)) if name in known:
                end = ir.Returns(known[name])
            case ir.Return(value):
                self.made += 1
                first, second = f'y_p{self.made}.l', f'y_p{self.made}.r'
                bindings = (*bindings, Binding((first, second), ir.TakePair(value)))
                end = ir.Returns((ir.Var(first), ir.Var(second)))
            case _:
                end = ir.map_blocks(end, lambda inner: self.returning_parts(inner, known))
        return Block(bindings, end)


def _call_with_parts(call: ir.Call, name: str) -> list[Binding]:
    first, second = f'{name}.l', f'{name}.r'
    return [Binding((first, second), call), Binding((name,), ir.Pair((ir.Var(first), ir.Var(second))))]
