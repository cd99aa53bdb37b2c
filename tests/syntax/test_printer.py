"""Printed text parses back to the same tree."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shape import module, shape
from test_parser import EXPRESSIONS, ITEMS, NUMBERS, STATEMENTS, TERMS

from bend.hvm.numbers import Number
from bend.source import Source, Span
from bend.syntax import ast, printer
from bend.syntax.parser import parse_module, parse_term

TEXTS = [
    *(f'def main():\n  return {text}' for text in [*NUMBERS, *EXPRESSIONS]),
    *(f'main = {text}' for text in TERMS),
    *('def main():\n' + ''.join(f'  {line}\n' for line in lines) for lines in STATEMENTS),
    *ITEMS,
]


@pytest.mark.parametrize('text', TEXTS)
def test_round_trip(text: str) -> None:
    items = module(text)
    printed = printer.print_module(ast.Module(Source('', ''), items))
    assert shape(module(printed)) == shape(items), printed


def test_round_trip_of_the_library() -> None:
    for path in (Path(__file__).parents[2] / 'stdlib').glob('**/*.bend'):
        tree = parse_module(Source('a', path.read_text('utf-8'), builtin=True))
        printed = printer.print_module(tree)
        assert shape(parse_module(Source('b', printed, builtin=True)).items) == shape(tree.items)


SPAN = Span(Source('', ''), 0, 0)
names = st.sampled_from(['x', 'y-1', 'List/Cons', 'p.q', '_', 'forks', '.a'])
numbers = st.one_of(
    st.builds(lambda n: ast.Num(SPAN, Number('u24', n)), st.integers(0, 2**24 - 1)),
    st.builds(lambda n: ast.Num(SPAN, Number('i24', n)), st.integers(0, 2**24 - 1)),
    st.builds(lambda n: ast.Num(SPAN, Number('f24', n)), st.integers(0x3C0000, 0x4E0000)))
strings = st.builds(ast.String, st.just(SPAN), st.text(st.characters(codec='utf-8'), max_size=5))
atoms = st.one_of(st.builds(ast.Var, st.just(SPAN), names), numbers, strings, st.just(ast.Eraser(SPAN)))
patterns = st.recursive(
    st.builds(ast.PatternVar, st.just(SPAN), st.none() | names),
    lambda inner: st.lists(inner, min_size=2, max_size=3).flatmap(
        lambda ps: st.sampled_from([ast.PatternTuple(SPAN, tuple(ps)), ast.PatternDup(SPAN, tuple(ps))])), max_leaves=4)
operators = st.sampled_from(get_args(ast.Operator))


def _shared(inner: st.SearchStrategy[ast.Expr]) -> st.SearchStrategy[ast.Expr]:
    """Terms that exist in both notations."""
    some = st.lists(inner, min_size=2, max_size=3).map(tuple)
    span = st.just(SPAN)
    return st.one_of(
        st.builds(ast.ListLiteral, span, st.lists(inner, max_size=3).map(tuple)),
        st.builds(ast.TupleLiteral, span, some),
        st.builds(ast.Superposition, span, some), st.builds(ast.TreeNode, span, inner, inner),
        st.builds(ast.TreeLeaf, span, inner), st.builds(ast.BinaryOperation, span, operators, inner, inner),
        st.builds(ast.Call, span, inner, st.lists(inner, min_size=1, max_size=3).map(tuple)))


def _fun(inner: st.SearchStrategy[ast.Expr]) -> st.SearchStrategy[ast.Expr]:
    span = st.just(SPAN)
    return st.one_of(
        _shared(inner), st.builds(ast.Lambda, span, patterns.map(lambda p: (p,)), inner),
        st.builds(ast.Let, span, patterns, inner, inner), st.builds(ast.Use, span, names, inner, inner),
        st.builds(ast.If, span, inner, inner, inner))


@settings(max_examples=150, deadline=None)
@given(st.recursive(atoms, _shared, max_leaves=12))
def test_round_trip_of_any_expression(node: ast.Expr) -> None:
    (item,) = module(f'def main():\n  return {printer.expression(node)}')
    assert isinstance(item, ast.ImpDef) and isinstance(item.body[0], ast.ReturnStmt)
    assert shape(item.body[0].value) == shape(node)


@settings(max_examples=150, deadline=None)
@given(st.recursive(atoms, _fun, max_leaves=12))
def test_round_trip_of_any_term(node: ast.Expr) -> None:
    assert shape(parse_term(Source('', printer.term(node)))) == shape(node)
