"""Short texts for syntax trees, without spans: what the parser tests compare."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

from bend.hvm.numbers import Number
from bend.source import Source
from bend.syntax import ast, type_ast
from bend.syntax.parser import parse_module, parse_term

_PLACES = ('span', 'path_span', 'source')


def shape(node: Any) -> str:
    """A text for a tree."""
    if isinstance(node, tuple):
        return f'[{", ".join(map(shape, node))}]'
    if isinstance(node, Number):
        return f'{node.kind}:{node.bits}'
    if isinstance(node, ast.Var | type_ast.TypeName):
        return node.name
    if isinstance(node, ast.PatternVar):
        return f'?{node.name or "*"}'
    if isinstance(node, ast.Num):
        return str(node.value.bits) if node.value.kind == 'u24' else shape(node.value)
    if isinstance(node, ast.BinaryOperation):
        return f'({shape(node.left)} {node.operator} {shape(node.right)})'
    if is_dataclass(node):
        inner = ', '.join(shape(getattr(node, f.name)) for f in fields(node) if f.name not in _PLACES)
        return f'{type(node).__name__}({inner})'
    return str(node)


def module(text: str) -> tuple[ast.Item, ...]:
    """The items of a text."""
    return parse_module(Source('test.bend', text)).items


def item(text: str) -> str:
    """The shape of the one item of a text."""
    (only,) = module(text)
    return shape(only)


def body(*lines: str) -> str:
    """The shape of the statements of a function."""
    (only,) = module('def main():\n' + ''.join(f'  {line}\n' for line in lines))
    assert isinstance(only, ast.ImpDef)
    return ' '.join(map(shape, only.body))


def imp(text: str) -> str:
    """The shape of an imp expression."""
    (only,) = module(f'def main():\n  return {text}')
    assert isinstance(only, ast.ImpDef) and isinstance(only.body[0], ast.ReturnStmt)
    return shape(only.body[0].value)


def fun(text: str) -> str:
    """The shape of a fun term."""
    return shape(parse_term(Source('<argument>', text)))
