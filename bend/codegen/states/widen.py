"""Forks of two calls become forks of four: what both calls do up to their own forks is done before.

    f n x = switch n { 0: …;  m: switch m { 0: …;  k: a = f m x; b = f m (+ x 1); + a b } }
    ⇒
    f n x = switch n { 0: …;  m: switch m { 0: …;  k: switch k { 0: …;
        _: a1 = f k x; a2 = f k (+ x 1); b1 = f k (+ x 1); b2 = f k (+ (+ x 1) 1); a = + a1 a2; b = + b1 b2; + a b } } }

On a GPU, waves follow each other in the depth of a recursion, and so do results on their way back: half as many forks
in a row take little more than half of the time, and a third of the frames that wait.

Where calls give two values, what waits for four of them is large, which costs runs on a stack more than it saves. So
functions have both forks there, and ask `FORM` which one: `forms` says what that gives in either form of the machine.
"""

from __future__ import annotations

from collections.abc import Sequence

from bend.codegen import lir
from bend.codegen.direct import ir
from bend.codegen.direct import values as val
from bend.codegen.direct.context import Context
from bend.codegen.direct.inline import Simplifier, size_of
from bend.codegen.direct.ir import Binding, Block
from bend.codegen.direct.schedule import heavy_functions, is_heavy
from bend.codegen.states.outline import renamed
from bend.hvm.numbers import Number, word_of
from bend.records import dataclass, replace

FORM = 'form of the machine'
"""A function that gives a number: not zero where frames are run step by step."""
SEQUENTIAL, STEPPING = (word_of(Number('u24', number)) for number in range(2))
MOST_CALLS = 4
"""Calls of a fork that is made here."""
LARGEST = 48
"""Bindings and branches of what is copied for one call."""


def widen_forks(program: ir.Program) -> ir.Program:
    """The program, whose recursions end where `inline_leaves` leaves it, with forks of more calls."""
    widening = _Widening(program)
    functions = {name: replace(function, body=widening.block(function.body))
                 for name, function in program.functions.items()}
    if widening.asks:
        origin = program.functions[program.constants[0]].origin
        functions[FORM] = ir.Function(FORM, (f'{FORM}: argument',), Block((), ir.Return(ir.Num(SEQUENTIAL))), origin)
    return widening.simplifier.placed(replace(program, functions=functions))


def forms(context: Context) -> tuple[dict[str, lir.Expr], dict[str, lir.Expr]]:
    """What calls of which functions give in the sequential form, and in the stepping one."""
    if FORM not in context.program.functions:
        return {}, {}
    name, (rep,) = context.lir_name(FORM), context.result_reps(FORM)
    return {name: val.number_constant(SEQUENTIAL, rep)}, {name: val.number_constant(STEPPING, rep)}


@dataclass(frozen=True, slots=True)
class _Going:
    """What a function does if a number is not zero: something, then it looks whether the next lower number is zero; if
    it is not, it calls side by side and ends."""

    function: ir.Function
    parameter: int
    predecessor: str
    block: Block
    calls: int


@dataclass(frozen=True, slots=True)
class _Part:
    """What stands in the place of a call: bindings, and what follows if the number is zero, or calls and what follows
    them if it is not. `names` are what the call gave."""

    names: tuple[str, ...]
    before: tuple[Binding, ...]
    zero: Block
    calls: tuple[Binding, ...]
    after: Block


