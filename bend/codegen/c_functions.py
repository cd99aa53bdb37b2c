"""Bodies of functions of LIR as C: statements, and where locals are declared."""

from __future__ import annotations

from collections.abc import Mapping

from bend.codegen import lir
from bend.codegen.c_effects import Effect
from bend.codegen.c_expressions import Expressions, Level, Surroundings, Text, bare, constant
from bend.codegen.c_scopes import Scopes
from bend.codegen.c_types import declaration
from bend.codegen.lir_validate import always_leaves
from bend.codegen.lir_walk import statements_of
from bend.records import dataclass


@dataclass(frozen=True, slots=True)
class Jumps:
    """What calls of the members of a group become inside of it: for each one its label, and the variable that each of
    its parameters is passed in. Those in `fixed`, by their names in LIR, never change."""

    labels: Mapping[str, str]
    slots: Mapping[str, Mapping[str, str]]
    fixed: Mapping[str, str]


@dataclass
class _Loop:
    """A loop, or a switch in one: a `break` of C would leave the switch."""

    is_switch: bool
    label: str = ''


class FunctionEmitter(Expressions):
    """Emits one function, or one member of a group."""

    zero_struct = '{0}'

    def __init__(self, shared: Surroundings, function: lir.Function, jumps: Jumps | None = None) -> None:
        names = shared.names.of_locals(function, {} if jumps is None else jumps.fixed)
        super().__init__(shared, names, self.temporary)
        self.function = function
        self.jumps = jumps
        self.scopes = Scopes(function)
        self.taken = {*names.values(), *shared.names.names.taken}
        if jumps is not None:
            self.taken.update(jumps.slots[function.name].values())
        self.temporaries = 0
        self.loops: list[_Loop] = []

    def temporary(self, name: str) -> str:
        """The name of a new variable or label."""
        while True:
            self.temporaries += 1
            found = f'{name}{self.temporaries}'
            if found not in self.taken:
                return found

    def body(self) -> list[str]:
        """The statements."""
        function, names = self.function, self.local_names
        for name, type_ in function.parameters:
            if self.jumps is not None:
                if name in self.scopes.read and name not in self.jumps.fixed:
                    slot = self.jumps.slots[function.name][name]
                    self.lines.append(f'{self.declared(type_, names[name])} = {slot};')
            elif name not in self.scopes.read:
                self.lines.append(f'(void){names[name]};')
        for name, type_ in self.scopes.at_beginning.items():
            zero = self.zero_struct if isinstance(type_, lir.StructName) else constant(0, type_).text
            self.lines.append(f'{self.declared(type_, names[name])} = {zero};')
        self.block(function.body)
        returns = any(isinstance(statement, lir.Return) for statement in statements_of(function.body))
        if function.result != lir.VOID or function.noreturn:
            if not returns or not always_leaves(function.body):
                self.lines.append('__builtin_unreachable();')
        elif self.jumps is not None and not always_leaves(function.body):
            self.lines.append('return;')
        return self.lines

    def declared(self, type_: lir.Type, name: str) -> str:
        """The declaration of a variable."""
        return declaration(type_, name, self.shared.names.structs)

    # ---- statements ------------------------------------------------------------------------------

    def block(self, block: lir.Block) -> None:
        """The statements of a block."""
        for statement in block:
            self.statement(statement)

    def statement(self, statement: lir.Stmt) -> None:
        """One statement."""
        match statement:
            case lir.Assign():
                self.assign(statement)
            case lir.Store(pointer, value):
                self.store(pointer, value)
            case lir.AtomicStore(pointer, value, order):
                place, operand = self.operands((pointer, value))
                address = self.shared_address(place, pointer, value.type)
                self.lines.append(f'__atomic_store_n({address}, {bare(value) or operand.text}, '
                                  f'__ATOMIC_{order.upper()});')
            case lir.Fence(order):
                if order != 'relaxed':
                    self.lines.append(f'__atomic_thread_fence(__ATOMIC_{order.upper()});')
            case lir.If():
                self.branch(statement)
            case lir.While():
                self.loop(statement)
            case lir.Switch():
                self.switch(statement)
            case lir.Break():
                self.leave_loop()
            case lir.Continue():
                self.lines.append('continue;')
            case lir.Return(value):
                self.give_back(value)
            case lir.ExprStmt(value):
                self.evaluate(value)
            case lir.Fork():
                raise TypeError('forks become states before they become C')

    def assign(self, statement: lir.Assign) -> None:
        """An assignment, or the declaration of a local with its first value."""
        target = statement.target
        value = self.emit(statement.value)
        name = self.local_names[target.name]
        if id(statement) in self.scopes.declaring:
            self.scopes.declaring.discard(id(statement))
            name = self.declared(target.type, name)
            self.lines.append(f'{name} = {bare(statement.value) or value.text};')
            return
        match statement.value:
            case lir.Binary(op, lir.Local(changed), right) if changed == target.name and op in ('add', 'sub') and (
                    target.type in (lir.U32, lir.U64) and not self.shared.effects.of(right)):
                self.lines.append(f'{name} {"+=" if op == "add" else "-="} {bare(right) or self.emit(right).text};')
            case _:
                self.lines.append(f'{name} = {bare(statement.value) or value.text};')

    def store(self, pointer: lir.Expr, value: lir.Expr) -> None:
        """A store. C evaluates both sides in any order."""
        effects = self.shared.effects
        address_effect, value_effect = effects.of(pointer), effects.of(value)
        if Effect.ACTS in (address_effect, value_effect) and address_effect:
            address = self.keep(self.emit(pointer), pointer.type)
            operand = self.emit(value)
            place = f'*{self.retyped(address.text, pointer, pointer)}'
        else:
            operand = self.emit(value)
            place = self.place(pointer)
        self.lines.append(f'{place} = {bare(value) or operand.text};')

    def evaluate(self, value: lir.Expr) -> None:
        """An expression for what it does."""
        text = self.emit(value)
        has_result = value.type != lir.VOID and not isinstance(value, lir.Call)
        self.lines.append(f'{"(void)" if has_result else ""}{text.within(Level.BINARY) if has_result else text.text};')

    def give_back(self, value: lir.Expr | None) -> None:
        """A return, or a jump to another member of the group."""
        if value is None:
            self.lines.append('return;')
            return
        if isinstance(value, lir.Call) and value.tail and self.jumps and value.function in self.jumps.labels:
            self.jump(value, self.jumps)
            return
        text = self.emit(value)
        if value.type != lir.VOID:
            self.lines.append(f'return {bare(value) or text.text};')
        else:
            self.lines += [f'{text.text};', 'return;']

    def jump(self, call: lir.Call, jumps: Jumps) -> None:
        """A call in the place of its caller. Values only depend on locals, which are no slots."""
        function = self.shared.functions[call.function]
        for (name, _), argument, value in zip(function.parameters, call.arguments, self.operands(call.arguments),
                                              strict=True):
            if name in jumps.fixed:
                continue
            slot = jumps.slots[call.function][name]
            self.lines.append(f'{slot} = {bare(argument) or value.text};')
        self.lines.append(f'goto {jumps.labels[call.function]};')

    # ---- control ---------------------------------------------------------------------------------

    def inner(self, block: lir.Block) -> list[str]:
        """The lines of a block inside of a statement."""
        outer, self.lines = self.lines, []
        self.block(block)
        lines, self.lines = self.lines, outer
        return lines

    def branch(self, statement: lir.If) -> None:
        """An `if`; one that is all there is on the other way goes on with `else if`."""
        condition = self.emit(statement.condition)
        then, otherwise = self.inner(statement.then), self.inner(statement.otherwise)
        if not then and not otherwise:
            if self.shared.effects.of(statement.condition) is Effect.ACTS:
                self.lines.append(f'(void)({condition.text});')
            return
        if not then:
            condition = negated(condition)
            then, otherwise = otherwise, []
        self.lines += [f'if ({condition.text}) {{', *then]
        if _is_one_branch(otherwise):
            self.lines += [f'}} else {otherwise[0]}', *otherwise[1:]]
        elif otherwise:
            self.lines += ['} else {', *otherwise, '}']
        else:
            self.lines.append('}')

    def loop(self, statement: lir.While) -> None:
        """A loop. Statements that the condition needs are repeated in it."""
        condition, before = self.aside(statement.condition)
        loop = _Loop(False)
        self.loops.append(loop)
        body = self.inner(statement.body)
        self.loops.pop()
        if isinstance(statement.condition, lir.Const):
            self.lines += ['for (;;) {', *body, '}']
        elif before:
            self.lines += ['for (;;) {', *before, f'if ({negated(condition).text}) {{', 'break;', '}', *body, '}']
        else:
            self.lines += [f'while ({condition.text}) {{', *body, '}']
        if loop.label:
            self.lines.append(f'{loop.label}:;')

    def leave_loop(self) -> None:
        """A `break`. In a switch, that is a jump behind the loop."""
        if not self.loops[-1].is_switch:
            self.lines.append('break;')
            return
        loop = next(loop for loop in reversed(self.loops) if not loop.is_switch)
        loop.label = loop.label or self.temporary('leave')
        self.lines.append(f'goto {loop.label};')

    def switch(self, statement: lir.Switch) -> None:
        """A switch."""
        value = self.emit(statement.value)
        self.lines.append(f'switch ({value.text}) {{')
        self.loops.append(_Loop(True))
        for case in statement.cases:
            labels = [f'case {bare(number) or constant(value, number.type).text}:'
                      for value in case.values for number in (lir.Const(value, statement.value.type),)]
            self.arm(labels, case.body)
        self.arm(['default:'], statement.default)
        self.loops.pop()
        self.lines.append('}')

    def arm(self, labels: list[str], block: lir.Block) -> None:
        """An arm of a switch."""
        lines = self.inner(block)
        if not always_leaves(block):
            lines.append('break;')
        self.lines += labels[:-1]
        if len(lines) == 1:
            self.lines.append(f'{labels[-1]} {lines[0]}')
        else:
            self.lines += [f'{labels[-1]} {{', *lines, '}']


def negated(condition: Text) -> Text:
    """The contrary of a condition."""
    return Text(f'!{condition.within(Level.BINARY)}', Level.UNARY)


def _is_one_branch(lines: list[str]) -> bool:
    """Whether lines are one `if` with all that belongs to it, and nothing else."""
    if not lines or not lines[0].startswith('if ('):
        return False
    depth = 0
    for index, line in enumerate(lines):
        depth += line.endswith('{') - line.startswith('}')
        if depth == 0:
            return index == len(lines) - 1
    return False
