"""Functions of the direct engine to LIR.

Every function of the program becomes one of LIR, with unboxed parameters where only numbers of one type can come. Calls
of a function by itself in its own place are a loop, also those whose result is a field of a constructor that is given
(tail recursion modulo constructors: the field is filled in by the next turn).
"""

from __future__ import annotations

from collections.abc import Sequence

from bend.codegen import lir
from bend.codegen.direct import ir
from bend.codegen.direct import values as val
from bend.codegen.direct.arms import chosen_arm
from bend.codegen.direct.context import WORKER, Context
from bend.codegen.direct.flow import ERASER, NUMBERS, Made, Plain
from bend.codegen.direct.future import future_sizes
from bend.codegen.direct.ir import Atom, Block
from bend.codegen.direct.operations import Operations, zero_test
from bend.codegen.direct.ownership import later_uses, lent_names
from bend.codegen.direct.state import Opened, State, joined
from bend.codegen.direct.tails import used_by, used_in
from bend.codegen.direct.unroll import ONLY_COPY, Copy, depth_to_even, evened_out, unrolled
from bend.codegen.direct.values import Rep, u64
from bend.records import dataclass, replace
from bend.runtime.direct import program as words

TASK_WORDS = 2
"""Where the arguments and results of a task begin."""
HOLE = lir.Local('hole', lir.U64)
FIRST = lir.Local('first', lir.U64)


def lower_function(context: Context, function: ir.Function) -> list[lir.Function]:
    """A function in LIR, with the copies that it is unrolled to. One that forks, and may run often, has a serial
    version, which it goes on with when enough tasks wait for somebody to take them; that one goes back to forking when
    somebody asks for tasks."""
    forks = function.name in context.forking
    limit = context.unrolling.get(function.name)
    copies = [function] if limit is None else unrolled(function, limit)
    first, *others = (Lowering(context, body, forks, Copy(level, len(copies) - 1)) for level, body in enumerate(copies))
    depth = first.uneven_depth(copies)
    if depth is not None:
        others.append(Lowering(context, function, forks, first.copy.single))
    serial = [Lowering(context, function, False).lower()] if forks else []
    return [*serial, first.lower(depth), *(item.lower() for item in others)]


@dataclass(frozen=True, slots=True)
class Target:
    """Where what a block gives goes: to a local, or two values to one each, or (none) to the caller of the function."""

    locals: tuple[lir.Local, ...] = ()
    reps: tuple[Rep, ...] = ()


CALLER = Target()


