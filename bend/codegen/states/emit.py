"""What both forms of a machine share: states as blocks of LIR.

A form is a loop around a switch over the number of a state. A state begins with its locals, which come from registers,
from the stack or from a frame; then come its statements, and those of all blocks that only it leads to.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence

from bend.codegen import lir
from bend.codegen.direct import values as val
from bend.codegen.direct.context import WORKER
from bend.codegen.direct.values import u64
from bend.codegen.lir_walk import rewritten
from bend.codegen.states.blocks import Become, Branch, Choose, Flat, Give, Invoke, Jump
from bend.codegen.states.layout import CODE_BITS, Machine, Waiting, count_words, from_words, words_of

STATE = lir.Local('state', lir.U64)
FRAME = lir.Local('frame', lir.U64)
HEADER, RETURN, FIRST = range(3)
"""The words of frames (`bend.runtime.kernel.waves.frames`)."""
READY = lir.Local('ready', lir.U64)
STATE_SHIFT = 64 - CODE_BITS
"""A ready frame is a word: its address, and the number of its state."""


class Form(ABC):
    """A form of a machine; in it, calls of some functions are known to give something."""

    def __init__(self, machine: Machine, known: Mapping[str, lir.Expr]) -> None:
        self.machine = machine
        self.known = known
        self.flat: Flat
        self.inside: int | None = None
        self.turns = False

    # ---- what forms differ in ------------------------------------------------------------------

    @abstractmethod
    def give(self, value: lir.Expr) -> lir.Block:
        """A function gives a value."""

    @abstractmethod
    def become(self, call: lir.Call) -> lir.Block:
        """A function gives what a call gives."""

    @abstractmethod
    def invoke(self, waiting: Waiting) -> lir.Block:
        """A function waits for calls."""

    # ---- blocks --------------------------------------------------------------------------------

    def tree(self, index: int) -> lir.Block:
        """A block and those that only it leads to; nothing comes after it."""
        block = self.flat.blocks[index]
        end = block.end
        ending: lir.Block
        match end:
            case Jump(target):
                ending = self.go(target)
            case Branch(condition, then, otherwise):
                ending = (lir.If(condition, self.go(then), self.go(otherwise)),)
            case Choose(value, cases, default):
                ending = (lir.Switch(value, tuple(lir.Case(values, self.go(target)) for values, target in cases),
                                     self.go(default)),)
            case Give(value):
                ending = self.give(value)
            case Become(call):
                ending = self.become(call)
            case Invoke():
                ending = self.invoke(self.machine.waiting[self.flat.name, index])
            case _:
                ending = ()
        return (*self.statements(block.statements), *ending)

    def statements(self, statements: lir.Block) -> lir.Block:
        """The statements of a block."""
        if not self.known:
            return statements
        return rewritten(statements, lambda item: self.known.get(item.function, item) if isinstance(item, lir.Call)
                         else item)

    def go(self, index: int) -> lir.Block:
        """On to a block."""
        join = self.machine.joins.get((self.flat.name, index))
        if join is None:
            return self.tree(index)
        number, live = join
        return (*to_registers(live), *self.next(number))

    def next(self, number: int) -> lir.Block:
        """On to a state. The one that this comes from has a loop of its own."""
        if number == self.inside:
            self.turns = True
            return (lir.Continue(),)
        return (lir.Assign(STATE, u64(number)), *self.again())

    def again(self) -> lir.Block:
        """On to the state whose number was found out."""
        return (lir.Continue() if self.inside is None else lir.Break(),)

    def shared_cases(self) -> list[lir.Case]:
        """The states of functions and of blocks that several lead to."""
        machine = self.machine
        cases = []
        for name, number in machine.entries.items():
            self.flat = machine.functions[name]
            cases.append(self.looping(number, lambda: (
                *self.entry(number), *from_registers(self.flat.parameters), *self.go(0))))  # noqa: B023
        for (name, index), (number, live) in machine.joins.items():
            self.flat = machine.functions[name]
            cases.append(self.looping(number, lambda: (*from_registers(live), *self.tree(index))))  # noqa: B023
        return cases

    def looping(self, number: int, made: Callable[[], lir.Block]) -> lir.Case:
        """A state that may lead to itself, which needs no switch then."""
        self.inside, self.turns = number, False
        body, after = made(), self.after(number)
        self.inside = None
        if after:
            return lir.Case((number,), (_loop((_loop(body), *after, lir.Break())),))
        return lir.Case((number,), (_loop(body),) if self.turns else made())

    def after(self, number: int) -> lir.Block:
        """What is looked at when a state has found out which one is next, before the switch."""
        return ()

    def entry(self, number: int) -> lir.Block:
        """What comes first in a function."""
        return ()

    def start(self, call: lir.Call) -> lir.Block:
        """Goes on with a call, whose result is that of the current function or was waited for."""
        return (*to_registers(call.arguments[1:]), *self.next(self.machine.entries[call.function]))

    # ---- words ---------------------------------------------------------------------------------

    def stores(self, at: lir.Expr, first: int, values: Iterable[lir.Expr]) -> list[lir.Stmt]:
        """Stores values from a word on."""
        words = [word for value in values for word in words_of(value, self.machine.structs)]
        return [lir.Store(lir.IndexAddress(at, u64(first + index)), word) for index, word in enumerate(words)]

    def loads(self, at: lir.Expr, first: int, locals_: Iterable[lir.Local]) -> list[lir.Stmt]:
        """Loads locals from a word on."""
        found: list[lir.Stmt] = []
        for local in locals_:
            count = count_words(local.type, self.machine.structs)
            words = [lir.Load(lir.IndexAddress(at, u64(first + index))) for index in range(count)]
            found.append(lir.Assign(local, from_words(local.type, words, self.machine.structs)))
            first += count
        return found


def _loop(body: lir.Block) -> lir.Stmt:
    return lir.While(lir.Const(1, lir.BOOL), body)


def registers(values: Iterable[lir.Expr]) -> list[lir.Local]:
    """The registers that values are passed in: by type, in order."""
    counts: dict[lir.Type, int] = {}
    found = []
    for value in values:
        number = counts[value.type] = counts.get(value.type, -1) + 1
        found.append(lir.Local(f'register.{value.type}.{number}', value.type))
    return found


def to_registers(values: Sequence[lir.Expr]) -> list[lir.Stmt]:
    """Passes values, which are no registers."""
    return [lir.Assign(register, value) for register, value in zip(registers(values), values, strict=True)]


def from_registers(locals_: Sequence[lir.Local]) -> list[lir.Stmt]:
    """Takes what was passed."""
    return [lir.Assign(local, register) for local, register in zip(locals_, registers(locals_), strict=True)]


def taken() -> list[lir.Stmt]:
    """What the form begins with: frame and state of a ready frame."""
    return [lir.Assign(STATE, lir.Binary('shr', READY, u64(STATE_SHIFT))),
            lir.Assign(FRAME, lir.Binary('and', READY, u64((1 << STATE_SHIFT) - 1)))]


def made_ready(frame: lir.Expr, number: int) -> lir.Expr:
    """A frame that is ready in the state of a number."""
    return lir.Binary('or', frame, u64(number << STATE_SHIFT))


def frame_pointer(frame: lir.Expr) -> lir.Expr:
    """A frame's words."""
    return lir.Convert(frame, val.POINTER)


def runtime(name: str, result: lir.Type, *arguments: lir.Expr) -> lir.Call:
    """A call of the kernel."""
    return lir.Call(name, (WORKER, *arguments), result)
