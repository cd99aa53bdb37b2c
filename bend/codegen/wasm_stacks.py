"""Stacks of engines of WebAssembly: programs go on with another one where there is no more room.

Nobody can look at such a stack from inside, and in browsers it is small. So functions count: instead of the worker,
whose address is known, they are given how many bytes of stack they may still use. Where these are used up, the host is
asked to have the function run on a new stack, if it can, and wait for its result. Arguments and results go through
memory.

    f(w, x):  check(w, 3)              f(room, x):    if room < 0: tail more.f(room, x)
              y = g(w, x)                             y = g(room - 136, x)
              tail h(w, y)                            tail h(room, y)

                                       more.f(room, x):  mail[0] = x
                                                         more_stack(0, 3)
                                                         return mail[0]

                                       resume(room, number):  switch number:
                                                                case 0: mail[0] = f(room, mail[0])
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import cast

from bend.codegen import lir
from bend.codegen.direct import values as val
from bend.codegen.direct.context import WORKER
from bend.codegen.direct.values import u64
from bend.codegen.lir_layout import struct_layout
from bend.codegen.lir_walk import locals_of, mapped, with_blocks

ROOM = lir.Local('room', lir.I64)
RESUME = 'resume'
"""What the host calls on a new stack."""
MORE_STACK = 'more_stack'
"""What the host provides: it is told which function shall go on, and which of the user's is to blame if it cannot."""
_FRAME, _LOCAL = 96, 8
"""About how many bytes of stack a call takes, and a local, before the engine has had time to make good code. LLVM needs
fewer locals than there are here, and some for what is between them."""
_NUMBER = lir.Local('number', lir.U64)


