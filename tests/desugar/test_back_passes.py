"""The second half of the core pipeline; expected terms are those of the reference (spec 02)."""

from __future__ import annotations

import pytest
from back_support import bodies, desugar, errors

from bend.desugar.context import Context
from bend.desugar.linearize_matches import linearize_matches
from bend.desugar.printer import print_term
from bend.desugar.unique_names import generated_name, unique_names
from bend.options import Options

MAIN = '\nmain = 0\n'
TREE = 'type Tree = (Leaf value) | (Node ~left ~right)\n'
SHAPE = 'type Shape = Dot | (Circle r) | (Box w h)\n'
LIST = 'type List = Nil | (Cons head ~tail)\n'


def test_bend_becomes_a_recursive_function() -> None:
    result = bodies('f k = bend i = 0 { when (< i k): (+ k (fork (+ i 1))) else: k }' + MAIN)
    assert result['f'] == 'λa (f__bend0 a 0)'
    assert result['f__bend0'] == ('λa let {b c} = a; λd let {e f} = d; '
                                  '(switch (< e b) { 0: λg λ* g; _ h: (f__bend0__C0 h); } c f)')
    assert result['f__bend0__C0'] == 'λ* λa let {b c} = a; λd (+ b (f__bend0 c (+ d 1)))'


def test_inner_bends_are_numbered_first() -> None:
    result = bodies('f = bend i = 0 { when i: (bend j = i { when j: (fork j) else: j }) else: i }' + MAIN)
    assert '(f__bend0 ' in result['f__bend1'] or '(f__bend0 ' in result['f__bend1__C0']


def test_fold_calls_itself_on_recursive_fields() -> None:
    result = bodies(TREE + 'f t k = fold t { Tree/Leaf: (+ t.value k); Tree/Node: (+ t.left (+ t.right k)) }' + MAIN)
    assert result['f'] == 'λa λb (f__fold0 a b)'
    assert result['f__fold0'] == 'λa λb (match a { Tree/Leaf: f__fold0__C0; Tree/Node: (f__fold0__C1 *); } b)'
    assert result['f__fold0__C1'] == 'λ* λa λb λc let {d e f} = c; (+ (f__fold0 a d) (+ (f__fold0 b e) f))'


def test_fold_passes_its_with_state() -> None:
    result = bodies(LIST + 'f l = fold l with s = 0 { List/Nil: s; List/Cons: (l.tail (+ s l.head)) }' + MAIN)
    assert result['f'] == 'λa (f__fold0 a 0)'
    assert result['f__fold0__C0'] == 'λ* λa λb λc (f__fold0 b (+ c a))'


def test_ask_defers_its_continuation() -> None:
    result = bodies('type M = (Done x)\nM/bind a b = (b λx x a)\nM/wrap x = x\n'
                    'f a b = with M { ask x = a; (wrap (+ x b)) }' + MAIN)
    assert result['f'] == 'λa λb (M/bind a λc (c f__C0 M/wrap b))'
    assert result['f__C0'] == 'λa λb λc (a (+ c b))'


@pytest.mark.parametrize(('options', 'expected'), [
    ((), '(switch b { 0: λd λe (d e); _ f: λg λh (f h); } a c)'),
    (('no-linearize-matches',), 'switch b { 0: (a c); _ d: (d c); }'),
])
def test_linearization_of_a_switch(options: tuple[str, ...], expected: str) -> None:
    book, _ = desugar('f a b c = switch b { 0: (a c); _: (b-1 c) }' + MAIN, upto='inline_use')
    context = Context(options=Options().with_flags(options))
    book = unique_names(linearize_matches(unique_names(book, context), context), context)
    body = print_term(book.defs['f'].body)
    assert body == f'λa λb λc {expected}'


def test_alternative_linearization_moves_the_binders_before_a_match() -> None:
    result = bodies('f a b c = switch b { 0: (a c); _: (b-1 c) }' + MAIN, 'linearize-matches-alt',
                    'no-float-combinators')
    assert result['f'] == 'λa λb switch b { 0: λc (a c); _ d: λe (d e); }'


def test_switches_of_many_arms_pass_the_predecessor() -> None:
    result = bodies('f n = switch n { 0: 10; 1: 11; _: n-2 }' + MAIN, 'no-float-combinators')
    assert result['f'] == 'λa switch a { 0: 10; _ b: switch b { 0: 11; _ c: c; }; }'


def test_variables_are_erased_substituted_and_duplicated() -> None:
    result = bodies('f x y = let z = (x 1); (z (x 2))\ng x = let z = (x 1); 3\nh = λx use y = (x 1); (y y)' + MAIN)
    assert result['f'] == 'λa let {b c} = a; λ* (c 1 (b 2))'
    assert result['g'] == 'λa let * = (a 1); 3'
    assert result['h'] == 'λa let {b c} = a; (b 1 (c 1))'


def test_patterns_of_lambdas_become_lets() -> None:
    assert bodies('f = λ(a, b) (b a)' + MAIN)['f'] == 'λa let (b, c) = a; (c b)'


