"""Core terms as text, and what the validator rejects."""

from __future__ import annotations

import pytest
from back_support import desugar

from bend.desugar.core import (
    App,
    Arm,
    Bend,
    Book,
    Def,
    Lam,
    Let,
    Match,
    Num,
    Op,
    PTup,
    PVar,
    Ref,
    Rule,
    Sup,
    Switch,
    Term,
    Tup,
    Use,
    Var,
)
from bend.desugar.printer import print_book, print_term
from bend.desugar.terms import app
from bend.desugar.validate import validate
from bend.hvm.characters import quoted
from bend.hvm.numbers import Number
from bend.passes import InternalError

A, B = Var('a'), Var('b')


def number(value: int) -> Num:
    return Num(Number('u24', value))


def chain(type_name: str, items: list[Term], end: Term | None = None) -> Term:
    term = end or Ref(f'{type_name}/Nil')
    for item in reversed(items):
        term = app(Ref(f'{type_name}/Cons'), item, term)
    return term


@pytest.mark.parametrize(('term', 'text'), [
    (chain('List', [number(1), A]), '[1, a]'),
    (chain('List', [number(1)], A), '(List/Cons 1 a)'),
    (chain('String', [number(104), number(10), number(34)]), r'"h\n\""'),
    (chain('String', [number(0xD800)]), '(String/Cons 55296 "")'),
    (chain('List', []), '[]'),
    (Op('+', A, number(1)), '(+ a 1)'),
    (Tup((A, B)), '(a, b)'),
    (Sup((A, B)), '{a b}'),
    (Let(PTup((PVar('a'), PVar(None))), B, A), 'let (a, *) = b; a'),
    (Use('a', B, A), 'use a = b; a'),
    (Match(A, (Arm('T/C', ('b', None), B),), 'x', (('y', B),)), 'match x = a with y = b { T/C b *: b; }'),
    (Switch(A, (number(1), B), 'p'), 'switch a { 0: 1; _ p: b; }'),
    (Bend((('i', A),), A, B, A), 'bend i = a, { when a: b; else: a }'),
])
def test_terms_on_one_line(term: Term, text: str) -> None:
    assert print_term(term) == text


def test_strings_are_escaped() -> None:
    assert quoted('é\t\0\\\u0301\x07') == '"é\\t\\0\\\\\\u{301}\\u{7}"'


def test_books_with_types_and_broken_over_lines() -> None:
    book, _ = desugar('type T = A | (B x ~y)\nf x = let (a, b) = x; switch a { 0: b; _: a-1 }\nmain = (f 1)',
                      'no-float-combinators')
    flat, pretty = print_book(book, False), print_book(book, True)
    assert flat.startswith('type T = A | (B x ~y)\n\nunchecked f: Any\n(f) = λa let (b, c) = a; (switch b ')
    assert 'unchecked main: Any\n(main) = (f 1)\n' in flat
    assert '(f) =\n  λa let (b, c) = a;\n  (switch b {\n    0: λd d;\n    _ e: λ* e;\n  } c)\n' in pretty
    assert 'Any' not in pretty


def book_of(body: Term) -> Book:
    return Book({'f': Def('f', (Rule((), body),))}, {}, {}, {})


@pytest.mark.parametrize(('body', 'stage', 'words'), [
    (A, 'check_scopes', 'a is not bound'),
    (Use('a', number(1), A), 'inline_use', 'Use should be gone'),
    (Lam(PVar('a'), App(A, A)), 'linear_vars', 'a is used 2 times'),
    (Lam(PVar('a'), number(1)), 'linear_vars', 'a is used 0 times'),
    (App(Lam(PVar('a'), A), Lam(PVar('a'), A)), 'unique_names', 'a is bound 2 times'),
    (Switch(number(1), (A, A, A), None), 'encode_switches', '3 arms'),
    (Ref('ghost'), 'check_refs', 'ghost is not defined'),
    (Match(number(1), (Arm('T/C', (), number(1)),)), 'normalise_matches', 'not those of one type'),
    (Let(PVar('a'), number(1), A), 'linear_vars', 'should be substituted'),
])
def test_broken_invariants_name_the_pass(body: Term, stage: str, words: str) -> None:
    with pytest.raises(InternalError) as caught:
        validate(book_of(body), stage)
    assert caught.value.stage == stage
    assert words in caught.value.message
