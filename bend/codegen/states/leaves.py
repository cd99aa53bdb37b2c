"""The ends of recursions are done by those who would call them.

    f n x = switch n { 0: * x x;  m: a = f m x; b = f m (+ x 1); + a b }
    ⇒
    f n x = switch n { 0: * x x;  m: switch m { 0: a = * x x; c = + x 1; b = * c c; + a b;
                                                _: a = f m x; b = f m (+ x 1); + a b } }

A tree of calls has as many leaves as all other nodes together, and each call that becomes a state costs a frame or an
entry of the stack. Where several calls side by side test the same number, one test serves all of them. So it does where
the caller tests that number afterwards. Two calls side by side that test different values have a test each.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from bend.codegen.direct import ir
from bend.codegen.direct.flow import ERASER, NUMBERS, analyse
from bend.codegen.direct.inline import Simplifier, references_of, size_of
from bend.codegen.direct.ir import Atom, Binding, Block
from bend.codegen.direct.schedule import heavy_functions, is_heavy
from bend.codegen.direct.tails import used_in
from bend.hvm.actions import MAGIC
from bend.records import dataclass, replace

LARGEST_LEAF = 12
"""Bindings and branches of what stands in the place of a call."""
LARGEST = 64
"""Those of all copies of what comes after the calls."""
COPIES = 4
"""How often that is there where each of two calls has a test of its own."""


def inline_leaves(program: ir.Program) -> ir.Program:
    """The program, whose calls are ordered (`bend.codegen.direct.schedule`), with the ends of recursions in it."""
    leaves = _Leaves(program)
    for name in program.functions:
        leaves.function(name)
    return leaves.simplifier.placed(replace(program, functions={name: leaves.done[name] for name in program.functions}))


@dataclass(frozen=True, slots=True)
class Leaf:
    """How recursions of a function end: it branches on a parameter first, and in some arms it calls nothing. `ends`
    says in which ones, in the order of `ir.blocks_of`."""

    function: ir.Function
    parameter: int
    branch: ir.Switch | ir.Match
    ends: tuple[bool, ...]

    @property
    def is_zero(self) -> bool:
        """Whether a recursion ends where a number is zero."""
        return isinstance(self.branch, ir.Switch) and self.ends[0]


class _Leaves:
    def __init__(self, program: ir.Program) -> None:
        self.program = program
        self.heavy = heavy_functions(program)
        self.simplifier = Simplifier(program, 'l')
        self.sets = {} if _acts(program) else analyse(program).sets
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
        leaf = self.leaf_of(function, body) if name in self.heavy else None
        if leaf is not None:
            self.leaves[name] = leaf
        self.done[name] = replace(function, body=ir.map_inner(body, self.block))

    def leaf_of(self, function: ir.Function, body: Block) -> Leaf | None:
        """How recursions of a function end, if they do so where it branches on a parameter first."""
        branch = body.end
        if (body.bindings or not isinstance(branch, ir.Switch | ir.Match) or not isinstance(branch.value, ir.Var)
                or branch.value.name not in function.parameters):
            return None
        # A branch on constructors gives numbers as they are (spec 09, R5).
        if isinstance(branch, ir.Match) and self.sets.get(branch.value.name, NUMBERS) & (NUMBERS | ERASER):
            return None
        arms = ir.blocks_of(branch)
        ends = tuple(size_of(arm) <= LARGEST_LEAF and _is_end(arm) for arm in arms)
        if not any(ends) or all(ends):
            return None
        return Leaf(function, function.parameters.index(branch.value.name), branch, ends)

    def block(self, block: Block) -> Block:
        """A block, and all that is inside it."""
        return self.split(ir.map_inner(block, self.block))

    def split(self, block: Block) -> Block:
        """A block that ends with a test whether recursions that it begins are at their ends, if it begins some."""
        for start, stop in self.groups(block):
            group, rest = block.bindings[start:stop], Block(block.bindings[stop:], block.end)
            tested = self.tested(group, rest)
            chosen = [item for item in group if tested is not None and self.test_of(item) == tested]
            if tested is not None and size_of(rest) <= LARGEST:
                return Block(block.bindings[:start], self.test(tested, group, chosen, rest))
            if len(group) == 2 and all(map(self.has_leaf, group)) and COPIES * size_of(rest) <= LARGEST:
                tests = self.tests(group, group, rest)
                return Block((*block.bindings[:start], *tests.bindings), tests.end)
        return block

    def tests(self, group: Sequence[Binding], untested: Sequence[Binding], rest: Block) -> Block:
        """Calls side by side and the rest, with a test for each of those that are not tested yet."""
        if not untested:
            return Block((*group, *rest.bindings), rest.end)
        first, later = untested[0], untested[1:]
        leaf, call = self.leaf(first), first.operation
        assert isinstance(call, ir.Call)
        without = self.tests([item for item in group if item is not first], later, rest)
        going_on = self.tests(group, later, rest)

        def arm(block: Block, ends: bool, names: Mapping[str, Atom]) -> Block:
            if not ends:
                return self.simplifier.copied(going_on)
            return self.continued(self.simplifier.copied_for(call, leaf.function, block, names), first.names, without)

        value = call.arguments[leaf.parameter]
        place = self.simplifier.called_from(leaf.branch.place, call)
        match leaf.branch:
            case ir.Switch(_, zero, predecessor, successor):
                less = self.simplifier.fresh(predecessor)
                return Block((), ir.Switch(value, arm(zero, leaf.ends[0], {}), less,
                                           arm(successor, leaf.ends[1], {predecessor: ir.Var(less)}), place))
            case ir.Match(_, arms):
                changed = []
                for item, ends in zip(arms, leaf.ends, strict=True):
                    names = {name: ir.Var(self.simplifier.fresh(name)) for name in item.fields}
                    fields = tuple(new.name for new in names.values())
                    changed.append(ir.Arm(item.constructor, fields, arm(item.block, ends, names)))
                return Block((), ir.Match(value, tuple(changed), place))

    def test(self, tested: Atom, group: Sequence[Binding], chosen: Sequence[Binding], rest: Block) -> ir.Switch:
        """The test, with the ends of chosen calls of a group in one of its arms."""
        first = chosen[0].operation
        assert isinstance(first, ir.Call)
        place = self.simplifier.called_from(self.leaf(chosen[0]).branch.place, first)
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
        """The variable that ends the recursion which a binding begins, where it is zero."""
        if not self.has_leaf(binding) or not self.leaf(binding).is_zero:
            return None
        assert isinstance(binding.operation, ir.Call)
        atom = binding.operation.arguments[self.leaf(binding).parameter]
        return atom if isinstance(atom, ir.Var) else None

    def has_leaf(self, binding: Binding) -> bool:
        """Whether it is known how the recursion ends that a binding begins."""
        return isinstance(binding.operation, ir.Call) and binding.operation.function in self.leaves

    def grafted(self, binding: Binding, rest: Block) -> Block:
        """The end of a recursion, and then the rest that uses what it gives."""
        assert isinstance(binding.operation, ir.Call)
        leaf = self.leaf(binding)
        assert isinstance(leaf.branch, ir.Switch)
        copy = self.simplifier.copied_for(binding.operation, leaf.function, leaf.branch.zero, {})
        return self.continued(copy, binding.names, rest)

    def continued(self, block: Block, names: tuple[str, ...], rest: Block) -> Block:
        """A block, and then the rest that uses what it gives."""
        given = Binding(names, ir.Nested(block))
        return self.simplifier.copied(Block((given, *rest.bindings), rest.end))


def _acts(program: ir.Program) -> bool:
    """Whether a program may perform actions, whose outcomes may be anything."""
    numbers = {atom.word for function in program.functions.values() for part in ir.blocks_within(function.body)
               for step in (*(binding.operation for binding in part.bindings), part.end)
               for atom in ir.atoms_of(step) if isinstance(atom, ir.Num)}
    return numbers.issuperset(MAGIC)


def _is_end(block: Block) -> bool:
    """Whether a block gives something without calling anything, and without a branch on constructors, which may give
    what it finds instead."""
    if any(isinstance(item.operation, ir.Call | ir.Apply | ir.Nested | ir.Fork) for item in block.bindings):
        return False
    match block.end:
        case ir.Return() | ir.Returns():
            return True
        case ir.Switch(_, zero, _, successor):
            return _is_end(zero) and _is_end(successor)
        case _:
            return False
