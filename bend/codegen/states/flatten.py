"""A function of LIR to basic blocks that end where it calls a function that becomes states.

    x = f(a); if x { return y }; return g(x)   ⇒   0: invoke x = f(a) then 1
                                                   1: branch x, 2, 3     2: give y     3: become g(x)
"""

from __future__ import annotations

from collections.abc import Iterator

from bend.codegen import lir
from bend.codegen.lir_walk import blocks_of, calls_in, expressions_in, rewritten
from bend.codegen.states.blocks import BasicBlock, Become, Branch, Choose, End, Flat, Give, Invoke, Jump, Never
from bend.records import replace

IGNORED = 'check'
"""Looks whether there is room on the native stack, which states do not use."""
CONSTANT, KNOWN, MAKE = 'constant', 'known_constant', 'make_constant'


def flatten(function: lir.Function, states: frozenset[str], prefix: str) -> Flat:
    """A function in blocks. `states` are the functions that become states; all locals get the prefix."""
    worker = function.parameters[0][0]

    def renamed(item: lir.Expr) -> lir.Expr:
        if isinstance(item, lir.Local) and item.name != worker:
            return lir.Local(prefix + item.name, item.type)
        return item

    flattener = _Flattener(states, prefix)
    flattener.block(rewritten(function.body, renamed), None)
    flattener.close(Never())
    parameters = tuple(lir.Local(prefix + name, type_) for name, type_ in function.parameters[1:])
    return Flat(function.name, parameters, function.result,
                tuple(BasicBlock(tuple(statements), end) for statements, end in flattener.done()))


