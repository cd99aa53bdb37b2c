"""Checks at the beginning of functions leave by calls in their own place, for C.

What a check seldom calls would have C compilers keep all parameters where they survive calls, and make frames for that
which every call pays for. Behind a call in its own place nothing has to be kept.

    f(w, x):  check(w, 3)             f(w, x):      if is_low(w): tail low.f(w, x)
              ...                                   ...
                                      low.f(w, x):  look_around(w, 3)
                                                    tail f(w, x)
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from bend.codegen import lir
from bend.codegen.direct.context import WORKER
from bend.codegen.lir_walk import statements_of

Edge = tuple[str, str]


def leave_at_checks(functions: Sequence[lir.Function]) -> tuple[list[lir.Function], list[Edge]]:
    """The functions with others for what their checks do, and the calls that are made only then."""
    found: list[lir.Function] = []
    rare: list[Edge] = []
    for function in functions:
        seldom = _what_is_done_seldom(function) if function.tail else ()
        if not seldom:
            found.append(function)
            continue
        again = _call(function, function.name)
        low = dataclasses.replace(function, name=f'low.{function.name}', inline='never', body=(*seldom, again))
        is_low = lir.Intrinsic('unlikely', (lir.Call('is_low', (WORKER,), lir.BOOL),))
        start = lir.If(is_low, (_call(function, low.name),))
        found += [dataclasses.replace(function, body=(start, *function.body[1:])), low]
        rare += [(low.name, callee) for callee in (function.name, *_called(seldom))]
    return found, rare


def _what_is_done_seldom(function: lir.Function) -> lir.Block:
    """What the check at the beginning of a function does when there is something to do; nothing without a check."""
    match function.body[:1]:
        case (lir.ExprStmt(lir.Call('check', (_, detail))),):
            return (_look_around(detail),)
        case (lir.If(lir.Intrinsic('unlikely', (lir.Call('is_asked', (_, detail)),)), then),):
            return _look_around(detail), lir.If(lir.Call('wants_tasks', (WORKER,), lir.BOOL), then)
        case _:
            return ()


def _look_around(detail: lir.Expr) -> lir.Stmt:
    return lir.ExprStmt(lir.Call('look_around', (WORKER, detail), lir.VOID))


def _call(function: lir.Function, name: str) -> lir.Stmt:
    """A call in the place of the caller with all parameters of a function."""
    arguments = tuple(lir.Local(*parameter) for parameter in function.parameters)
    return lir.Return(lir.Call(name, arguments, function.result, tail=True))


def _called(block: lir.Block) -> list[str]:
    """The functions that a block calls in its own place."""
    return [statement.value.function for statement in statements_of(block)
            if isinstance(statement, lir.Return) and isinstance(statement.value, lir.Call)]
