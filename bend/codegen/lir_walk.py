"""Walking through statements and expressions of LIR, and changing them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, cast, get_args

from bend.codegen import lir

_EXPRESSIONS = frozenset(get_args(lir.Expr))
_OPERANDS = ('condition', 'left', 'right', 'pointer', 'index', 'value', 'values', 'arguments', 'expected', 'new',
             'then', 'otherwise', 'calls')
"""The fields that hold expressions, in the order of evaluation. In statements, some of them hold blocks."""
_TARGETS = ('target', 'targets')
"""The fields of statements that hold the locals which they assign to."""


@cache
def _fields(class_: Any, known: tuple[str, ...] = _OPERANDS) -> tuple[str, ...]:
    """Which of some fields a class of nodes has."""
    if class_ in (lir.Local, lir.Const, lir.GlobalAddress, lir.StackArray):
        return ()
    names = {item.name for item in dataclasses.fields(class_)}
    return tuple(name for name in known if name in names)


def blocks_of(statement: lir.Stmt) -> tuple[lir.Block, ...]:
    """The blocks right inside a statement."""
    match statement:
        case lir.If(_, then, otherwise):
            return then, otherwise
        case lir.While(_, body):
            return (body,)
        case lir.Switch(_, cases, default):
            return *(case.body for case in cases), default
        case _:
            return ()


def statements_of(block: lir.Block) -> Iterator[lir.Stmt]:
    """All statements of a block, also the nested ones, in source order."""
    stack = [iter(block)]
    while stack:
        statement = next(stack[-1], None)
        if statement is None:
            stack.pop()
            continue
        yield statement
        stack.extend(iter(inner) for inner in reversed(blocks_of(statement)))


def locals_of(function: lir.Function) -> dict[str, lir.Type]:
    """The locals of a function with their types, parameters first."""
    found = dict(function.parameters)
    for statement in statements_of(function.body):
        if isinstance(statement, lir.Assign):
            found.setdefault(statement.target.name, statement.target.type)
        elif isinstance(statement, lir.Fork):
            found.update((target.name, target.type) for target in statement.targets if target.name not in found)
    return found


def operands(node: lir.Expr | lir.Stmt) -> Iterator[lir.Expr]:
    """The expressions right inside an expression or a statement (not those in blocks), in order."""
    for name in _fields(cast(Any, type(node))):
        item = getattr(node, name)
        if type(item) in _EXPRESSIONS:
            yield item
        elif type(item) is tuple:
            yield from [part for part in item if type(part) in _EXPRESSIONS]


def expressions_in(node: lir.Expr | lir.Stmt) -> Iterator[lir.Expr]:
    """All expressions inside an expression or a statement (not those in blocks), each before its operands."""
    for part in operands(node):
        yield part
        yield from expressions_in(part)


def calls_in(block: lir.Block) -> Iterator[lir.Call]:
    """All calls in a block."""
    for statement in statements_of(block):
        yield from (item for item in expressions_in(statement) if isinstance(item, lir.Call))


def mapped(node: Any, change: Callable[[lir.Expr], lir.Expr]) -> Any:
    """An expression or a statement with the expressions right inside of it changed; the same one if none is."""
    return _mapped(node, change, _OPERANDS)


def _mapped(node: Any, change: Callable[[lir.Expr], lir.Expr], fields: tuple[str, ...]) -> Any:
    changes: dict[str, Any] = {}
    for name in _fields(cast(Any, type(node)), fields):
        before = getattr(node, name)
        if isinstance(before, tuple):
            parts = tuple(change(part) if type(part) in _EXPRESSIONS else part for part in before)
            if any(one is not other for one, other in zip(before, parts, strict=True)):
                changes[name] = parts
        elif type(before) in _EXPRESSIONS:
            after = change(before)
            if after is not before:
                changes[name] = after
    return dataclasses.replace(node, **changes) if changes else node


def mapped_block(block: lir.Block, change: Callable[[lir.Stmt], lir.Stmt]) -> lir.Block:
    """A block with its statements changed, inner ones first."""
    def inner(part: lir.Block) -> lir.Block:
        return mapped_block(part, change)

    return tuple(change(with_blocks(statement, inner)) for statement in block)


def with_blocks(statement: lir.Stmt, change: Callable[[lir.Block], lir.Block]) -> lir.Stmt:
    """A statement with the blocks right inside of it changed; the same one if it has none."""
    match statement:
        case lir.If(_, then, otherwise):
            return dataclasses.replace(statement, then=change(then), otherwise=change(otherwise))
        case lir.While(_, body):
            return dataclasses.replace(statement, body=change(body))
        case lir.Switch(_, cases, default):
            return dataclasses.replace(statement, default=change(default), cases=tuple(
                lir.Case(case.values, change(case.body)) for case in cases))
        case _:
            return statement


def rewritten(block: lir.Block, change: Callable[[lir.Expr], lir.Expr]) -> lir.Block:
    """A block in which all expressions are changed, the innermost ones first; locals that are assigned to as well."""
    def expression(item: lir.Expr) -> lir.Expr:
        return change(cast(lir.Expr, mapped(item, expression)))

    def statement(item: lir.Stmt) -> lir.Stmt:
        return cast(lir.Stmt, _mapped(item, expression, (*_OPERANDS, *_TARGETS)))

    return mapped_block(block, statement)