class _Flattener:
    """Builds the blocks of a function."""

    def __init__(self, states: frozenset[str], prefix: str) -> None:
        self.states = states
        self.prefix = prefix
        self.made = 0
        self.blocks: list[tuple[list[lir.Stmt], End | None]] = [([], None)]
        self.at = 0

    # ---- blocks --------------------------------------------------------------------------------

    def done(self) -> Iterator[tuple[list[lir.Stmt], End]]:
        """The blocks with their ends."""
        for statements, end in self.blocks:
            assert end is not None
            yield statements, end

    def new(self) -> int:
        """A block to be filled later."""
        self.blocks.append(([], None))
        return len(self.blocks) - 1

    def close(self, end: End) -> None:
        """Ends the current block, if it has not ended yet."""
        statements, known = self.blocks[self.at]
        if known is None:
            self.blocks[self.at] = statements, end

    def is_closed(self) -> bool:
        """Whether what follows cannot be reached."""
        return self.blocks[self.at][1] is not None

    def emit(self, statement: lir.Stmt) -> None:
        """Adds a statement to the current block."""
        self.blocks[self.at][0].append(statement)

    # ---- statements ----------------------------------------------------------------------------

    def block(self, block: lir.Block, loop: tuple[int, int] | None) -> None:
        """Adds statements; `loop` says where `continue` and `break` lead."""
        for statement in block:
            if self.is_closed():
                return
            self.statement(statement, loop)

    def statement(self, statement: lir.Stmt, loop: tuple[int, int] | None) -> None:
        """Adds a statement."""
        match statement:
            case lir.ExprStmt(lir.Call(name)) if name == IGNORED:
                return
            case lir.Return(lir.Call() as call) if call.function in self.states:
                self.close(Become(call))
                return
            case lir.Assign(target, lir.Call() as call) if call.function in self.states:
                self.invoke((target,), (call,))
                return
            case lir.Fork(targets, calls):
                self.fork(targets, calls)
                return
            case _:
                statement = self.opened(statement)
        match statement:
            case lir.Return(value):
                assert value is not None
                self.close(Give(value))
            case lir.Break() | lir.Continue():
                assert loop is not None
                self.close(Jump(loop[isinstance(statement, lir.Break)]))
            case lir.If() | lir.While() | lir.Switch() if self.is_split(statement):
                self.compound(statement, loop)
            case lir.ExprStmt(lir.Intrinsic('trap')):
                self.emit(statement)
                self.close(Never())
            case _:
                self.emit(statement)

    def compound(self, statement: lir.If | lir.While | lir.Switch, loop: tuple[int, int] | None) -> None:
        """A branch or loop that does not stay whole."""
        match statement:
            case lir.If(condition, then, otherwise):
                first, second, after = self.new(), self.new(), self.new()
                self.close(Branch(condition, first, second))
                self.part(first, then, loop, after)
                self.part(second, otherwise, loop, after)
            case lir.While(condition, body):
                head, inside, after = self.new(), self.new(), self.new()
                self.close(Jump(head))
                self.at = head
                self.close(Jump(inside) if condition == lir.Const(1, lir.BOOL) else Branch(condition, inside, after))
                self.part(inside, body, (head, after), head)
            case lir.Switch(value, cases, default):
                labels, other, after = [self.new() for _ in cases], self.new(), self.new()
                self.close(Choose(value, tuple((case.values, label) for case, label in zip(cases, labels, strict=True)),
                                  other))
                for case, label in zip(cases, labels, strict=True):
                    self.part(label, case.body, loop, after)
                self.part(other, default, loop, after)
        self.at = after

    def part(self, label: int, block: lir.Block, loop: tuple[int, int] | None, after: int) -> None:
        """Fills a block, which leads to another one."""
        self.at = label
        self.block(block, loop)
        self.close(Jump(after))

    def is_split(self, statement: lir.Stmt, in_loop: bool = False) -> bool:
        """Whether a statement cannot stay whole: it calls what becomes states, or leaves the function or a loop around
        it."""
        match statement:
            case lir.Return() | lir.Fork():
                return True
            case lir.Break() | lir.Continue():
                return not in_loop
            case _:
                inside = in_loop or isinstance(statement, lir.While)
                return (any(map(self.is_long, calls_in((statement,))))
                        or any(self.is_split(item, inside) for block in blocks_of(statement) for item in block))

    def is_long(self, call: lir.Call) -> bool:
        """Whether a call is one of what becomes states."""
        return call.function in self.states or call.function == CONSTANT

    # ---- calls ---------------------------------------------------------------------------------

    def invoke(self, targets: tuple[lir.Local, ...], calls: tuple[lir.Call, ...]) -> None:
        """Calls what becomes states."""
        then = self.new()
        self.close(Invoke(targets, calls, then))
        self.at = then

    def fork(self, targets: tuple[lir.Local, ...], calls: tuple[lir.Call, ...]) -> None:
        """Calls that do not need each other; those that are soon done are done here."""
        pairs = list(zip(targets, calls, strict=True))
        for target, call in pairs:
            if call.function not in self.states:
                self.emit(lir.Assign(target, call))
        waiting = [(target, call) for target, call in pairs if call.function in self.states]
        if waiting:
            self.invoke(tuple(target for target, _ in waiting), tuple(call for _, call in waiting))

    def opened(self, statement: lir.Stmt) -> lir.Stmt:
        """A statement whose operands call nothing that becomes states: their results are in locals before."""
        operands = list(expressions_in(statement))
        calls = [item for item in operands if isinstance(item, lir.Call) and self.is_long(item)]
        if not calls:
            return statement
        assert len(calls) == 1 and not isinstance(statement, lir.While), 'one call a statement'
        assert not any(isinstance(item, lir.Load | lir.AtomicLoad | lir.AtomicRmw | lir.CompareExchange)
                       for item in operands), 'what is loaded with a call may change meanwhile'
        self.made += 1
        local = lir.Local(f'{self.prefix}given.{self.made}', calls[0].type)
        self.into(local, calls[0])
        changed = rewritten((_without_blocks(statement),), lambda item: local if item == calls[0] else item)[0]
        return _with_blocks(changed, statement)

    def into(self, local: lir.Local, call: lir.Call) -> None:
        """Gives a local what a call gives. Constants are mostly known."""
        if call.function != CONSTANT:
            self.invoke((local,), (call,))
            return
        self.emit(lir.Assign(local, lir.Call(KNOWN, call.arguments, call.type)))
        make = lir.Assign(local, lir.Call(MAKE, call.arguments, call.type))
        is_unknown = lir.Intrinsic('unlikely', (lir.Compare('eq', local, lir.Const(0, local.type)),))
        self.compound(lir.If(is_unknown, (make,)), None)


def _without_blocks(statement: lir.Stmt) -> lir.Stmt:
    """A branch without what is in it; any other statement."""
    if isinstance(statement, lir.If):
        return replace(statement, then=(), otherwise=())
    return replace(statement, cases=(), default=()) if isinstance(statement, lir.Switch) else statement


def _with_blocks(changed: lir.Stmt, statement: lir.Stmt) -> lir.Stmt:
    """The same branch with what was in it."""
    match changed, statement:
        case lir.If(), lir.If(_, then, otherwise):
            return replace(changed, then=then, otherwise=otherwise)
        case lir.Switch(), lir.Switch(_, cases, default):
            return replace(changed, cases=cases, default=default)
        case _:
            return changed
