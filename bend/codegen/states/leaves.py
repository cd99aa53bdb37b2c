"""The ends of recursions are done by those who would call them.

    f n x = switch n { 0: * x x;  m: a = f m x; b = f m (+ x 1); + a b }
    ⇒
    f n x = switch n { 0: * x x;  m: switch m { 0: a = * x x; c = + x 1; b = * c c; + a b;
                                                _: a = f m x; b = f m (+ x 1); + a b } }

A tree of calls has as many leaves as all other nodes together, and each call that becomes a state costs a frame or an
entry of the stack. Where several calls side by side test the same number, one test serves all of them. So it does where
the caller tests that number afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import prod

from bend.codegen.direct import ir
from bend.codegen.direct.inline import Simplifier, references_of, size_of
from bend.codegen.direct.ir import Atom, Binding, Block
from bend.codegen.direct.schedule import heavy_functions, is_heavy
from bend.codegen.direct.tails import used_in

LARGEST_LEAF = 12
"""Bindings and branches of what stands in the place of a call."""
LARGEST = 64
"""Those of all copies of what comes after the calls."""
MOST_ENDS = 4
"""How often that is there at most."""


def inline_leaves(program: ir.Program) -> ir.Program:
    """The program, whose calls are ordered (`bend.codegen.direct.schedule`), with the ends of recursions in it."""
    leaves = _Leaves(program)
    for name in program.functions:
        leaves.function(name)
    return leaves.simplifier.placed(replace(program, functions={name: leaves.done[name] for name in program.functions}))


@dataclass(frozen=True, slots=True)
class Leaf:
    """How a recursion ends: which parameter is zero then, what the function does, where it branches on that, and in how
    many places this ends."""

    function: ir.Function
    parameter: int
    block: Block
    place: int
    ends: int


class _Leaves:
    def __init__(self, program: ir.Program) -> None:
        self.program = program
        self.heavy = heavy_functions(program)
        self.simplifier = Simplifier(program, 'l')
        self.leaves: dict[str, Leaf] = {}
        self.done: dict[str, ir.Function] = {}
        self.active: set[str] = set()

    def function(self, name: str) -> None:
        """Changes a function, after those that it calls."""
        if name in self.done or name in self.active:
            return
        self.active.add(name)
        function = self.program.functions[name]
        for called in references_of(function.body):
            if called in self.program.functions:
                self.function(called)
        body = self.split(function.body)
        leaf = _leaf_of(function, body) if name in self.heavy else None
        if leaf is not None:
            self.leaves[name] = leaf
        self.done[name] = replace(function, body=self.inside(body))

    def block(self, block: Block) -> Block:
        """A block, and all that is inside it."""
        return self.split(self.inside(block))

    def inside(self, block: Block) -> Block:
        """A block whose parts are changed."""
        bindings = tuple(replace(binding, operation=ir.Nested(self.block(binding.operation.block)))
                         if isinstance(binding.operation, ir.Nested) else binding for binding in block.bindings)
        end = block.end
        match end:
            case ir.Switch():
                end = replace(end, zero=self.block(end.zero), successor=self.block(end.successor))
            case ir.Match():
                end = replace(end, arms=tuple(replace(arm, block=self.block(arm.block)) for arm in end.arms))
            case _:
                pass
        return Block(bindings, end)

    def split(self, block: Block) -> Block:
        """A block that ends with a test whether recursions that it begins are at their ends, if it begins some."""
        for start, stop in self.groups(block):
            group, rest = block.bindings[start:stop], Block(block.bindings[stop:], block.end)
            tested = self.tested(group, rest)
            chosen = [item for item in group if tested is not None and self.test_of(item) == tested]
            ends = prod(self.leaf(item).ends for item in chosen)
            if tested is not None and ends <= MOST_ENDS and ends * size_of(rest) <= LARGEST:
                return Block(block.bindings[:start], self.test(tested, group, chosen, rest))
        return block

    def test(self, tested: Atom, group: Sequence[Binding], chosen: Sequence[Binding], rest: Block) -> ir.Switch:
        """The test, with the ends of chosen calls of a group in one of its arms."""
        first = chosen[0].operation
        assert isinstance(first, ir.Call)
        place = self.simplifier.called_from(self.leaf(chosen[0]).place, first)
        zero = Block((*(item for item in group if item not in chosen), *rest.bindings), rest.end)
        more, predecessor = rest, f'{chosen[0].names[0]}.less'
        if isinstance(rest.end, ir.Switch) and rest.end.value == tested:
            zero = Block((*zero.bindings, *rest.end.zero.bindings), rest.end.zero.end)
            more = Block((*rest.bindings, *rest.end.successor.bindings), rest.end.successor.end)
            predecessor = rest.end.predecessor
        for item in reversed(chosen):
            zero = self.grafted(item, zero)
        return ir.Switch(tested, zero, predecessor, Block((*group, *more.bindings), more.end), place)

    def groups(self, block: Block) -> Iterator[tuple[int, int]]:
        """Calls of recursive functions that stand side by side and do not need each other, as the first one and what
        is after the last one."""
        start, names = 0, set[str]()
        for index, item in enumerate(block.bindings):
            is_one = is_heavy(item, self.heavy)
            if not is_one or used_in(Block((item,), ir.Wrong())) & names:
                if start < index:
                    yield start, index
                start, names = index, set()
            if is_one:
                names.update(item.names)
            else:
                start = index + 1
        if start < len(block.bindings):
            yield start, len(block.bindings)

    def tested(self, group: Sequence[Binding], rest: Block) -> Atom | None:
        """What calls side by side test first, if it is the same in several, or the caller tests it, too."""
        tests = [test for item in group if (test := self.test_of(item)) is not None]
        after = rest.end.value if isinstance(rest.end, ir.Switch) else None
        return next((test for test in tests if tests.count(test) > 1 or test == after), None)

    def leaf(self, binding: Binding) -> Leaf:
        """The end of the recursion that a binding begins."""
        assert isinstance(binding.operation, ir.Call)
        return self.leaves[binding.operation.function]

    def test_of(self, binding: Binding) -> Atom | None:
        """The variable that the function tests first which a binding calls."""
        if not isinstance(binding.operation, ir.Call) or binding.operation.function not in self.leaves:
            return None
        atom = binding.operation.arguments[self.leaf(binding).parameter]
        return atom if isinstance(atom, ir.Var) else None

    def grafted(self, binding: Binding, rest: Block) -> Block:
        """The end of a recursion, and then the rest that uses what it gives."""
        assert isinstance(binding.operation, ir.Call)
        leaf = self.leaf(binding)
        copy = self.simplifier.copied_for(binding.operation, leaf.function, leaf.block)
        return self.continued(copy, binding.names, rest)

    def continued(self, block: Block, names: tuple[str, ...], rest: Block) -> Block:
        """A block that goes on with the rest where it would give values."""
        match block.end:
            case ir.Switch() as end:
                return Block(block.bindings, replace(end, zero=self.continued(end.zero, names, rest),
                                                     successor=self.continued(end.successor, names, rest)))
            case ir.Return(value):
                values: tuple[Atom, ...] = (value,)
            case ir.Returns(both):
                values = both
            case _:
                return block
        copy = self.simplifier.copied(rest, dict(zip(names, values, strict=True)))
        return Block((*block.bindings, *copy.bindings), copy.end)


def _leaf_of(function: ir.Function, body: Block) -> Leaf | None:
    """How the recursion of a function ends, if it branches on a parameter first, and calls nothing where that is
    zero."""
    match body:
        case Block((), ir.Switch(ir.Var(name), zero, _, _, place)) if name in function.parameters:
            ends = _ends_of(zero)
            if 0 < ends <= MOST_ENDS and size_of(zero) <= LARGEST_LEAF:
                return Leaf(function, function.parameters.index(name), zero, place, ends)
    return None


def _ends_of(block: Block) -> int:
    """In how many places a block gives something, 0 if it also calls something or branches on a constructor."""
    if any(isinstance(item.operation, ir.Call | ir.Apply | ir.Nested | ir.Fork) for item in block.bindings):
        return 0
    match block.end:
        case ir.Return() | ir.Returns():
            return 1
        case ir.Switch(_, zero, _, successor):
            first, second = _ends_of(zero), _ends_of(successor)
            return first + second if first and second else 0
        case _:
            return 0
