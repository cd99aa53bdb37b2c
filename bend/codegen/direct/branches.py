"""Branches beside calls of recursive functions are taken first, where one of their arms has nothing to do.

    a = {switch x {0: 0; _: f y}}; b = g z; c = operate + a b; c
    ⇒
    switch x {0: b = g z; c = operate + 0 b; c;  _: a = f y; b = g z; c = operate + a b; c}

So calls become forks only where there is something to do beside them, and what a value costs that one arm needs is not
paid in the other. What comes after the branch is there once for each arm, so it must be small.
"""

from __future__ import annotations

from bend.codegen.direct import ir
from bend.codegen.direct.inline import Simplifier, size_of
from bend.codegen.direct.ir import Binding, Block
from bend.codegen.direct.schedule import heavy_functions
from bend.codegen.direct.tails import used_in
from bend.records import replace

LARGEST = 32
"""Bindings and branches of what may be there twice."""
DEEPEST = 3
"""How many branches are taken first, one inside the other."""


def branch_first(program: ir.Program) -> ir.Program:
    """The program, whose calls are ordered (`schedule`), with branches before what stood beside them."""
    branching = _Branching(heavy_functions(program), Simplifier(program, 'b'))
    functions = {name: replace(function, body=branching.block(function.body, DEEPEST))
                 for name, function in program.functions.items()}
    return replace(program, functions=functions)


class _Branching:
    def __init__(self, heavy: frozenset[str], simplifier: Simplifier) -> None:
        self.heavy = heavy
        self.simplifier = simplifier

    def block(self, block: Block, deepest: int) -> Block:
        """A block, in which so many branches may be taken first."""
        found = next((index for index in range(len(block.bindings)) if self.is_first(block, index)), None)
        if found is not None and deepest:
            return self.taken_first(block, found, deepest)
        return ir.map_inner(block, lambda inner: self.block(inner, deepest))

    def taken_first(self, block: Block, index: int, deepest: int) -> Block:
        """A block that ends with the branch that was the operation of one of its bindings."""
        start, _ = self.group(block, index)
        binding = block.bindings[index]
        assert isinstance(binding.operation, ir.Nested)
        inner = binding.operation.block
        assert isinstance(inner.end, ir.Switch)

        def arm(chosen: Block) -> Block:
            if isinstance(chosen.end, ir.Wrong):
                return chosen
            given = Binding(binding.names, ir.Nested(chosen))
            bindings = (given, *block.bindings[start:index], *block.bindings[index + 1:])
            return self.block(self.simplifier.copied(Block(bindings, block.end)), deepest - 1)

        return Block((*block.bindings[:start], *inner.bindings), ir.map_blocks(inner.end, arm))

    def is_first(self, block: Block, index: int) -> bool:
        """Whether a binding is a branch that should be taken first. A branch on a constructor gives what is none
        (spec 09, R5), so it stays where it is."""
        binding = block.bindings[index]
        if not isinstance(binding.operation, ir.Nested) or not isinstance(binding.operation.block.end, ir.Switch):
            return False
        inner = binding.operation.block
        arms = ir.blocks_of(inner.end)
        if _calls(Block(inner.bindings, ir.Wrong())) or not any(map(_calls, arms)) or all(map(_calls, arms)):
            return False
        start, stop = self.group(block, index)
        beside = (*block.bindings[start:index], *block.bindings[index + 1:])
        names = {name for item in beside[:index - start] for name in item.names}
        others = {name for item in block.bindings[index + 1:stop] for name in used_in(Block((item,), ir.Wrong()))}
        return (stop - start > 1 and not used_in(inner) & names and not others & set(binding.names)
                and size_of(Block(beside, block.end)) <= LARGEST
                # These would have to wait for each other, where the branch as a whole does not.
                and not any(self.is_heavy(item) for chosen in arms for item in chosen.bindings))

    def group(self, block: Block, index: int) -> tuple[int, int]:
        """The bindings around one that take long, as the first one and the one after them."""
        start, stop = index, index + 1
        while start > 0 and self.is_heavy(block.bindings[start - 1]):
            start -= 1
        while stop < len(block.bindings) and self.is_heavy(block.bindings[stop]):
            stop += 1
        return start, stop

    def is_heavy(self, binding: Binding) -> bool:
        """Whether a binding may take long."""
        return any(isinstance(item, ir.Call) and item.function in self.heavy
                   for item in ir.operations_of(Block((binding,), ir.Wrong())))


def _calls(block: Block) -> bool:
    """Whether anything is called in a block."""
    return any(isinstance(item, ir.Call | ir.Apply) for item in ir.operations_of(block))