class Lowering(Operations):
    """Lowers one function."""

    def __init__(self, context: Context, function: ir.Function, serial: bool, copy: Copy = ONLY_COPY) -> None:
        """`copy` is which copy of the function this is. A `serial` one does not fork. The `function` may also be a
        shell of one of the program."""
        super().__init__(context)
        self.function = function
        self.serial = serial
        self.copy = copy
        self.is_shell = function is not context.program.functions[function.name]
        self.reps = context.result_reps(function.name)
        self.lent = lent_names(function, context.borrowed)
        self.finals: list[State] = []
        tails = list(_tail_blocks(function.body))
        self.fills = self.reps == ('word',) and any(self.hole_field(block) is not None for block in tails)
        self.loops = self.fills or any(isinstance(block.end, ir.Do) and self.is_turn(block.end.operation)
                                       for block in tails)

    def lower(self, uneven: lir.Local | None = None) -> lir.Function:
        """The whole function; a depth that may be `uneven` is evened out first."""
        context, function = self.context, self.function
        for index, name in enumerate(function.parameters):
            if context.is_counted(name) and (function.name, index) not in context.borrowed:
                self.state.owned.add(name)
        body = self.collect(lambda: self.block(function.body, frozenset(), CALLER))
        is_forking = function.name in context.forking and not self.serial
        start = self.checks() if function.name in context.recursive and self.copy.level == 0 else []
        if uneven is not None:
            start.append(evened_out(uneven, self.copy.levels, self.single_level()))
        if self.fills:
            start += [lir.Assign(HOLE, u64(0)), lir.Assign(FIRST, u64(0))]
        if self.loops:
            turn = lir.ExprStmt(lir.Call('check_loop', (WORKER,), lir.VOID))
            body = (lir.While(lir.Const(1, lir.BOOL), (turn, *body)),)
        parameters = tuple((name, context.local(name).type) for name in function.parameters)
        # Inlined into its serial version, a function that forks would cost that one registers.
        inline: lir.Inline = 'auto'
        if self.copy.level:
            inline = 'never' if self.copy.is_single else 'always'
        elif is_forking:
            inline = 'never'
        return lir.Function(self.copy_name(self.copy), ((WORKER.name, WORKER.type), *parameters),
                            context.result_type(function.name), (*start, *body), tail=True, inline=inline,
                            seldom=function.name in context.seldom, traced=True)

    def uneven_depth(self, copies: Sequence[ir.Function]) -> lir.Local | None:
        """The depth of the recursion that is to be evened out, if that pays."""
        name = depth_to_even(copies)
        if name is None or self.loops or self.context.local(name).type != lir.U32:
            return None
        return self.context.local(name)

    def single_level(self) -> lir.Call:
        """The call of the copy that does a single level, in the place of this one."""
        context, function = self.context, self.function
        parameters = [context.local(parameter) for parameter in function.parameters]
        return lir.Call(self.copy_name(self.copy.single), (WORKER, *parameters), context.result_type(function.name),
                        tail=True)

    def checks(self) -> list[lir.Stmt]:
        """What a recursive function does first: it looks whether there is room on the stack; one that forks, whether
        tasks are welcome, and its serial version, whether somebody asks for tasks."""
        context, name = self.context, self.function.name
        number = u64(list(context.program.functions).index(name))
        parameters = [context.local(parameter) for parameter in self.function.parameters]

        def goes_on_as(serial: bool) -> lir.Block:
            other = context.lir_name(name, serial)
            return (lir.Return(lir.Call(other, (WORKER, *parameters), context.result_type(name), tail=True)),)

        check = lir.ExprStmt(lir.Call('check', (WORKER, number), lir.VOID))
        if name not in context.forking:
            return [check]
        if self.serial:
            asked = lir.Call('is_asked', (WORKER, number), lir.BOOL)
            return [lir.If(lir.Intrinsic('unlikely', (asked,)), goes_on_as(False))]
        return [check, lir.If(lir.Not(lir.Call('can_fork', (WORKER,), lir.BOOL)), goes_on_as(True))]

    def copy_name(self, copy: Copy) -> str:
        """What a copy of the function is called in LIR."""
        name = self.context.lir_name(self.function.name, self.serial)
        return f'{name}.{copy.level}' if copy.level else name

    def callee(self, function: str) -> str:
        """What a function that is called is called in LIR: of this one, the next copy."""
        if function != self.function.name:
            return self.context.lir_name(function, self.serial)
        return self.copy_name(self.copy.next)

    # ---- blocks --------------------------------------------------------------------------------

    def block(self, block: Block, live: frozenset[str], target: Target) -> None:
        """The bindings of a block and its end. `live` are the variables that are needed afterwards."""
        filled = self.hole_field(block) if self.fills and target is CALLER else None
        steps = block.bindings if filled is None else block.bindings[:-2]
        later = later_uses(block, live)
        sizes = future_sizes(self.context, block)
        self.future = sizes[0]
        self.release_tokens(self.future)
        for index, binding in enumerate(steps):
            self.future = sizes[index]
            if index == 0 or self.is_settled(steps[index - 1], binding):
                self.settle(later[index] | used_by(binding.operation))
            self.binding(binding, later[index])
        self.future = sizes[len(steps)]
        if filled is not None:
            self.fill(block, filled)
        else:
            self.settle(live | used_by(block.end))
            self.end(block.end, live, target)

    def is_settled(self, before: ir.Binding, binding: ir.Binding) -> bool:
        """Whether what is needed no more is dropped between two bindings, and not later."""
        return True

    def binding(self, binding: ir.Binding, later: frozenset[str]) -> None:
        """One binding."""
        name = binding.names[0]
        self.place = ir.place_of(binding.operation)
        match binding.operation:
            case ir.Call() as call:
                self.bind_results(binding.names, self.context.result_reps(call.function), self.call_of(call, later))
            case ir.Apply() as apply:
                self.bind(name, *self.applied(apply, later))
            case ir.Construct(_, arguments) | ir.Pair(arguments):
                self.construct(name, self.context.shape_of(binding), arguments, later)
            case ir.Literal():
                self.literal(name, binding.operation, later)
            case ir.Partial(function, arguments):
                self.partial(name, function, arguments, later)
            case ir.TakePair(value):
                self.take_pair(value, binding.names)
            case ir.Operate():
                self.operate(name, binding.operation)
            case ir.Cast(kind, value):
                number, rep = self.number(value)
                self.bind(name, *self.context.arithmetic.cast(kind, number, rep), owned=False)
            case ir.Nested(block):
                self.nested(binding.names, block, later)
            case ir.Fork():
                self.fork(binding, later)
            case ir.Count(calls):
                self.call('count_calls', WORKER, u64(calls))

    def bind_results(self, names: Sequence[str], reps: Sequence[Rep], call: lir.Expr) -> None:
        """Gives variables what a call gives."""
        if len(names) == 1:
            self.bind(names[0], call, reps[0])
            return
        both = self.assign(call, 'both')
        for name, part, rep in zip(names, ('first', 'second'), reps, strict=True):
            self.bind(name, lir.Extract(both, part, val.TYPES[rep]), rep)

    def nested(self, names: Sequence[str], block: Block, later: frozenset[str]) -> None:
        """A block whose results go to variables. Free cells from before are kept out of it."""
        hidden, self.state.tokens = self.state.tokens, []
        outer_future, outer_finals = self.future, self.finals
        self.finals = []
        self.block(block, later, Target(tuple(map(self.context.local, names)), tuple(map(self.context.rep, names))))
        if self.finals:
            self.state = joined(self.finals)
        self.future, self.finals = outer_future, outer_finals
        self.state.tokens = hidden
        self.state.owned.update(name for name in names if self.context.is_counted(name))

    # ---- forks ---------------------------------------------------------------------------------

    def fork(self, binding: ir.Binding, later: frozenset[str]) -> None:
        """Calls that others may take, while the first operation is done here. The serial version forks nothing; where
        there is none, each fork asks whether tasks are welcome."""
        first, *calls = ir.parts_of(binding, self.context.program)
        passed = frozenset(name for item in calls for name in used_by(item.operation))
        if self.serial:
            for index, item in enumerate((first, *calls)):
                rest = frozenset(name for other in calls[index:] for name in used_by(other.operation))
                self.binding(item, later | rest)
            return
        prepared: list[tuple[tuple[Rep, ...], lir.Expr] | None]
        if not isinstance(first.operation, ir.Nested):
            prepared = [self.prepared(item, later, calls[index:]) for index, item in enumerate((first, *calls))]
        else:
            needed = frozenset(used_by(first.operation)) | later
            prepared = [None, *(self.prepared(item, needed, calls[index + 1:]) for index, item in enumerate(calls))]
        tasks = [self.fresh(val.POINTER, 'task') for _ in calls]
        welcome = None
        if self.function.name in self.context.seldom:
            welcome = self.assign(lir.Call('can_fork', (WORKER,), lir.BOOL), 'welcome')
            self.emit(lir.If(welcome, self.collect(lambda: self.push_all(calls, prepared[1:], tasks))))
        else:
            self.push_all(calls, prepared[1:], tasks)
        here = prepared[0]
        if here is not None:
            self.bind_results(first.names, *here)
        else:
            lent = self.state.owned & passed
            self.state.owned -= lent
            self.binding(first, later | passed)
            self.state.owned |= lent
        for item, ready, task in reversed(list(zip(calls, prepared[1:], tasks, strict=True))):
            assert ready is not None
            self.join(item, ready, task, welcome)

    def prepared(self, item: ir.Binding, later: frozenset[str],
                 others: Sequence[ir.Binding]) -> tuple[tuple[Rep, ...], lir.Expr]:
        """A call whose arguments are passed on already, as what it gives and how."""
        rest = later | {name for other in others for name in used_by(other.operation)}
        operation = item.operation
        if isinstance(operation, ir.Call):
            return self.context.result_reps(operation.function), self.call_of(operation, rest)
        assert isinstance(operation, ir.Apply)
        value, rep = self.applied(operation, rest)
        return (rep,), value

    def push_all(self, calls: Sequence[ir.Binding], prepared: Sequence[tuple[tuple[Rep, ...], lir.Expr] | None],
                 tasks: Sequence[lir.Local]) -> None:
        """Makes tasks of calls."""
        for item, ready, task in zip(calls, prepared, tasks, strict=True):
            assert isinstance(item.operation, ir.Call) and ready is not None and isinstance(ready[1], lir.Call)
            self.emit(lir.Assign(task, lir.Call('push_task', (WORKER,), val.POINTER)))
            for index, argument in enumerate(ready[1].arguments[1:]):
                self.emit(lir.Store(lir.IndexAddress(task, u64(TASK_WORDS + index)), val.as_bits(argument)))
            code = list(self.context.program.functions).index(item.operation.function)
            self.context.forked.setdefault(code, set()).add(item.operation.place)
            self.call('publish_task', WORKER, u64(code))

    def join(self, item: ir.Binding, ready: tuple[tuple[Rep, ...], lir.Expr], task: lir.Local,
             welcome: lir.Local | None) -> None:
        """The results of a call that was forked, if tasks were `welcome`: it is done here unless somebody has taken
        it."""
        reps, call = ready
        here: lir.Expr = lir.Call('take_back', (WORKER, task), lir.BOOL)
        if welcome is not None:
            here = lir.Logical('or', lir.Not(welcome), here)
        local = self.collect(lambda: self.bind_results(item.names, reps, call))
        stolen: list[lir.Stmt] = [lir.ExprStmt(lir.Call('join_task', (WORKER, task), lir.VOID))]
        for index, (name, rep) in enumerate(zip(item.names, reps, strict=True)):
            bits = lir.Load(lir.IndexAddress(task, u64(TASK_WORDS + index)))
            value = val.converted(val.of_bits(bits, val.TYPES[rep]), rep, self.context.rep(name))
            stolen.append(lir.Assign(self.context.local(name), value))
        self.emit(lir.If(lir.Intrinsic('likely', (here,)), local, tuple(stolen)))

    # ---- ends ----------------------------------------------------------------------------------

    def end(self, end: ir.End, live: frozenset[str], target: Target) -> None:
        """The end of a block."""
        self.place = ir.place_of(end)
        match end:
            case ir.Return(value):
                self.consume(value, live)
                self.settle(live)
                self.give(self.context.atom(value, self.rep_of(target)), target)
            case ir.Returns(values):
                self.consume_all(values, live)
                self.settle(live)
                reps = self.reps if target is CALLER else target.reps
                self.give_both([self.context.atom(atom, rep) for atom, rep in zip(values, reps, strict=True)], target)
            case ir.Do(operation):
                self.do(operation, live, target)
            case ir.Switch():
                self.switch(end, live, target)
            case ir.Match():
                self.match(end, live, target)
            case ir.Wrong():
                self.wrong()

    def rep_of(self, target: Target) -> Rep:
        """The representation of what a block gives to one value."""
        return self.reps[0] if target is CALLER else target.reps[0]

    def give_both(self, values: Sequence[lir.Expr], target: Target) -> None:
        """A block gives two values, in the representations of the target."""
        if target is not CALLER:
            self.emit(*(lir.Assign(local, value) for local, value in zip(target.locals, values, strict=True)))
        self.release_tokens()
        if target is not CALLER:
            self.finals.append(self.state)
            return
        type_ = self.context.result_type(self.function.name)
        assert isinstance(type_, lir.StructName)
        self.emit(lir.Return(lir.Pack(type_, tuple(values))))

    def give(self, value: lir.Expr, target: Target) -> None:
        """A block gives a value, in the representation of the target."""
        if target is not CALLER:
            self.emit(lir.Assign(target.locals[0], value))
            self.release_tokens()
            self.finals.append(self.state)
            return
        result = self.simple(value)
        self.release_tokens()
        if self.fills:
            store = lir.Store(lir.Convert(HOLE, val.POINTER), result)
            is_first = lir.Compare('eq', HOLE, u64(0))
            self.emit(lir.If(is_first, (lir.Return(result),)), store, lir.Return(FIRST))
        else:
            self.emit(lir.Return(result))

    def do(self, operation: ir.Call | ir.Apply, live: frozenset[str], target: Target) -> None:
        """A call whose result is that of the block."""
        if target is CALLER and isinstance(operation, ir.Call) and self.is_turn(operation):
            self.turn(operation)
            return
        if isinstance(operation, ir.Call):
            function: str | None = operation.function
        else:
            given = self.known_function(operation)
            function = None if given is None else given.function
        if target is CALLER and not self.fills and self.is_tail(operation, function):
            self.tail_call(operation)
            return
        if isinstance(operation, ir.Call) and len(self.context.result_reps(operation.function)) == 1:
            value: lir.Expr = self.call_of(operation, live)
            rep = self.context.result_reps(operation.function)[0]
        elif isinstance(operation, ir.Call):
            self.pass_both(operation, live)
            return
        else:
            value, rep = self.applied(operation, live)
        result = self.assign(value, 'result')
        self.settle(live)
        self.give(val.converted(result, rep, self.rep_of(target)), target)

    def pass_both(self, call: ir.Call, live: frozenset[str]) -> None:
        """The two values of a call are those of the function."""
        both = self.assign(self.call_of(call, live), 'both')
        self.settle(live)
        self.release_tokens()
        reps = self.context.result_reps(call.function)
        parts = tuple(val.converted(lir.Extract(both, part, val.TYPES[rep]), rep, wanted)
                      for part, rep, wanted in zip(('first', 'second'), reps, self.reps, strict=True))
        type_ = self.context.result_type(self.function.name)
        assert isinstance(type_, lir.StructName)
        self.emit(lir.Return(lir.Pack(type_, parts)))

    def is_lendable(self, call: ir.Call) -> bool:
        """Whether all that a call borrows outlives this function."""
        return all((call.function, index) not in self.context.borrowed or not isinstance(atom, ir.Var)
                   or atom.name in self.lent or not self.context.is_counted(atom.name)
                   for index, atom in enumerate(call.arguments))

    def is_tail(self, operation: ir.Call | ir.Apply, function: str | None) -> bool:
        """Whether a call can take the place of this function."""
        reps: tuple[Rep, ...] = ('word',) if function is None else self.context.result_reps(function)
        if function is not None and isinstance(operation, ir.Apply) and len(reps) == 2:
            return False
        return reps == self.reps and (isinstance(operation, ir.Apply) or self.is_lendable(operation))

    def tail_call(self, operation: ir.Call | ir.Apply) -> None:
        """A call in the place of this function."""
        nothing: frozenset[str] = frozenset()
        if isinstance(operation, ir.Call):
            call = self.call_of(operation, nothing)
        elif (known := self.known_function(operation)) is not None:
            call = self.known_call(known, operation, nothing)
        else:
            call = self.unknown_call(operation, nothing)
        self.settle(nothing)
        self.release_tokens()
        # A copy that is inlined is in the place of nobody.
        self.emit(lir.Return(replace(call, tail=self.copy.level == 0)))

    # ---- loops ---------------------------------------------------------------------------------

    def is_turn(self, operation: ir.Operation) -> bool:
        """Whether a call in the place of the function is another turn of its loop."""
        return (isinstance(operation, ir.Call) and operation.function == self.function.name
                and not self.is_shell and self.is_lendable(operation))

    def turn(self, call: ir.Call) -> None:
        """Another turn: arguments become parameters."""
        owned = [atom for index, atom in enumerate(call.arguments)
                 if (call.function, index) not in self.context.borrowed]
        self.consume_all(owned, frozenset())
        self.settle(frozenset())
        self.release_tokens()
        self.next_turn(call)

    def next_turn(self, call: ir.Call) -> None:
        """Gives the parameters their new values, and goes back to the start."""
        changes = [(self.context.local(name), value)
                   for name, value in zip(self.function.parameters, self.arguments_of(call), strict=True)]
        changes = [(local, value) for local, value in changes if local != value]
        held = [(local, self.assign(value)) for local, value in changes]
        for local, value in held:
            self.emit(lir.Assign(local, value))
        self.emit(lir.Continue())

    def hole_field(self, block: Block) -> int | None:
        """Where the result of a call by the function of itself goes, if all that the block does with it is to make the
        constructor that it gives: the index of the field."""
        if len(block.bindings) < 2 or block.end != ir.Return(ir.Var(block.bindings[-1].names[0])):
            return None
        call, made = block.bindings[-2].operation, block.bindings[-1].operation
        if not (self.is_turn(call) and isinstance(made, ir.Construct | ir.Pair)):
            return None
        result = ir.Var(block.bindings[-2].names[0])
        shape = self.context.layout.shape(self.context.shape_of(block.bindings[-1]))
        if made.arguments.count(result) != 1 or self.context.rep(result.name) != 'word':
            return None
        index = made.arguments.index(result)
        return None if index == shape.packed else index

    def fill(self, block: Block, field: int) -> None:
        """Makes the constructor that is given, fills it in where the last one left a hole, and goes on with the call
        whose result belongs into its own."""
        call, binding = block.bindings[-2].operation, block.bindings[-1]
        made = binding.operation
        assert isinstance(call, ir.Call) and isinstance(made, ir.Construct | ir.Pair)
        others: list[Atom] = [atom for index, atom in enumerate(made.arguments) if index != field]
        passed = frozenset(used_by(call))
        self.settle(passed | used_by(made))
        self.consume_all(others, passed)
        number = self.context.shape_of(binding)
        reps = [self.context.atom_rep(atom) for atom in made.arguments]
        values = [None if index == field else self.context.atom(atom, reps[index])
                  for index, atom in enumerate(made.arguments)]
        cell = self.simple(self.made_cell(number, values, reps))
        store = lir.Store(lir.Convert(HOLE, val.POINTER), cell)
        self.emit(lir.If(lir.Compare('eq', HOLE, u64(0)), (lir.Assign(FIRST, cell),), (store,)))
        packed = self.context.layout.shape(number).packed
        word = 1 + field - (packed is not None and packed < field)
        self.emit(lir.Assign(HOLE, lir.Binary('add', cell, u64(8 * word))))
        self.turn(call)

    # ---- branches ------------------------------------------------------------------------------

    def arm(self, block: Block, live: frozenset[str], target: Target, state: State) -> lir.Block:
        """An arm of a branch as statements."""
        outer, self.state = self.state, state
        future, place = self.future, self.place
        statements = self.collect(lambda: self.block(block, live, target))
        self.state, self.future, self.place = outer, future, place
        return statements

    def switch(self, end: ir.Switch, live: frozenset[str], target: Target) -> None:
        """A branch on zero."""
        value, rep = self.number(end.value)
        value = self.simple(value)
        zero = self.arm(end.zero, live, target, self.state.copy())
        bits = val.payload_bits(value, rep)
        if rep == 'word':
            bits = lir.Binary('and', bits, val.u32(words.PAYLOAD_MASK))
        less = lir.Binary('sub', bits, val.u32(1))
        first = lir.Assign(self.context.local(end.predecessor),
                           val.converted(less, 'u24', self.context.rep(end.predecessor)))
        successor = self.arm(end.successor, live, target, self.state.copy())
        self.emit(lir.If(zero_test(value, rep), zero, (first, *successor)))

    def match(self, end: ir.Match, live: frozenset[str], target: Target) -> None:
        """A branch on the constructor."""
        value, rep, bits = self.looked_at(end.value)
        if rep != 'word':
            self.end(ir.Return(end.value), live, target)
            return
        cells: list[tuple[int, lir.Block]] = []
        immediates: list[tuple[int, lir.Block]] = []
        flow, layout = self.context.flow, self.context.layout
        others = bits
        for arm in end.arms:
            found = [item for item in flow.objects_in(bits)
                     if isinstance(item, Made | Plain) and item.constructor == arm.constructor]
            for item in found:
                others &= ~flow.bit(item)
            if found:
                first = found[0]
                number = (layout.by_place[first] if isinstance(first, Made)
                          else layout.by_constructor[first.constructor])
                statements = self.match_arm(end.value, value, arm, number, live, target)
                (immediates if layout.shape(number).is_immediate else cells).append((number, statements))
        default = self.default(end.value, value, others, live, target)
        wrong = self.collect(self.wrong) if default is None else default
        header = self.context.header_of(value)
        self.emit(*chosen_arm(value, header, cells, immediates, wrong, is_tested=default is not None))

    def match_arm(self, atom: Atom, value: lir.Expr, arm: ir.Arm, number: int, live: frozenset[str],
                  target: Target) -> lir.Block:
        """An arm of a match, with its fields."""
        shape = self.context.layout.shape(number)
        used = used_in(arm.block)
        state = self.state.copy()

        # A field that nothing uses is loaded only where it may have to be dropped.
        names = [name if name in used or self.context.is_counted(name) else None for name in arm.fields]
        loads = self.collect(lambda: self.load_fields(value, number, names))
        if isinstance(atom, ir.Var):
            if shape.is_immediate:
                state.owned.discard(atom.name)
            else:
                parts = tuple(name for name in arm.fields if self.context.is_counted(name))
                state.open(atom.name, Opened(number, shape.words + 1, parts))
        return (*loads, *self.arm(arm.block, live, target, state))

    def default(self, atom: Atom, value: lir.Expr, others: int, live: frozenset[str],
                target: Target) -> lir.Block | None:
        """What is done with values of no arm, None if there are none: a number stays what it is (spec 09, R5)."""
        if others == 0:
            return None
        wrong = self.collect(self.wrong)
        if others & (NUMBERS | ERASER) == 0 or (len(self.reps) == 2 and target is CALLER):
            return wrong
        number = self.arm(Block((), ir.Return(atom)), live, target, self.state.copy())
        if others & ~(NUMBERS | ERASER) == 0:
            return number
        is_number = lir.Logical('or', val.has_tag(value, words.NUMBER), val.has_tag(value, words.ERASER))
        return (lir.If(is_number, number, wrong),)


def _tail_blocks(block: Block) -> list[Block]:
    """The blocks whose ends are those of the function."""
    if isinstance(block.end, ir.Switch | ir.Match):
        return [found for inner in ir.blocks_of(block.end) for found in _tail_blocks(inner)]
    return [block]
