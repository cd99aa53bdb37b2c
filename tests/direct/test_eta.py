"""Eta reduction of core, against that of nets."""

from __future__ import annotations

import pytest

from bend.codegen.direct.eta import eta_reduce
from bend.desugar import core
from bend.desugar.printer import print_term
from bend.hvm.numbers import Number

X, Y, A, B, C = map(core.Var, 'xyabc')
F, G = core.Ref('f'), core.Ref('g')
ERA = core.Era()


def v(*names: str | None) -> tuple[core.PVar, ...]:
    """Patterns of variables."""
    return tuple(map(core.PVar, names))


def lam(name: str | None, body: core.Term) -> core.Lam:
    """A function."""
    return core.Lam(core.PVar(name), body)


def take(names: tuple[core.Pattern, ...], value: core.Term, body: core.Term) -> core.Let:
    """A tuple that is taken apart."""
    return core.Let(core.PTup(names), value, body)


@pytest.mark.parametrize(('term', 'expected'), [
    (lam('x', core.App(F, X)), F),
    (lam('x', lam('y', core.App(core.App(F, X), Y))), F),
    (lam('x', core.App(X, F)), lam('x', core.App(X, F))),
    (lam(None, ERA), ERA),
    (lam('x', core.Let(core.PDup(v('a', 'b')), core.Var('z'), core.App(core.App(A, B), X))),
     core.Let(core.PDup(v('a', 'b')), core.Var('z'), core.App(A, B))),
    (take(v('a', 'b'), F, core.App(G, core.Tup((A, B)))), core.Let(core.PVar('a'), F, core.App(G, A))),
    (take(v('a', 'b'), F, core.Tup((B, A))), take(v('a', 'b'), F, core.Tup((B, A)))),
    (take(v('a', 'b', 'c'), F, core.Tup((A, B, C))), core.Let(core.PVar('a'), F, A)),
    (take(v('a', 'b', 'c'), F, core.Tup((G, B, C, ))), take(v('a', 'b'), F, core.Tup((G, B)))),
    (take((core.PTup(v('a', 'b')), core.PVar('c')), F, core.Tup((core.Tup((A, B)), C))),
     core.Let(core.PVar('a'), F, A)),
    (take(v(None, None), F, G), core.Let(core.PVar(None), F, G)),
    (core.Tup((F, ERA, ERA)), core.Tup((F, ERA))),
    (core.Match(F, (core.Arm('T/A', ('x',), core.App(G, X)),)), core.Match(F, (core.Arm('T/A', (), G),))),
])
def test_terms(term: core.Term, expected: core.Term) -> None:
    book = core.Book({'main': core.Def('main', (core.Rule((), term),))}, {}, {}, {}, 'main')
    assert eta_reduce(book).defs['main'].body == expected, print_term(term)


def test_a_term_that_is_in_normal_form_stays_the_same_object() -> None:
    term = lam('x', core.Op('+', X, core.Num(Number('u24', 1))))
    book = core.Book({'main': core.Def('main', (core.Rule((), term),))}, {}, {}, {}, 'main')
    assert eta_reduce(book).defs['main'].body is term