class _Widening:
    def __init__(self, program: ir.Program) -> None:
        self.heavy = heavy_functions(program)
        self.simplifier = Simplifier(program, 'w')
        found = {name: self.going(function) for name, function in program.functions.items()}
        self.goings = {name: going for name, going in found.items() if going is not None}
        self.asks = False

    def going(self, function: ir.Function) -> _Going | None:
        """How a function goes on, if it has that form."""
        body = function.body
        if body.bindings or not isinstance(body.end, ir.Switch) or not isinstance(body.end.value, ir.Var):
            return None
        outer = body.end
        inner = outer.successor.end
        if (outer.value.name not in function.parameters or not isinstance(inner, ir.Switch)  # type: ignore[union-attr]
                or inner.value != ir.Var(outer.predecessor) or size_of(outer.successor) > LARGEST):
            return None
        calls = len(self.group(inner.successor))
        rest = Block((*outer.successor.bindings, *inner.successor.bindings[calls:]), inner.successor.end)
        if calls < 2 or not isinstance(rest.end, ir.Return | ir.Returns) or self.calls_within(rest, inner.zero):
            return None
        return _Going(function, function.parameters.index(outer.value.name),  # type: ignore[union-attr]
                      outer.predecessor, outer.successor, calls)

    def group(self, block: Block) -> tuple[Binding, ...]:
        """The calls of recursive functions that a block begins with."""
        count = 0
        while count < len(block.bindings) and self.is_call(block.bindings[count]):
            count += 1
        return block.bindings[:count]

    def is_call(self, binding: Binding) -> bool:
        return isinstance(binding.operation, ir.Call) and is_heavy(binding, self.heavy)

    def calls_within(self, *blocks: Block) -> bool:
        """Whether something in blocks may take long."""
        return any(is_heavy(binding, self.heavy) for block in blocks for part in ir.blocks_within(block)
                   for binding in part.bindings)

    def block(self, block: Block) -> Block:
        """A block with all in it."""
        block = ir.map_inner(block, self.block)
        if isinstance(block.end, ir.Switch):
            successor = self.widened(block.end)
            if successor is not None:
                return Block(block.bindings, replace(block.end, successor=successor))
        return block

    def widened(self, switch: ir.Switch) -> Block | None:
        """What is done where a number is not zero, if it begins with calls that all test this number."""
        group = self.group(switch.successor)
        goings = [going for item in group if (going := self.going_of(item, switch.value)) is not None]
        if len(group) < 2 or len(goings) < len(group) or sum(going.calls for going in goings) > MOST_CALLS:
            return None
        less = ir.Var(switch.predecessor)
        parts = [part for item, going in zip(group, goings, strict=True)
                 if (part := self.part(item, going, less)) is not None]
        if len(parts) < len(group):
            return None
        rest = Block(switch.successor.bindings[len(group):], switch.successor.end)
        predecessor = self.simplifier.fresh(switch.predecessor)
        after = self.joined([(part.names, part.after) for part in parts], rest)
        calls = tuple(call for part in parts for call in part.calls)
        going_on: Block = renamed(Block((*calls, *after.bindings), after.end), {'': predecessor})
        zero = self.joined([(part.names, part.zero) for part in parts], rest)
        wide = Block(tuple(binding for part in parts for binding in part.before),
                     ir.Switch(less, zero, predecessor, going_on, switch.place))
        return wide if all(len(call.names) == 1 for call in calls) else self.either(switch.successor, wide, less)

    def either(self, narrow: Block, wide: Block, atom: ir.Atom) -> Block:
        """One of two blocks, by the form of the machine."""
        self.asks = True
        form, unused = self.simplifier.fresh('form'), self.simplifier.fresh('form')
        return Block((Binding((form,), ir.Call(FORM, (atom,))),), ir.Switch(ir.Var(form), narrow, unused, wide))

    def going_of(self, binding: Binding, tested: ir.Atom) -> _Going | None:
        """How the function goes on that a binding calls, if it tests this number."""
        assert isinstance(binding.operation, ir.Call)
        going = self.goings.get(binding.operation.function)
        return going if going is not None and binding.operation.arguments[going.parameter] == tested else None

    def part(self, binding: Binding, going: _Going, less: ir.Var) -> _Part | None:
        """What stands in the place of a call, if what is known of its arguments leaves it its form. The predecessor of
        the lower number has no name in it."""
        assert isinstance(binding.operation, ir.Call)
        copy = self.simplifier.copied_for(binding.operation, going.function, going.block, {going.predecessor: less})
        if not isinstance(copy.end, ir.Switch) or copy.end.value != less:
            return None
        successor: Block = renamed(copy.end.successor, {copy.end.predecessor: ''})
        calls = self.group(successor)
        if len(calls) != going.calls:
            return None
        after = Block(successor.bindings[len(calls):], successor.end)
        return _Part(binding.names, copy.bindings, copy.end.zero, calls, after)

    def joined(self, blocks: Sequence[tuple[tuple[str, ...], Block]], rest: Block) -> Block:
        """Blocks one after the other, and then the rest that uses what they give."""
        given = tuple(Binding(names, ir.Nested(block)) for names, block in blocks)
        return self.simplifier.copied(Block((*given, *rest.bindings), rest.end))
