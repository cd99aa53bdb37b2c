"""The stepping form: one function that runs a frame up to its next calls, which become frames.

    step(w, ready):                           the ready frame to go on with, or 0
      while true: switch state
        case f:     …
                    frame becomes one that waits; return a frame of the call, or make those of several calls ready
                    return give_one(w, frame, x)                            # f gives x
        case f.1:   live locals and results from the frame; …
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from bend.codegen import lir
from bend.codegen.direct.context import WORKER
from bend.codegen.direct.values import u64
from bend.codegen.states.emit import (
    FIRST,
    FRAME,
    HEADER,
    READY,
    RETURN,
    STATE,
    Form,
    frame_pointer,
    made_ready,
    registers,
    runtime,
    taken,
)
from bend.codegen.states.layout import MISSING_SHIFT, Machine, Waiting, words_of

NAME = 'step'
ALONE_BIT, SLOT_SHIFT = 1 << 48, 49
"""What is where in where results go (`bend.runtime.kernel.waves.frames`)."""
LEFT = lir.Local('left', lir.U64)
MOST_CALLS = 64
"""How many calls that take the place of their caller are made between two looks at whether the run was stopped."""
GIVE = {1: 'give_one', 2: 'give_two'}


PUSH = {4: 'push_four', 2: 'push_two', 1: 'push_frame'}


def batched(items: Sequence[lir.Expr]) -> Iterator[Sequence[lir.Expr]]:
    """Items in as few parts as can be pushed at a time."""
    while items:
        count = next(count for count in PUSH if count <= len(items))
        yield items[:count]
        items = items[count:]


def stepping(machine: Machine, worker: lir.Struct, known: Mapping[str, lir.Expr]) -> lir.Function:
    """The function `step` of a machine; `known` is what calls of some functions give in it."""
    return lir.Function(NAME, ((WORKER.name, WORKER.type), (READY.name, READY.type)), lir.U64,
                        _Stepping(machine, worker, known).body(), inline='always')


class _Stepping(Form):
    def __init__(self, machine: Machine, worker: lir.Struct, known: Mapping[str, lir.Expr]) -> None:
        super().__init__(machine, known)
        self.worker = worker

    def body(self) -> lir.Block:
        """The whole function."""
        cases = [*self.shared_cases(), *self.resumed()]
        return (
            lir.Assign(LEFT, u64(MOST_CALLS)),
            *taken(),
            lir.Switch(STATE, tuple(self.begun())),
            lir.While(lir.Const(1, lir.BOOL), (
                lir.Switch(STATE, tuple(cases), (lir.ExprStmt(lir.Intrinsic('trap', ())),)),)),
        )

    def begun(self) -> list[lir.Case]:
        """How the arguments of calls are brought into registers."""
        return [lir.Case((number,), tuple(self.loads(
            frame_pointer(FRAME), FIRST, registers(self.machine.functions[name].parameters))))
            for name, number in self.machine.entries.items()]

    def resumed(self) -> list[lir.Case]:
        """The states that go on with results."""
        cases = []
        for (name, _), waiting in self.machine.waiting.items():
            self.flat = self.machine.functions[name]
            cases.append(lir.Case((waiting.numbers[-1],), (
                *self.loads(frame_pointer(FRAME), FIRST, (*waiting.saved, *waiting.targets)),
                *self.go(waiting.then))))
        return cases

    def give(self, value: lir.Expr) -> lir.Block:
        """The result goes to the frame that waits for it."""
        given = registers((value,))[0]
        words = words_of(given, self.machine.structs)
        return (lir.Assign(given, value), lir.Return(runtime(GIVE[len(words)], lir.U64, FRAME, *words)))

    def become(self, call: lir.Call) -> lir.Block:
        """The frame stays that of the function that is called. This may go on for ever, so it looks for the end now and
        then."""
        look = (lir.Assign(LEFT, u64(MOST_CALLS)), lir.ExprStmt(runtime('check_loop', lir.VOID)))
        is_late = lir.Intrinsic('unlikely', (lir.Compare('eq', LEFT, u64(0)),))
        return (lir.Assign(LEFT, lir.Binary('sub', LEFT, u64(1))), lir.If(is_late, look), *self.start(call))

    def invoke(self, waiting: Waiting) -> lir.Block:
        """The frame becomes one that waits, and calls become frames. All of several are ready at once; a single one is
        gone on with."""
        children = [lir.Local(f'child.{index}', lir.U64) for index in range(len(waiting.calls))]
        made: list[lir.Stmt] = []
        for child, call, slot in zip(children, waiting.calls, waiting.slots, strict=True):
            made.append(lir.Assign(child, runtime('new_frame', lir.U64)))
            words = frame_pointer(child)
            where = slot << SLOT_SHIFT | (ALONE_BIT if len(children) == 1 else 0)
            target = lir.Binary('or', FRAME, u64(where)) if where else FRAME
            made += [lir.Store(lir.IndexAddress(words, u64(RETURN)), target),
                     *self.stores(words, FIRST, call.arguments[1:])]
        header = lir.Binary('or', self.worker.load(WORKER, 'stamp'),
                            u64(waiting.numbers[-1] | len(children) << MISSING_SHIFT))
        made += [*self.stores(frame_pointer(FRAME), FIRST, waiting.saved),
                 lir.Store(lir.IndexAddress(frame_pointer(FRAME), u64(HEADER)), header)]
        ready = [made_ready(child, self.machine.entries[call.function])
                 for child, call in zip(children, waiting.calls, strict=True)]
        if len(ready) == 1:
            return (*made, lir.Return(ready[0]))
        pushes = [lir.ExprStmt(runtime(PUSH[len(some)], lir.VOID, *some)) for some in batched(ready)]
        return (*made, *pushes, lir.Return(u64(0)))
