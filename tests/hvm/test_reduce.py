"""The reference reducer: counts, results, rules one by one, and that order does not matter."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from bend.diagnostics import BendError
from bend.hvm.compare import same_net
from bend.hvm.net import Book, Net
from bend.hvm.numbers import show_net
from bend.hvm.reduce import OutOfBudget, Result, reduce
from bend.hvm.safety import unsafe_definitions
from bend.hvm.text import parse_book, parse_net, print_tree
from bend.source import Source
from tests.hvm.strategies import books, layered_books


def run(text: str, limit: int | None = None) -> Result:
    return reduce(parse_book(Source('test.hvm', text)), limit)


def show(result: Result) -> str:
    return print_tree(result.net.root, show_net)


# Programs with results and counts as the reference runtime gives them.
@pytest.mark.parametrize(('text', 'expected', 'interactions'), [
    ('@main = 5', '5', 1),
    ('@main = r & 5 ~ $([*3] r)', '15', 2),
    ('@main = (a b) & 7 ~ {a b}', '(7 7)', 2),
    ('@main = r & @id ~ (5 r) @id = (a a)', '5', 3),
    ('@main = r & 5 ~ ?((10 (p p)) r)', '4', 5),
    ('@main = r & 0 ~ ?((10 (p p)) r)', '10', 5),
    ('@main = r & {1 2} ~ $([+5] r)', '{6 7}', 7),
    ('@main = (a b) & @id ~ {a b} @id = (a a)', '(@id @id)', 2),
    ('@main = r & 5 ~ $(x r) & 3 ~ $([*] x)', '15', 4),
    ('@main = @id @id = (a a)', '@id', 1),
    ('@main = a &! @f ~ a @f = 1', '@f', 1),
    ('@main = r & 7 ~ (1 r)', '7', 3),
    ('@main = r & ({a b} (a b)) ~ {p q} & p ~ (1 r) & q ~ *', '(1 *)', 11),
    ('@main = r & -0.0 ~ ?((1 (p p)) r)', '8388607', 5),
    ('@main = r & [+] ~ ?((1 (p p)) r)', '3', 5),
    ('@main = r & 5 ~ ?(@f r) @f = (* (p p))', '4', 6),
    ('@main = (x *) & * ~ {x *}', '(* *)', 3),
])
def test_worked_counts(text: str, expected: str, interactions: int) -> None:
    result = run(text)
    assert (show(result), result.interactions) == (expected, interactions)


@pytest.mark.parametrize(('pair', 'expected', 'rules'), [
    ('7 ~ *', '(v0 v0)', {'void': 1}),
    ('@main ~ 3', '(v0 v0)', {'void': 1}),
    ('* ~ {x *}', None, {'erase': 1, 'void': 1}),
    ('(1 2) ~ (x *)', None, {'annihilate': 1, 'void': 1}),
    ('?(1 2) ~ ?(x *)', None, {'annihilate': 1, 'void': 1}),
])
def test_rules_are_counted_by_name(pair: str, expected: str | None, rules: dict[str, int]) -> None:
    root = '(v v)' if expected else 'x'
    result = run(f'@main = {root} & {pair}')
    if expected:
        assert show(result) == expected
    assert {name for name, count in result.by_rule.items() if count} <= {'call', *rules}
    assert result.by_rule['call'] == 1
    assert sum(result.by_rule.values()) == result.interactions


def test_commutation_wires_crosswise() -> None:
    result = run('@main = ((p q) (r s)) & (p q) ~ {r s}')
    expected = parse_net(Source('net', '(({x y} {z w}) ((x z) (y w)))'))
    assert same_net(result.net, expected)
    assert result.by_rule == {'void': 0, 'erase': 0, 'annihilate': 0, 'commute': 1, 'call': 1, 'operate': 0,
                              'switch': 0}


def test_computations_that_duplicate_are_expanded_when_copied() -> None:
    result = run('@main = (a b) & @two ~ {a b} @two = r & 1 ~ {x $([+] $(x r))}')
    assert show(result) == '(2 2)'
    assert result.by_rule['call'] == 2


def test_functions_stay_folded_when_copied() -> None:
    """Spec 09, R1: each use opens a copy of its own."""
    text = '@main = (a b) & @sq ~ {(2 a) (3 b)} @sq = ({x $([*] $(x r))} r)'
    assert show(run(text)) == '(4 9)'


@pytest.mark.parametrize(('net', 'is_function'), [
    ('({x y} (x y))', True),
    ('(* {x x})', True),
    ('((@m r) r) & @d ~ {b b}', False),
    ('((@List/Cons/tag ({a a} (@d r))) r)', False),
    ('((@h ({a b} r)) (a (b r)))', True),
    ('((@h (a r)) r) & @d ~ {a *}', False),
    ('(1 {x x})', False),
    ('r & @d ~ {r *}', False),
])
def test_functions_are_known_by_their_form(net: str, is_function: bool) -> None:
    book = parse_book(Source('book', f'@main = @f @f = {net} @d = {{* *}} @m = * @h = * @List/Cons/tag = 1'))
    assert ('f' in unsafe_definitions(book)) != is_function


def test_safety_goes_through_references() -> None:
    book = parse_book(Source('book', '@a = @b @b = @c @c = {* *} @d = (x x) @e = (@d @e) @main = @a'))
    assert unsafe_definitions(book) == {'a', 'b', 'c', 'main'}


def test_closed_rings_vanish() -> None:
    assert show(run('@main = 1 & x ~ x')) == '1'
    assert show(run('@main = 1 & x ~ y & y ~ x')) == '1'
    assert show(run('@main = r & r ~ 1')) == '1'


def test_stuck_wires_are_free_names() -> None:
    assert show(run('@main = (r *) & x ~ $(x r)')) == '(v0 *)'


def test_budget() -> None:
    endless = '@main = r & @loop ~ (1 r) @loop = (x r) & @loop ~ (x r)'
    with pytest.raises(OutOfBudget) as caught:
        run(endless, 1000)
    assert caught.value.limit == 1000
    text = '@main = r & @id ~ (5 r) @id = (a a)'
    assert run(text, 3).interactions == 3
    with pytest.raises(OutOfBudget):
        run(text, 2)
    with pytest.raises(OutOfBudget):
        run('@main = 1', 0)


@pytest.mark.parametrize('pair', ['1 ~ $([/] $(0 r))', '+1 ~ $([%] $(+0 r))', '0 ~ $([:/] $(1 r))'])
def test_division_by_zero(pair: str) -> None:
    with pytest.raises(BendError) as caught:
        run(f'@main = r & {pair}')
    assert [diagnostic.code for diagnostic in caught.value.diagnostics] == ['division-by-zero']


def test_books_are_checked() -> None:
    with pytest.raises(BendError):
        reduce(Book({'f': Net(parse_net(Source('net', '1')).root)}))


def test_recursion() -> None:
    text = '''
    @sum = (?((0 @sum__C0) a) a)
    @sum__C0 = ({a $([+] $(b c))} c)
      & @sum ~ (a b)
    @main = a
      & @sum ~ (10 a)
    '''
    result = run(text)
    assert (show(result), result.interactions) == ('45', 116)


def test_deep_results() -> None:
    depth = 100_000
    text = f'@main = r & @count ~ ({depth} r) @count = (?((* @next) r) r) @next = (n (7 r)) & @count ~ (n r)'
    result = run(text)
    assert show(result) == '(7 ' * depth + '*' + ')' * depth
    assert same_net(result.net, run(text).net)


def outcome(book: Book, limit: int, order: random.Random | None) -> Result | None:
    try:
        return reduce(book, limit, order=order)
    except OutOfBudget:
        return None


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(st.one_of(books(), layered_books()), st.integers(0, 1 << 30))
def test_order_does_not_matter(book: Book, seed: int) -> None:
    first = outcome(book, 400, None)
    event('ends' if first else 'goes on')
    assume(first is not None)
    second = outcome(book, 400, random.Random(seed))
    assert first is not None
    assert second is not None
    assert first.interactions == second.interactions
    assert first.by_rule == second.by_rule
    assert same_net(first.net, second.net)
