"""The sequential form: one function that runs a frame to its end, on a stack in memory.

    sequence(w, ready, start):                how many words the result in w.results has; or what `spill` gives
      while true: switch state
        case BEGIN:      bring the frame into registers and on the stack
        case f:          if budget or stack are used up and that matters: make frames of this call and the stack,
                                                                          or push this call to go on with it later
                         …
                         push live locals, arguments of later calls and the state 'f.1'; state = g     # a call
                         register = x; state = top of the stack                                      # f gives x
        case f.1:        pop; …
        case END:        w.results = register; return, or go on with another frame
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from bend.codegen import lir
from bend.codegen.direct import values as val
from bend.codegen.direct.context import WORKER
from bend.codegen.direct.values import u64
from bend.codegen.states.emit import (
    FIRST,
    FRAME,
    READY,
    STATE,
    Form,
    frame_pointer,
    from_registers,
    made_ready,
    registers,
    runtime,
    taken,
    to_registers,
)
from bend.codegen.states.layout import BEGIN, Machine, Waiting, words_of
from bend.codegen.states.loops import is_check

NAME = 'sequence'
TOP = lir.Local('top', val.POINTER)
"""The first free word of the stack."""
START = lir.Local('start', lir.U64)
"""Where the stack goes on, if the run was begun before, or 0."""
VERDICT = lir.Local('verdict', lir.U64)
GO_ON, SPILL, SUSPEND = range(3)
"""What a run does that has looked at what others do (`bend.runtime.kernel.waves.spill`)."""
LIMIT = lir.Local('limit', lir.U64)
"""How far up an entry may begin."""
BUDGET = lir.Local('budget', lir.U64)
WAITING = lir.Local('waiting', lir.U64)
"""How many calls on the stack have not been begun."""
TASK = lir.Local('task', lir.U64)
MOST_LOOKS = 3
"""How many states are looked for before the switch."""


def sequential(machine: Machine, worker: lir.Struct, known: Mapping[str, lir.Expr]) -> lir.Function:
    """The function `sequence` of a machine; `known` is what calls of some functions give in it."""
    parameters = tuple((local.name, local.type) for local in (WORKER, READY, START))
    return lir.Function(NAME, parameters, lir.U64, _Sequential(machine, worker, known).body(), inline='never')


class _Sequential(Form):
    def __init__(self, machine: Machine, worker: lir.Struct, known: Mapping[str, lir.Expr]) -> None:
        super().__init__(machine, known)
        self.worker = worker

    def body(self) -> lir.Block:
        """The whole function."""
        load = self.worker.load
        go_on = (
            lir.Assign(TOP, lir.Convert(START, val.POINTER)),
            lir.Assign(WAITING, load(WORKER, 'waiting')),
            # At least one call is made.
            lir.Assign(BUDGET, lir.Binary('add', BUDGET, u64(1))),
            lir.Assign(STATE, lir.Load(_below(1))),
            lir.Switch(STATE, tuple(self.gone_on()), _NEVER),
        )
        cases = [self.begin(), *self.ends(), *self.shared_cases(), *self.resumed()]
        return (
            *taken(),
            lir.Assign(LIMIT, lir.Binary('add', load(WORKER, 'stack'), load(WORKER, 'stack_room'))),
            lir.Assign(BUDGET, load(WORKER, 'budget')),
            lir.If(lir.Compare('eq', START, u64(0)), (lir.Assign(STATE, u64(BEGIN)),), go_on),
            lir.While(lir.Const(1, lir.BOOL), (lir.Switch(STATE, tuple(cases), _NEVER),)),
        )

    def begin(self) -> lir.Case:
        """How a run begins."""
        stack = self.worker.load(WORKER, 'stack')
        return lir.Case((BEGIN,), (
            *taken(),
            lir.Store(self.worker.address(WORKER, 'bottom'), stack),
            lir.Assign(TOP, lir.Convert(stack, val.POINTER)),
            lir.Assign(WAITING, u64(0)),
            lir.Switch(STATE, tuple(self.begun()), _NEVER),
        ))

    def gone_on(self) -> list[lir.Case]:
        """How the call is taken from the stack that a run was to make when it stopped."""
        cases = []
        for name, number in self.machine.entries.items():
            parameters = self.machine.functions[name].parameters
            size = self.machine.words(parameters) + 1
            cases.append(lir.Case((number,), (lir.Assign(TOP, _below(size)),
                                              *self.loads(TOP, 0, registers(parameters)))))
        return cases

    def begun(self) -> list[lir.Case]:
        """How each frame is brought into registers and on the stack."""
        machine, words = self.machine, frame_pointer(FRAME)
        cases = []
        for name, number in machine.entries.items():
            flat = machine.functions[name]
            arguments = self.loads(words, FIRST, registers(flat.parameters))
            cases.append(lir.Case((number,), (*self.push((), 0, machine.ends[flat.result]), *arguments)))
        for (name, _), waiting in machine.waiting.items():
            flat = machine.functions[name]
            kept = [lir.Load(lir.IndexAddress(words, u64(FIRST + index))) for index in range(waiting.kept)]
            last = self.loads(words, FIRST + waiting.slots[-1], registers(waiting.targets[-1:]))
            cases.append(lir.Case((waiting.numbers[-1],), (
                *self.push((), 0, machine.ends[flat.result]),
                *self.push(kept, waiting.size, waiting.numbers[-1]), *last)))
        return cases

    def push(self, values: Sequence[lir.Expr], size: int, number: int) -> list[lir.Stmt]:
        """Pushes an entry of so many words that begins with values."""
        return [*self.stores(TOP, 0, values), lir.Store(lir.IndexAddress(TOP, u64(size)), u64(number)),
                lir.Assign(TOP, lir.IndexAddress(TOP, u64(size + 1)))]

    def entry(self, number: int) -> lir.Block:
        """Looks whether the run should go on as it does."""
        machine = self.machine
        name = next(name for name, known in machine.entries.items() if known == number)
        is_full = lir.Compare('gt', lir.Convert(TOP, lir.U64), LIMIT)
        is_late = lir.Compare('eq', BUDGET, u64(0))
        task, parameters = frame_pointer(TASK), registers(machine.functions[name].parameters)
        top = lir.Convert(TOP, lir.U64)
        spilled = (
            lir.Assign(TASK, runtime('new_frame', lir.U64)),
            *self.stores(task, FIRST, parameters),
            lir.Return(runtime('spill', lir.U64, FRAME, made_ready(TASK, number), top)),
        )
        size = machine.words(parameters) + 1
        after = lir.Convert(lir.IndexAddress(TOP, u64(size)), lir.U64)
        suspended = (
            *self.stores(TOP, 0, parameters),
            lir.Store(lir.IndexAddress(TOP, u64(size - 1)), u64(number)),
            lir.Return(runtime('suspend', lir.U64, FRAME, top, after, WAITING)),
        )
        look = (
            lir.Assign(VERDICT, runtime('judge', lir.U64, is_full, WAITING)),
            lir.If(lir.Compare('eq', VERDICT, u64(SUSPEND)), suspended),
            lir.If(lir.Compare('eq', VERDICT, u64(SPILL)), spilled),
            lir.Assign(BUDGET, self.worker.load(WORKER, 'budget')),
        )
        return (lir.Assign(BUDGET, lir.Binary('sub', BUDGET, u64(1))),
                lir.If(lir.Intrinsic('unlikely', (lir.Logical('or', is_full, is_late),)), look))

    def statements(self, statements: lir.Block) -> lir.Block:
        """Loops look at the device as seldom as calls do."""
        found: list[lir.Stmt] = []
        for statement in super().statements(statements):
            if is_check(statement):
                look = (statement, lir.Assign(BUDGET, self.worker.load(WORKER, 'budget')))
                is_late = lir.Intrinsic('unlikely', (lir.Compare('eq', BUDGET, u64(0)),))
                found += [lir.Assign(BUDGET, lir.Binary('sub', BUDGET, u64(1))), lir.If(is_late, look)]
            else:
                found.append(statement)
        return tuple(found)

    def give(self, value: lir.Expr) -> lir.Block:
        """The result goes to a register, and who waits for it goes on."""
        return (*to_registers((value,)), lir.Assign(STATE, lir.Load(_below(1))), *self.again())

    def become(self, call: lir.Call) -> lir.Block:
        """Who waits stays the same."""
        return self.start(call)

    def invoke(self, waiting: Waiting) -> lir.Block:
        """The first call is next; the arguments of those after it wait on the stack."""
        later = [argument for call in waiting.calls[1:] for argument in call.arguments[1:]]
        count = len(waiting.calls) - 1
        counted = [lir.Assign(WAITING, lir.Binary('add', WAITING, u64(count)))] if count else []
        return (*self.stores(TOP, waiting.kept, later), *self.push(waiting.saved, waiting.size, waiting.numbers[0]),
                *counted, *self.start(waiting.calls[0]))

    def ends(self) -> list[lir.Case]:
        """The bottom of the stack: the frame is done. A lane that takes frames of a list takes the next one here, and
        not by another call, in which it would no longer do the same as others at the same time."""
        cases = []
        results = self.worker.address(WORKER, 'results')
        is_last = lir.Compare('eq', self.worker.load(WORKER, 'takes'), u64(0))
        for type_, number in self.machine.ends.items():
            words = words_of(registers((lir.Local('', type_),))[0], self.machine.structs)
            stores = [lir.Store(lir.IndexAddress(results, u64(index)), word) for index, word in enumerate(words)]
            cases.append(lir.Case((number,), (
                *stores,
                lir.If(is_last, (lir.Return(u64(len(words))),)),
                lir.Assign(READY, runtime('next_run', lir.U64, FRAME, u64(len(words)))),
                lir.If(lir.Compare('eq', READY, u64(0)), (lir.Return(u64(0)),)),
                lir.Assign(STATE, u64(BEGIN)))))
        return cases

    def resumed(self) -> list[lir.Case]:
        """The states that go on with a result."""
        cases = []
        for (name, _), waiting in self.machine.waiting.items():
            self.flat = self.machine.functions[name]
            for index, number in enumerate(waiting.numbers[:-1]):
                cases.append(lir.Case((number,), self.next_call(waiting, index)))
            cases.append(self.looping(waiting.numbers[-1], lambda: self.last_result(waiting)))  # noqa: B023
        return cases

    def after(self, number: int) -> lir.Block:
        """A recursive function most often gives its result to itself: to a fork whose next call is one of it, too, or
        to where it has just been."""
        name = self.flat.name
        own = [waiting for (function, _), waiting in self.machine.waiting.items() if function == name]
        is_entry = number == self.machine.entries[name]
        found: list[lir.Stmt] = []
        for waiting in own:
            for index, (call, following) in enumerate(pairwise(waiting.calls)):
                if call.function == following.function == name:
                    found.append(_if_next(waiting.numbers[index], self.next_call(waiting, index)))
            if number == waiting.numbers[-1] and waiting.calls[-1].function == name:
                found.append(_if_next(number, (lir.Continue(),)))
        is_resumed = any(number == waiting.numbers[-1] for waiting in own)
        return tuple(found) if (is_entry or is_resumed) and len(found) <= MOST_LOOKS else ()

    def next_call(self, waiting: Waiting, index: int) -> lir.Block:
        """Keeps a result, and goes on with the next call."""
        base = _below(waiting.size + 1)
        following = waiting.calls[index + 1]
        given = registers(waiting.targets[index:index + 1])
        return (
            *self.stores(base, waiting.slots[index], given),
            lir.Store(_below(1), u64(waiting.numbers[index + 1])),
            lir.Assign(WAITING, lir.Binary('sub', WAITING, u64(1))),
            *self.loads(base, waiting.arguments[index + 1], registers(following.arguments[1:])),
            *self.next(self.machine.entries[following.function]))

    def last_result(self, waiting: Waiting) -> lir.Block:
        """Takes all results, and goes on."""
        return (*from_registers(waiting.targets[-1:]), lir.Assign(TOP, _below(waiting.size + 1)),
                *self.loads(TOP, 0, (*waiting.saved, *waiting.targets[:-1])), *self.go(waiting.then))


_NEVER: lir.Block = (lir.ExprStmt(lir.Intrinsic('trap', ())),)


def _if_next(number: int, then: lir.Block) -> lir.Stmt:
    return lir.If(lir.Compare('eq', STATE, u64(number)), then)


def _below(words: int) -> lir.Expr:
    """An address below the top of the stack."""
    return lir.IndexAddress(TOP, lir.Const(-words, lir.I64))
