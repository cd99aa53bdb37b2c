"""Calls replaced by what they call, and what follows from it.

Functions that are called from one place only (most of them arms of matches that were floated) and small ones lose their
calls. On the way, what is known of a value is used: a tuple that is made and taken apart, a match on a known
constructor, an operation of two constants, the application of a known function. What nothing needs is left away
(spec 09, R2: the direct engine may skip it).

    f n m = do g n m        g a b = x = operate 4 a b; x    ⇒    f n m = x1 = operate 4 n m; x1
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Mapping
from dataclasses import field
from math import inf

from bend.codegen.direct import ir
from bend.codegen.direct.ir import Atom, Binding, Block
from bend.codegen.direct.places import Places
from bend.hvm import numbers as num
from bend.records import dataclass, replace

SMALL = 8
"""Bindings and branches of a function that is inlined wherever it is called."""
LARGE = 400
"""Those beyond which functions grow no more."""
MEDIUM = 24
"""Those of a function that is inlined where a value is applied that may be passed around as well, so that its code is
there twice. The continuations of actions are such: each is also part of the one before."""


def inline(program: ir.Program) -> ir.Program:
    """The same program with fewer calls; functions that nothing refers to any more are gone."""
    inliner = _Inliner(program)
    names = list(program.functions)
    for name in names:
        inliner.process(name)
    return pruned(inliner.placed(replace(program, functions=inliner.done)))


def inline_again(program: ir.Program, callers: Container[str], chosen: frozenset[str]) -> ir.Program:
    """A program whose calls were inlined before, with the calls of chosen functions inlined into some of its functions.
    No chosen function calls one."""
    inliner = _Inliner(program, 'm', chosen)
    functions = {name: inliner.copied(function) if name in callers else function
                 for name, function in program.functions.items()}
    return pruned(inliner.placed(replace(program, functions=functions)))


class Simplifier:
    """Uses what is known of values in blocks of a program whose calls stay; for one pass, named by a mark."""

    def __init__(self, program: ir.Program, mark: str) -> None:
        self.inliner = _Inliner(program, mark)

    def simplified(self, block: Block) -> Block:
        """The same block with what is known used."""
        return _Copier(self.inliner, {}).block(block)

    def copied(self, block: Block) -> Block:
        """A copy of a block, simplified, with new variables for those that it binds."""
        return without_unused(_Copier(self.inliner, {}, renames=True).block(block))

    def copied_for(self, call: ir.Call, function: ir.Function, block: Block,
                   more: Mapping[str, Atom]) -> Block:
        """A copy of a block of a function for what a call of it gives; `more` are atoms for other variables."""
        atoms = {**dict(zip(function.parameters, call.arguments, strict=True)), **more}
        return _Copier(self.inliner, atoms, renames=True, caller=call.place).block(block)

    def fresh(self, name: str) -> str:
        """A new variable for one that is copied."""
        return self.inliner.fresh(name)

    def called_from(self, place: int, call: ir.Call) -> int:
        """A place of a function in the copy that replaces a call."""
        return self.inliner.places.called_from(place, call.place) if call.place else place

    def placed(self, program: ir.Program) -> ir.Program:
        """A program with the places of copies."""
        return self.inliner.placed(program)


def pruned(program: ir.Program) -> ir.Program:
    """Without what the entry does not reach."""
    reached: dict[str, None] = {}
    constants: dict[str, None] = {}
    pending = [program.constants[0]]
    while pending:
        name = pending.pop()
        if name in reached or name not in program.functions:
            continue
        reached[name] = None
        for found in references_of(program.functions[name].body):
            if found in program.functions and not program.functions[found].parameters:
                constants[found] = None
            pending.append(found)
    entry = program.constants[0]
    kept = {name: function for name, function in program.functions.items() if name in reached}
    return replace(program, functions=kept, constants=(entry, *(name for name in constants if name != entry)))


def references_of(block: Block) -> list[str]:
    """The functions that a block calls or refers to, with repetitions."""
    found: list[str] = []
    for part in ir.blocks_within(block):
        for step in (*[binding.operation for binding in part.bindings], part.end):
            inner = step.operation if type(step) is ir.Do else step
            if type(inner) is ir.Call or type(inner) is ir.Partial:
                found.append(inner.function)
                atoms = inner.arguments
            else:
                if type(inner) is ir.Fork:
                    found += [call.function for call in (inner.first, *inner.calls) if isinstance(call, ir.Call)]
                atoms = ir.atoms_of(inner)
            for atom in atoms:
                if type(atom) is ir.Reference:
                    found.append(atom.name)
    return found


def size_of(block: Block) -> int:
    """Bindings and branches; not counts, so that these change nothing but the count."""
    return sum(sum(not isinstance(binding.operation, ir.Count) for binding in part.bindings)
               + isinstance(part.end, ir.Switch | ir.Match) for part in ir.blocks_within(block))


@dataclass
class _Inliner:
    """Inlines calls; or only those of chosen functions, with a `mark` of its own for new variables."""

    program: ir.Program
    mark: str = ''
    chosen: frozenset[str] = frozenset()
    done: dict[str, ir.Function] = field(default_factory=dict)
    sizes: dict[str, float] = field(default_factory=dict)
    """Those of functions that are done, infinite if they call themselves."""
    active: set[str] = field(default_factory=set)
    made: int = 0
    calls: Counter[str] = field(default_factory=Counter)
    repeated: set[str] = field(default_factory=set)
    """The functions that code refers to which may be there twice."""
    places: Places = field(init=False)

    def __post_init__(self) -> None:
        self.places = Places(self.program)
        if not self.mark:
            for function in self.program.functions.values():
                self.calls.update(references_of(function.body))

    def process(self, name: str) -> ir.Function:
        """A function with its calls inlined."""
        if name in self.done:
            return self.done[name]
        self.active.add(name)
        self.done[name] = self.copied(self.program.functions[name])
        self.active.discard(name)
        return self.done[name]

    def placed(self, program: ir.Program) -> ir.Program:
        """A program with the places of copies."""
        return replace(program, places=tuple(self.places.places), callers=tuple(self.places.callers))

    def copied(self, function: ir.Function) -> ir.Function:
        """The function with calls inlined into it, and what is known used."""
        return replace(function, body=without_unused(_Copier(self, {}).block(function.body)))

    def body_to_inline(self, name: str, is_applied: bool = False) -> ir.Function | None:
        """The function whose calls are replaced by its body, if this is one; maybe for a value that is applied."""
        if self.mark:
            return self.program.functions[name] if name in self.chosen else None
        if name in self.active or name not in self.program.functions:
            return None
        function = self.process(name)
        if not function.parameters:
            return None
        if name not in self.sizes:
            self.sizes[name] = inf if name in references_of(function.body) else size_of(function.body)
        is_repeated = is_applied or name in self.repeated
        most = SMALL if self.calls[name] != 1 else MEDIUM if is_repeated else LARGE
        if self.sizes[name] > most:
            return None
        if is_repeated:
            self.repeated.update(references_of(function.body))
        return function

    def fresh(self, name: str) -> str:
        """A new variable for one of an inlined function."""
        self.made += 1
        return f'{name.partition("_")[0]}_{self.mark}{self.made}'


@dataclass
class _Copier:
    """Copies blocks with atoms for variables; `renames` where the original stays in use elsewhere."""

    inliner: _Inliner
    atoms: dict[str, Atom]
    renames: bool = False
    known: dict[str, ir.Operation] = field(default_factory=dict)
    holders: dict[ir.Operation, str] = field(default_factory=dict)
    caller: int = 0
    """The place of the call that the copy replaces."""

    def place(self, number: int) -> int:
        """A place in the copy."""
        return self.inliner.places.called_from(number, self.caller) if self.caller else number

    def atom(self, atom: Atom) -> Atom:
        """The atom in the copy."""
        return self.atoms.get(atom.name, atom) if type(atom) is ir.Var else atom

    def name(self, name: str) -> str:
        """A bound variable in the copy."""
        if not self.renames:
            return name
        fresh = self.inliner.fresh(name)
        self.atoms[name] = ir.Var(fresh)
        return fresh

    def block(self, block: Block) -> Block:
        """The copy of a block."""
        out: list[Binding] = []
        end = self.into(block, out)
        return Block(tuple(out), end)

    def into(self, block: Block, out: list[Binding]) -> ir.End:
        """Copies the bindings of a block; gives the end."""
        for binding in block.bindings:
            self.binding(binding, out)
        return self.end(block.end, out)

    # ---- bindings ------------------------------------------------------------------------------

    def binding(self, binding: Binding, out: list[Binding]) -> None:
        """Copies a binding, or finds out what it gives."""
        operation = self.operation(binding.operation)
        match operation:
            case ir.TakePair():
                self.take_pair(binding, operation, out)
                return
            case ir.Count():
                out.append(binding)
                return
            case ir.Construct() | ir.Pair() if operation in self.holders:
                self.atoms[binding.names[0]] = ir.Var(self.holders[operation])
                return
            case ir.Operate():
                word = folded(operation)
                if word is not None:
                    self.atoms[binding.names[0]] = ir.Num(word)
                    return
            case ir.Cast(kind, ir.Num(word)) if num.is_number(word):
                self.atoms[binding.names[0]] = ir.Num(num.cast(kind, word))
                return
            case ir.Call() if len(binding.names) > 1:
                out.append(Binding(tuple(self.name(name) for name in binding.names), operation))
                return
            case ir.Apply() | ir.Call():
                end = self.called(operation, out)
                self.finish(binding.names[0], end, out)
                return
            case ir.Nested(block):
                inner: list[Binding] = []
                end = self.into(block, inner)
                if isinstance(end, ir.Return | ir.Do):
                    out += inner
                    self.finish(binding.names[0], end, out)
                elif isinstance(end, ir.Returns):
                    out += inner
                    self.atoms.update(zip(binding.names, end.values, strict=True))
                else:
                    names = tuple(self.name(name) for name in binding.names)
                    out.append(Binding(names, ir.Nested(Block(tuple(inner), end))))
                return
            case _:
                pass
        self.bound(binding.names[0], operation, out)
        self.learn(out[-1].names[0], operation)

    def learn(self, name: str, operation: ir.Operation) -> None:
        """Remembers what a variable is."""
        self.known[name] = operation
        if isinstance(operation, ir.Construct | ir.Pair):
            self.holders[operation] = name

    def take_pair(self, binding: Binding, take: ir.TakePair, out: list[Binding]) -> None:
        """Copies a binding of the parts of a tuple, which may be known."""
        value = take.value
        if isinstance(value, ir.Num | ir.Eraser):
            # A number that is taken apart is copied (spec 09, R5).
            self.atoms.update(dict.fromkeys(binding.names, value))
            return
        parts = self.known.get(value.name) if isinstance(value, ir.Var) else None
        if isinstance(parts, ir.Pair):
            self.atoms.update(zip(binding.names, parts.arguments, strict=True))
            return
        first, second = (self.name(name) for name in binding.names)
        out.append(Binding((first, second), take))
        if isinstance(value, ir.Var):
            self.learn(value.name, ir.Pair((ir.Var(first), ir.Var(second))))

    def finish(self, name: str, end: ir.End, out: list[Binding]) -> None:
        """Gives a variable what a block that was copied gives."""
        if isinstance(end, ir.Return):
            self.atoms[name] = end.value
        elif isinstance(end, ir.Do):
            self.bound(name, end.operation, out)
        else:
            self.bound(name, ir.Nested(Block((), end)), out)

    def bound(self, name: str, operation: ir.Operation, out: list[Binding]) -> None:
        """Binds a variable in the copy."""
        copy = self.name(name)
        out.append(Binding((copy,), operation))

    def operation(self, operation: ir.Operation) -> ir.Operation:
        """An operation with the atoms of the copy; blocks inside are not copied yet."""
        match operation:
            case ir.Call(name, arguments, place):
                return ir.Call(name, tuple(map(self.atom, arguments)), self.place(place))
            case ir.Partial(name, arguments):
                return ir.Partial(name, tuple(map(self.atom, arguments)))
            case ir.Construct(name, arguments):
                return ir.Construct(name, tuple(map(self.atom, arguments)))
            case ir.Pair((first, second)):
                return ir.Pair((self.atom(first), self.atom(second)))
            case ir.Literal(arguments=arguments) if arguments:
                return replace(operation, arguments=tuple(map(self.atom, arguments)))
            case ir.Apply(function, arguments, place):
                return ir.Apply(self.atom(function), tuple(map(self.atom, arguments)), self.place(place))
            case ir.TakePair(value, place):
                return ir.TakePair(self.atom(value), self.place(place))
            case ir.Cast(kind, value):
                return ir.Cast(kind, self.atom(value))
            case ir.Operate(code, left, right, place):
                return ir.Operate(code, self.atom(left), self.atom(right), self.place(place))
            case _:
                return operation

    # ---- calls ---------------------------------------------------------------------------------

    def called(self, operation: ir.Call | ir.Apply, out: list[Binding], is_applied: bool = False) -> ir.End:
        """What a call (of the copy) ends in: its function's body, if that is inlined. It may stand for a value that is
        applied."""
        if isinstance(operation, ir.Apply):
            return self.applied(operation, out)
        function = self.inliner.body_to_inline(operation.function, is_applied)
        if function is None:
            return ir.Do(operation)
        atoms: dict[str, Atom] = dict(zip(function.parameters, operation.arguments, strict=True))
        copier = _Copier(self.inliner, atoms, True, self.known, self.holders, operation.place)
        return copier.into(function.body, out)

    def applied(self, operation: ir.Apply, out: list[Binding]) -> ir.End:
        """What an application ends in: a call, if the function is known."""
        function, arguments, place = operation.function, operation.arguments, operation.place
        if isinstance(function, ir.Num | ir.Eraser):
            return ir.Return(function)
        given: tuple[Atom, ...] = ()
        name = function.name if isinstance(function, ir.Reference) else None
        known = self.known.get(function.name) if isinstance(function, ir.Var) else None
        if isinstance(known, ir.Partial):
            name, given = known.function, known.arguments
        if name is None or name not in self.inliner.program.functions:
            return ir.Do(operation)
        arity = len(self.inliner.program.functions[name].parameters)
        if arity == 0:
            return ir.Do(operation)
        everything = (*given, *arguments)
        if len(everything) < arity:
            made = self.inliner.fresh('g')
            out.append(Binding((made,), ir.Partial(name, everything)))
            self.learn(made, out[-1].operation)
            return ir.Return(ir.Var(made))
        end = self.called(ir.Call(name, everything[:arity], place), out, is_applied=True)
        if len(everything) == arity:
            return end
        return self.applied(ir.Apply(self.as_atom(end, out), everything[arity:], place), out)

    def as_atom(self, end: ir.End, out: list[Binding]) -> Atom:
        """The value of an end, bound if it must be."""
        if isinstance(end, ir.Return):
            return end.value
        made = self.inliner.fresh('x')
        operation = end.operation if isinstance(end, ir.Do) else ir.Nested(Block((), end))
        out.append(Binding((made,), operation))
        return ir.Var(made)

    # ---- ends ----------------------------------------------------------------------------------

    def end(self, end: ir.End, out: list[Binding]) -> ir.End:
        """The copy of an end."""
        match end:
            case ir.Return(value):
                return ir.Return(self.atom(value))
            case ir.Do(operation):
                copy = self.operation(operation)
                assert isinstance(copy, ir.Call | ir.Apply)
                return self.called(copy, out)
            case ir.Switch(value, zero, predecessor, successor, place):
                return self.switch(ir.Switch(self.atom(value), zero, predecessor, successor, self.place(place)), out)
            case ir.Match(value, arms, place):
                return self.match(ir.Match(self.atom(value), arms, self.place(place)), out)
            case ir.Returns((first, second)):
                return ir.Returns((self.atom(first), self.atom(second)))
            case ir.Wrong(place):
                return ir.Wrong(self.place(place))

    def branch(self) -> _Copier:
        """A copier for an arm; what is found out in it is forgotten afterwards."""
        return _Copier(self.inliner, dict(self.atoms), self.renames, dict(self.known), dict(self.holders), self.caller)

    def switch(self, end: ir.Switch, out: list[Binding]) -> ir.End:
        """A switch, its arms not copied yet; or the arm that a known number takes."""
        value, predecessor = end.value, end.predecessor
        if isinstance(value, ir.Num) and num.is_number(value.word):
            payload = value.word >> num.TYPE_BITS
            if payload == 0:
                return self.into(end.zero, out)
            self.atoms[predecessor] = ir.Num(num.make_word(payload - 1, num.U24))
            return self.into(end.successor, out)
        first = self.branch().block(end.zero)
        name = self.name(predecessor)
        return ir.Switch(value, first, name, self.branch().block(end.successor), end.place)

    def match(self, end: ir.Match, out: list[Binding]) -> ir.End:
        """A match, its arms not copied yet; or the arm that a known constructor takes."""
        value, arms = end.value, end.arms
        known = self.known.get(value.name) if isinstance(value, ir.Var) else None
        constructor = value.constructor if isinstance(value, ir.Nullary) else None
        fields: tuple[Atom, ...] = ()
        if isinstance(known, ir.Construct):
            constructor, fields = known.constructor, known.arguments
        if isinstance(value, ir.Num | ir.Eraser):
            return ir.Return(value)
        for arm in arms:
            if arm.constructor == constructor:
                self.atoms.update(zip(arm.fields, fields, strict=True))
                return self.into(arm.block, out)
        copies = []
        for arm in arms:
            names = tuple(self.name(name) for name in arm.fields)
            copier = self.branch()
            if isinstance(value, ir.Var) and names:
                copier.learn(value.name, ir.Construct(arm.constructor, tuple(map(ir.Var, names))))
            copies.append(ir.Arm(arm.constructor, names, copier.block(arm.block)))
        return ir.Match(value, tuple(copies), end.place)


def folded(operation: ir.Operate) -> int | None:
    """The word of an operation of two constants that fits into 24 bits."""
    left, right = operation.left, operation.right
    if not (isinstance(left, ir.Num) and isinstance(right, ir.Num)):
        return None
    if not (num.is_number(left.word) and num.is_number(right.word)):
        return None
    partial = num.make_partial(operation.code, left.word >> num.TYPE_BITS)
    try:
        return None if num.does_not_fit(partial, right.word) else num.operate(partial, right.word)
    except num.DivisionByZero:
        return None


def without_unused(block: Block) -> Block:
    """A block without bindings that nothing needs; calls are counted at its beginning."""
    return _without_unused(block)[0]


def _without_unused(block: Block) -> tuple[Block, set[str]]:
    """The block, and the variables that it uses."""
    end, used = _end_without_unused(block.end)
    kept: list[Binding] = []
    calls = 0
    for binding in reversed(block.bindings):
        if isinstance(binding.operation, ir.Count):
            calls += binding.operation.calls
        if not used.intersection(binding.names):
            continue
        operation = binding.operation
        if isinstance(operation, ir.Nested):
            inner, needed = _without_unused(operation.block)
            operation = ir.Nested(inner)
            used |= needed
        used.update(atom.name for atom in ir.atoms_of(operation) if isinstance(atom, ir.Var))
        kept.append(Binding(binding.names, operation))
    if calls:
        kept.append(ir.counted(calls))
    return Block(tuple(reversed(kept)), end), used


def _end_without_unused(end: ir.End) -> tuple[ir.End, set[str]]:
    used = {atom.name for atom in ir.atoms_of(end) if isinstance(atom, ir.Var)}
    match end:
        case ir.Switch() | ir.Match():
            blocks = []
            for inner in ir.blocks_of(end):
                block, needed = _without_unused(inner)
                used |= needed
                blocks.append(block)
            return ir.with_blocks(end, blocks), used
        case _:
            return end, used