def count_stack(module: lir.Module) -> lir.Module:
    """The module of a program and its kernel with functions that count, with `resume`, and with the worker as data."""
    structs = {struct.name: struct for struct in module.structs}
    worker = lir.Global('worker', lir.U64, struct_layout(structs['Worker'], structs)[1] // 8, constant=False)
    given = frozenset(function.name for function in module.functions if _has_worker(function))
    checked = [function for function in module.functions if _check_of(function) is not None]
    widest = max((len(function.parameters) for function in checked), default=1)
    mail = lir.Global('mail', lir.U64, max(widest, 2), constant=False)
    counting = _Counting(worker, given, {function.name: f'more.{function.name}' for function in checked})
    functions = [counting.function(function) for function in module.functions]
    mailing = [_more(function, number, mail, structs) for number, function in enumerate(checked)]
    more_stack = lir.Function(MORE_STACK, (('number', lir.U64), ('detail', lir.U64)), lir.VOID, extern=True)
    return dataclasses.replace(
        module, functions=(*functions, *mailing, _resume(checked, mail, structs), more_stack),
        globals=(*module.globals, worker, mail))


def _has_worker(function: lir.Function) -> bool:
    return function.parameters[:1] == ((WORKER.name, WORKER.type),)


def _check_of(function: lir.Function) -> int | None:
    """Where the function looks whether there is room on the stack: after taking what no register was left for."""
    for index, statement in enumerate(function.body):
        match statement:
            case lir.ExprStmt(lir.Call('check')):
                return index
            case lir.Assign():
                continue
            case _:
                return None
    return None


class _Counting:
    """Has functions count: those that are `given` a worker, and those that look for room, with what these call when
    there is none."""

    def __init__(self, worker: lir.Global, given: frozenset[str], more: dict[str, str]) -> None:
        self.worker = worker
        self.given = given
        self.more = more
        self.cost = 0

    def function(self, function: lir.Function) -> lir.Function:
        """The function with the room that is left in the place of the worker."""
        if function.name not in self.given:
            return function
        parameters = ((ROOM.name, ROOM.type), *function.parameters[1:])
        if function.extern:
            return dataclasses.replace(function, parameters=parameters)
        self.cost = _FRAME + _LOCAL * len(locals_of(function))
        body = self.block(function.body)
        if function.name in self.more:
            place = _check_of(function)
            body = (*body[:place], _look(function, self.more[function.name]), *body[place:])
        worker = lir.Assign(WORKER, lir.Convert(self.worker.address(), WORKER.type))
        return dataclasses.replace(function, parameters=parameters, body=(worker, *body))

    def block(self, block: lir.Block) -> lir.Block:
        return tuple(self.statement(statement) for statement in block)

    def statement(self, statement: lir.Stmt) -> lir.Stmt:
        return with_blocks(cast(lir.Stmt, mapped(statement, self.expression)), self.block)

    def expression(self, item: lir.Expr) -> lir.Expr:
        changed = cast(lir.Expr, mapped(item, self.expression))
        if not isinstance(changed, lir.Call) or changed.function not in self.given:
            return changed
        assert changed.arguments[0] == WORKER, 'there is one worker'
        room = ROOM if changed.tail else lir.Binary('sub', ROOM, lir.Const(self.cost, lir.I64))
        return dataclasses.replace(changed, arguments=(room, *changed.arguments[1:]))


def _look(function: lir.Function, more: str) -> lir.Stmt:
    """Leaves a function that has no room."""
    is_low = lir.Compare('lt', ROOM, lir.Const(0, lir.I64))
    call = lir.Call(more, (ROOM, *_arguments(function)), function.result, tail=True)
    return lir.If(lir.Intrinsic('unlikely', (is_low,)), (lir.Return(call),))


def _arguments(function: lir.Function) -> list[lir.Local]:
    return [lir.Local(*parameter) for parameter in function.parameters[1:]]


# ---- through memory ------------------------------------------------------------------------------


def _place(mail: lir.Global, index: int) -> lir.Expr:
    return lir.IndexAddress(mail.address(), u64(index))


def _sent(mail: lir.Global, values: Sequence[lir.Expr]) -> list[lir.Stmt]:
    return [lir.Store(_place(mail, index), val.as_bits(value)) for index, value in enumerate(values)]


def _received(mail: lir.Global, types: Sequence[lir.Type]) -> list[lir.Expr]:
    return [val.of_bits(lir.Load(_place(mail, index)), type_) for index, type_ in enumerate(types)]


def _more(function: lir.Function, number: int, mail: lir.Global, structs: dict[str, lir.Struct]) -> lir.Function:
    """What runs a function on a new stack."""
    check = function.body[_check_of(function) or 0]
    assert isinstance(check, lir.ExprStmt) and isinstance(check.value, lir.Call)
    _, detail = check.value.arguments
    result = function.result
    if isinstance(result, lir.StructName):
        types = [type_ for _, type_ in structs[result.name].fields]
        received: lir.Expr = lir.Pack(result, tuple(_received(mail, types)))
    else:
        received = _received(mail, [result])[0]
    body = (*_sent(mail, _arguments(function)),
            lir.ExprStmt(lir.Call(MORE_STACK, (u64(number), detail), lir.VOID)), lir.Return(received))
    return lir.Function(f'more.{function.name}', ((ROOM.name, ROOM.type), *function.parameters[1:]), result, body,
                        inline='never', tail=True)


def _resume(checked: Sequence[lir.Function], mail: lir.Global, structs: dict[str, lir.Struct]) -> lir.Function:
    """Runs a function by its number, on a new stack."""
    cases = tuple(lir.Case((number,), tuple(_answer(function, mail, structs)))
                  for number, function in enumerate(checked))
    stop = lir.ExprStmt(lir.Intrinsic('trap', ()))
    body = (lir.Switch(_NUMBER, cases, (stop,)),) if cases else ()
    return lir.Function(RESUME, ((ROOM.name, ROOM.type), (_NUMBER.name, _NUMBER.type)), lir.VOID, body, exported=True)


def _answer(function: lir.Function, mail: lir.Global, structs: dict[str, lir.Struct]) -> list[lir.Stmt]:
    arguments = _received(mail, [type_ for _, type_ in function.parameters[1:]])
    result = lir.Local(f'result.{function.name}', function.result)
    values: list[lir.Expr] = [result]
    if isinstance(function.result, lir.StructName):
        values = [lir.Extract(result, name, type_) for name, type_ in structs[function.result.name].fields]
    return [lir.Assign(result, lir.Call(function.name, (ROOM, *arguments), function.result)), *_sent(mail, values)]
