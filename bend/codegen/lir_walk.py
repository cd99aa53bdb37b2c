"""Walks over the operands of LIR statements and expressions."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from bend.codegen import lir


def mapped(item: Any, change: Callable[[Any], Any]) -> Any:
    """A statement or expression with its operands changed."""
    changes = {}
    class_: Any = type(item)
    for name in operand_fields(class_):
        before = getattr(item, name)
        if (after := change(before)) is not before:
            changes[name] = after
    return dataclasses.replace(item, **changes) if changes else item


@cache
def operand_fields(class_: Any) -> tuple[str, ...]:
    """The fields of a class that may hold expressions."""
    if not dataclasses.is_dataclass(class_) or class_ in (lir.Local, lir.Const, lir.GlobalAddress, lir.StackArray):
        return ()
    return tuple(item.name for item in dataclasses.fields(class_)
                 if item.name in ('left', 'right', 'value', 'values', 'arguments', 'pointer', 'index', 'condition',
                                  'then', 'otherwise', 'expected', 'new', 'targets', 'target', 'calls'))


def same_or(before: tuple[Any, ...], after: tuple[Any, ...]) -> tuple[Any, ...]:
    """The tuple as it was if nothing in it has changed."""
    return before if all(one is other for one, other in zip(before, after, strict=True)) else after


def own_operands(statement: lir.Stmt) -> tuple[lir.Expr, ...]:
    """The expressions that a statement evaluates itself, in order, not those in its blocks."""
    match statement:
        case lir.Assign(_, value) | lir.ExprStmt(value) | lir.Switch(value):
            return (value,)
        case lir.Store(pointer, value) | lir.AtomicStore(pointer, value):
            return (pointer, value)
        case lir.If(condition) | lir.While(condition):
            return (condition,)
        case lir.Return(value) if value is not None:
            return (value,)
        case lir.Fork(_, calls):
            return calls
        case _:
            return ()


def expressions_in(expression: Any) -> Iterator[lir.Expr]:
    """An expression and all inside it, operands after what they are operands of."""
    if isinstance(expression, tuple):
        for item in expression:
            yield from expressions_in(item)
        return
    yield expression
    class_: Any = type(expression)
    for name in operand_fields(class_):
        yield from expressions_in(getattr(expression, name))


def calls_in(block: lir.Block) -> Iterator[lir.Call]:
    """All calls in a block."""
    for statement in lir.statements_of(block):
        for operand in own_operands(statement):
            yield from (item for item in expressions_in(operand) if isinstance(item, lir.Call))


def rewritten(block: lir.Block, change: Callable[[lir.Expr], lir.Expr]) -> lir.Block:
    """A block in which all expressions are changed, the innermost ones first; locals that are assigned to as well."""

    def expression(item: Any) -> Any:
        if isinstance(item, tuple):
            return same_or(item, tuple(map(expression, item)))
        return change(mapped(item, expression))

    def statement(item: lir.Stmt) -> lir.Stmt:
        match item:
            case lir.If(condition, then, otherwise):
                return dataclasses.replace(item, condition=expression(condition), then=inside(then),
                                           otherwise=inside(otherwise))
            case lir.While(condition, body):
                return dataclasses.replace(item, condition=expression(condition), body=inside(body))
            case lir.Switch(value, cases, default):
                changed = tuple(lir.Case(case.values, inside(case.body)) for case in cases)
                return dataclasses.replace(item, value=expression(value), cases=changed, default=inside(default))
            case _:
                result: lir.Stmt = mapped(item, expression)
                return result

    def inside(items: lir.Block) -> lir.Block:
        return tuple(map(statement, items))

    return inside(block)
