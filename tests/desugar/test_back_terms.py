"""Scopes, free variables and substitution on core terms, built by hand."""

from __future__ import annotations

from bend.desugar.core import (
    App,
    Arm,
    Ask,
    Bend,
    Def,
    Lam,
    Let,
    LocalDef,
    Match,
    Num,
    Open,
    PDup,
    PTup,
    PUnscoped,
    PVar,
    Ref,
    Rule,
    Switch,
    Unscoped,
    Use,
    Var,
    With,
)
from bend.desugar.printer import print_term
from bend.desugar.terms import (
    app,
    children,
    free_unscoped,
    free_vars,
    lam,
    map_children,
    pattern_vars,
    substitute,
    unapply,
)
from bend.hvm.numbers import Number

A, B, C, X = Var('a'), Var('b'), Var('c'), Var('x')
ONE = Num(Number('u24', 1))


def free(term: object) -> list[str]:
    return list(free_vars(term))  # type: ignore[arg-type]


def test_free_variables_come_in_order_of_first_occurrence() -> None:
    assert free(app(Ref('f'), C, A, C, B)) == ['c', 'a', 'b']


def test_patterns_bind_in_the_body_only() -> None:
    pair = PTup((PVar('a'), PVar(None), PDup((PVar('b'), PVar('c')))))
    assert pattern_vars(pair) == ('a', 'b', 'c')
    assert free(Let(pair, A, app(A, B, C, X))) == ['a', 'x']
    assert free(Ask(PVar('a'), A, B)) == ['a', 'b']
    assert free(Use('a', A, A)) == ['a']
    assert free(Lam(PVar('a'), App(A, B))) == ['b']


def test_matches_bind_fields_in_their_arm_and_with_names_in_all() -> None:
    term = Match(A, (Arm('T/C', ('b',), B), Arm('T/D', (), app(B, X, C))), 'c', (('x', X),))
    assert free(term) == ['a', 'x', 'b']


def test_the_predecessor_is_bound_in_the_last_arm_only() -> None:
    assert free(Switch(A, (X, App(X, B)), 'x')) == ['a', 'x', 'b']


def test_bends_bind_states_and_fork() -> None:
    term = Bend((('a', X), (None, B)), A, app(Var('fork'), A), app(Var('fork'), C))
    assert free(term) == ['x', 'b', 'fork', 'c']


def test_with_binds_wrap_and_open_uses_its_name() -> None:
    assert free(With('IO', app(Var('wrap'), A))) == ['a']
    assert free(Open('T', 'a', B)) == ['a', 'b']


def test_local_functions_are_bound_in_themselves_and_after() -> None:
    function = Def('x', (Rule((PVar('a'),), app(X, A, B)),))
    assert free(LocalDef(function, app(X, C))) == ['b', 'c']


def test_unscoped_variables_that_lack_an_end() -> None:
    assert list(free_unscoped(App(Unscoped('q'), Lam(PUnscoped('r'), A)))) == ['q', 'r']
    assert not free_unscoped(Lam(PUnscoped('q'), Unscoped('q')))


def test_map_children_follows_children() -> None:
    term = Match(A, (Arm('T/C', ('b',), B), Arm('T/D', (), C)), None, (('x', X),))
    seen: list[object] = []
    assert map_children(term, lambda child: (seen.append(child), child)[1]) == term
    assert tuple(seen) == children(term) == (A, X, B, C)


def test_substitution_respects_inner_binders() -> None:
    term = app(A, Lam(PVar('a'), A), Let(PVar('b'), A, App(A, B)))
    assert print_term(substitute(term, {'a': ONE})) == '(1 λa a let b = 1; (1 b))'


def test_application_and_its_inverse() -> None:
    assert unapply(app(Ref('f'), A, B)) == (Ref('f'), [A, B])
    assert print_term(lam(['a', None], A)) == 'λa λ* a'