def test_closed_unsafe_children_are_floated() -> None:
    result = bodies('h f x = (f x)\nrec 0 = 1\nrec n = (rec (- n 1))\n'
                    'g x = (h λy (+ y 1) x)\nk x = (h λy y x)\nr x = (h (rec 1) x)' + MAIN)
    assert (result['g'], result['g__C0']) == ('λa (h g__C0 a)', 'λa (+ a 1)')
    assert result['k'] == 'λa (h λb b a)'
    assert (result['r'], result['r__C0']) == ('λa (h r__C0 a)', '(rec 1)')


def test_arms_are_floated_as_functions_of_their_fields() -> None:
    result = bodies(SHAPE + 'area s = match s { Shape/Dot: 0; Shape/Circle: s.r; Shape/Box: (* s.w s.h) }' + MAIN)
    assert result['area'] == 'λa match a { Shape/Dot: 0; Shape/Circle b: b; Shape/Box: (area__C0 *); }'
    assert result['area__C0'] == 'λ* λa λb (* a b)'


def test_safe_children_are_floated_from_large_terms_only() -> None:
    small = bodies('f x = (x (1, 2))' + MAIN)
    large = bodies(f'f x = (x ({", ".join("1" * 80)}))' + MAIN)
    assert small['f'] == 'λa (a (1, 2))'
    assert large['f'] == 'λa (a f__C0)'


def test_floated_functions_know_where_they_come_from() -> None:
    book, _ = desugar('h f x = (f x)\ng x = (h λy (+ y 1) x)' + MAIN)
    assert book.defs['g__C0'].user_name == 'g'
    assert book.defs['g'].user_name == 'g'


def test_main_opens_what_it_returns() -> None:
    result = bodies('p = (1, q)\nq = λx (x 1)\nh f x = (f x)\nr = (h λy (+ y 1))\nmain = (p, (h p), r)')
    assert result['main'] == '((1, λa (a 1)), (h p), (h λb (+ b 1)))'


def test_main_gets_floated_arms_back() -> None:
    result = bodies(LIST + 'len = λl match l { List/Nil: 0; List/Cons: (+ 1 (len l.tail)) }\nmain = len')
    assert result['main'] == 'λa match a { List/Nil: 0; List/Cons * b: (+ 1 (len b)); }'


def test_main_gets_floated_successors_back() -> None:
    result = bodies('sum = λn switch n { 0: 0; _: (+ n (sum n-1)) }\nmain = sum')
    assert result['main'].startswith('λa') and '__C' not in result['main']


def test_merge_joins_equal_functions() -> None:
    result = bodies('f x = (x 1 x)\ng y = (y 1 y)\nmain = (f g)', 'merge')
    assert result == {'f__M_g': 'λa let {b c} = a; (b 1 c)', 'main': '(f__M_g f__M_g)'}


def test_unused_functions_are_reported_or_pruned() -> None:
    text = 'used = 1\nlost = other\nother = 2\nmain = (used 1)'
    book, found = desugar(text)
    assert [(each.code, each.definition) for each in found] == [('unused-definition', 'lost'),
                                                                ('unused-definition', 'other')]
    assert 'lost' in book.defs
    book, found = desugar(text, 'prune')
    assert not found and set(book.defs) == {'used', 'main'}


def test_names_are_counted_with_the_lowest_digit_first() -> None:
    assert [generated_name(n) for n in (0, 25, 26, 27, 52, 676)] == ['a', 'z', 'ab', 'bb', 'ac', 'aab']


@pytest.mark.parametrize(('body', 'code', 'words'), [
    ('ghost', 'unbound-variable', 'ghost'),
    ('λlength lenght', 'unbound-variable', 'lenght'),
    ('$q', 'unbound-unscoped', '$q'),
    ('λ$q 1', 'unused-unscoped', '$q'),
    ('λ$q ($q $q)', 'repeated-unscoped', 'used twice'),
    ('(λ$q $q λ$q 1)', 'repeated-unscoped', 'bound twice'),
    ('ask x = 1; x', 'ask-outside-with', "'ask'"),
    ('with T { ask x = 1; x }', 'missing-monad-function', 'T/bind'),
    ('with T { (wrap 1) }', 'missing-monad-function', 'T/wrap'),
    ('λ$q bend i = 0 { when i: $q else: 1 }', 'unscoped-crossing', '$q'),
])
def test_what_programs_do_wrong(body: str, code: str, words: str) -> None:
    found = errors(f'type T = (C x)\nmain = {body}')
    assert [each.code for each in found] == [code]
    assert words in found[0].message
    assert found[0].labels


def test_unbound_variables_come_with_suggestions() -> None:
    assert errors('main = λlength lenght')[0].hint == "Did you mean 'length'?"
    assert "'a - b'" in errors('main = λa λb a-b')[0].hint
    assert 'bend' in errors('main = (fork 1)')[0].hint
