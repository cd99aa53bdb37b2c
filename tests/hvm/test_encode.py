"""Encoding of core terms as nets, and the passes on nets."""

from __future__ import annotations

import pytest

from bend.desugar import core
from bend.diagnostics import BendError
from bend.hvm import net
from bend.hvm.cycles import recursion_cycles
from bend.hvm.encode import EncodeOptions, encode_book
from bend.hvm.eta import eta_reduce
from bend.hvm.inline import inline_nets
from bend.hvm.numbers import Number
from bend.hvm.parallel import mark_parallel
from bend.hvm.prune import prune_nets
from bend.hvm.size import check_net_size, net_size
from bend.hvm.text import parse_book, print_net
from bend.source import Source

V = core.Var
R = core.Ref


def n(value: int) -> core.Num:
    return core.Num(Number('u24', value))


def lam(names: str, body: core.Term) -> core.Term:
    for name in reversed(names.split()):
        body = core.Lam(core.PVar(None if name == '*' else name), body)
    return body


def app(function: core.Term, *arguments: core.Term) -> core.Term:
    for argument in arguments:
        function = core.App(function, argument)
    return function


def tup(*names: str) -> core.PTup:
    return core.PTup(tuple(core.PVar(name) for name in names))


def dup(*names: str) -> core.PDup:
    return core.PDup(tuple(core.PVar(name) for name in names))


SHAPE = {
    name: core.Constructor(name, 'Shape', tag, tuple(core.FieldInfo(field, None, False) for field in fields))
    for tag, (name, fields) in enumerate({'Shape/Dot': '', 'Shape/Circle': 'r', 'Shape/Box': 'wh'}.items())
}
ADTS = {'Shape': core.Adt('Shape', (), tuple(SHAPE))}


def book(entry: str | None = 'main', **terms: core.Term) -> core.Book:
    defs = {name: core.Def(name, (core.Rule((), term),)) for name, term in terms.items()}
    return core.Book(defs, ADTS, SHAPE, {}, entry)


def show(encoded: net.Net) -> str:
    return ' '.join(print_net(encoded).split())


def encoded(term: core.Term) -> str:
    stubs = {name: n(0) for name in ('g1', 'g2', 'h1', 'h2', 'h3', 'h4', 'h5')}
    return show(encode_book(book('main', main=term, **stubs)).defs['main'])


def parsed(text: str) -> net.Book:
    return parse_book(Source('test.hvm', text), require_main=False)


@pytest.mark.parametrize(('term', 'expected'), [
    (lam('x', V('x')), '(a a)'),
    (lam('x *', V('x')), '(a (* a))'),
    (app(lam('x', V('x')), n(5)), 'b & (a a) ~ (5 b)'),
    (core.Tup((n(1), n(2), n(3))), '(1 (2 3))'),
    (core.Sup((n(1), n(2), n(3))), '{1 {2 3}}'),
    (lam('x', core.Let(dup('a', 'b', 'c'), V('x'), core.Tup((V('a'), V('b'), V('c'))))), '({a {b c}} (a (b c)))'),
    (lam('p', core.Let(tup('a', 'b'), V('p'), core.Tup((V('b'), V('a'))))), '((b a) (a b))'),
    (lam('a b', core.Op('-', V('a'), V('b'))), '($([-] $(a b)) (a b))'),
    (lam('a', core.Op('-', n(3), V('a'))), '(a b) & $(a b) ~ [-0x0000003]'),
    (lam('a', core.Op('-', V('a'), n(3))), '($([:-0x0000003] a) a)'),
    (lam('a', core.Op('<=', n(3), V('a'))), '(a c) & $(a b) ~ [>0x0000003] & $(b c) ~ [=0x0000000]'),
    (lam('a b', core.Op('>=', V('a'), V('b'))), '($([<] $(a b)) (a c)) & $(b c) ~ [=0x0000000]'),
    (lam('a', core.Op('**', V('a'), core.Num(Number('f24', 0x400000)))), '($([^] $(2.0 a)) a)'),
    (core.Tup((core.Lam(core.PUnscoped('x'), n(1)), core.Unscoped('x'))), '((a 1) a)'),
    (lam('a', core.Switch(V('a'), (n(10), V('p')), 'p')), '(?((10 (a a)) b) b)'),
    (lam('a', core.Switch(V('a'), (n(10), app(R('h1'), V('p'))), 'p')), '(?((10 @h1) a) a)'),
    (lam('x', core.Let(core.PVar(None), app(R('g1'), V('x')), n(7))), '(a 7) & @g1 ~ (a *)'),
])
def test_terms(term: core.Term, expected: str) -> None:
    assert encoded(term) == expected


def test_lets_follow_the_first_leaf_of_their_body() -> None:
    call = app(R('h1'), app(R('h2'), V('y')), app(R('h3'), V('f')), V('c'), app(R('h4'), V('h')), app(R('h5'), V('g')))
    lets = core.Let(tup('c', 'd'), app(R('g1'), V('x')), core.Let(
        dup('e', 'f'), V('d'), core.Let(tup('g', 'h'), app(R('g2'), V('e')), call)))
    assert encoded(lam('x y', lets)) == (
        '(a (c l)) & @h1 ~ (d (f (g (i (k l))))) & @g2 ~ (b (j h)) & @g1 ~ (a (g {b e})) & @h2 ~ (c d)'
        ' & @h3 ~ (e f) & @h4 ~ (h i) & @h5 ~ (j k)')


def area(argument: core.Term) -> core.Match:
    return core.Match(argument, (
        core.Arm('Shape/Dot', (), n(0)),
        core.Arm('Shape/Circle', ('r',), V('r')),
        core.Arm('Shape/Box', ('w', 'h'), core.Op('*', V('w'), V('h'))),
    ))


def test_constructors_and_floated_matches() -> None:
    main = app(R('area'), app(R('Shape/Box'), n(1), n(2)))
    nets = encode_book(book('main', main=main, area=lam('s', area(V('s')))))
    assert {name: show(definition) for name, definition in nets.defs.items()} == {
        'Shape/Box': '(a (b ((@Shape/Box/tag (a (b c))) c)))',
        'Shape/Box/tag': '2',
        'area': '((@area__M1 a) a)',
        'area__M0': '(?(((a a) (* ($([*] $(b c)) (b c)))) d) d)',
        'area__M1': '(?((0 @area__M0) a) a)',
        'main': 'b & @area ~ (a b) & @Shape/Box ~ (1 (2 a))',
    }


def test_matches_of_the_entry_and_open_ones_stay() -> None:
    assert encoded(lam('s', area(V('s')))).startswith('(((?((0 (?(((a a) (* (')
    open_match = core.Match(V('s'), (
        core.Arm('Shape/Dot', (), V('x')), core.Arm('Shape/Circle', ('r',), V('r')),
        core.Arm('Shape/Box', ('w', None), V('w'))))
    nets = encode_book(book('main', main=R('f'), f=lam('x s', open_match)))
    assert set(nets.defs) == {'main', 'f', 'f__M0'}


def test_floated_arms_take_the_fields_as_arguments() -> None:
    match = core.Match(V('s'), (
        core.Arm('Shape/Dot', (), n(0)), core.Arm('Shape/Circle', (), R('h1')), core.Arm('Shape/Box', (), R('h2'))))
    nets = encode_book(book('main', main=R('f'), f=lam('s', match), h1=lam('r', V('r')), h2=lam('w *', V('w'))))
    assert show(nets.defs['f__M0']) == '(?((@h1 (* @h2)) a) a)'


def test_one_constructor_and_scott() -> None:
    constructor = core.Constructor('P/Mk', 'P', 0, (core.FieldInfo('v', None, False),))
    match = core.Match(V('p'), (core.Arm('P/Mk', ('v',), V('v')),))
    defs = {'main': core.Def('main', (core.Rule((), app(lam('p', match), app(R('P/Mk'), n(1)))),))}
    one = core.Book(defs, {'P': core.Adt('P', (), ('P/Mk',))}, {'P/Mk': constructor}, {}, 'main')
    assert show(encode_book(one).defs['main']) == (
        'e & (((?(((a a) *) b) b) c) c) ~ (d e) & @P/Mk ~ (1 d)')
    scott = encode_book(one, EncodeOptions(adt='scott'))
    assert show(scott.defs['P/Mk']) == '(a ((a b) b))'
    shapes = encode_book(book('main', main=R('f'), f=core.Tup(tuple(R(name) for name in SHAPE))),
                         EncodeOptions(adt='scott'))
    assert show(shapes.defs['Shape/Circle']) == '(a (* ((a b) (* b))))'
    assert not any(name.endswith('/tag') for name in shapes.defs)


def test_only_what_is_reached_is_kept_unless_all_is() -> None:
    program = book('main', main=R('f'), f=n(1), g=n(2))
    assert list(encode_book(program).defs) == ['f', 'main']
    assert list(encode_book(program, EncodeOptions(keep_all=True)).defs) == ['f', 'g', 'main']
    assert list(encode_book(book('Main', Main=n(1))).defs) == ['main']
    assert list(encode_book(book('start', start=n(1))).defs) == ['start']


@pytest.mark.parametrize(('term', 'code'), [
    (core.Let(core.PDup((core.PUnscoped('x'), core.PVar('y'))), core.Unscoped('x'), V('y')), 'vicious-cycle'),
    (R('nowhere'), 'undefined-reference'),
    (V('x'), 'unbound-variable'),
])
def test_errors(term: core.Term, code: str) -> None:
    with pytest.raises(BendError) as caught:
        encode_book(book('main', main=term))
    assert [diagnostic.code for diagnostic in caught.value.diagnostics] == [code]
    assert caught.value.diagnostics[0].hint


def test_deep_terms() -> None:
    term: core.Term = n(0)
    for _ in range(100_000):
        term = core.Tup((n(1), term))
    deep = encode_book(book('main', main=term)).defs['main']
    assert net_size(deep) == 100_000
    assert net_size(eta_reduce(deep)) == 100_000


@pytest.mark.parametrize(('before', 'after'), [
    ('(a b) & @g ~ (a b)', 'a & @g ~ a'),
    ('((a (b c)) ((a (b c)) ((* *) (5 5))))', '(a (a (* (5 5))))'),
    ('{(a b) (a b)}', '{a a}'),
    ('({a b} (a b))', '({a b} (a b))'),
    ('((a b) (b a))', '((a b) (b a))'),
    ('?((a b) (a b))', '?(a a)'),
])
def test_eta(before: str, after: str) -> None:
    reduced = eta_reduce(parsed(f'@f = {before} @g = 1').defs['f'])
    assert show(reduced) == show(parsed(f'@f = {after} @g = 1').defs['f'])


def test_inline() -> None:
    program = parsed('@main = (@g (@k @f)) @k = 9 @g = @k @f = (a a)')
    assert show(inline_nets(program).defs['main']) == '(9 (9 @f))'
    with pytest.raises(BendError):
        inline_nets(parsed('@main = @f @f = @g @g = @f'))


def test_prune() -> None:
    program = parsed('@main = @f @f = (a b) & @g ~ (a b) @g = 1 @h = @f')
    assert set(prune_nets(program).defs) == {'main', 'f', 'g'}


def test_recursion_cycles() -> None:
    program = parsed('@a = (x y) & @b ~ (x y) @b = @a @e = ((@e x) x) @f = (@f *) @g = (* @g) @main = @e')
    assert [finding.message for finding in recursion_cycles(program)] == [
        'Functions call each other in a cycle before anything is decided: a -> b -> a.',
        "The function 'g' calls itself before anything decides whether it should."]
    assert all(finding.code == 'recursion-cycle' and finding.hint for finding in recursion_cycles(program))


def test_size() -> None:
    program = parsed('@main = (1 (2 (3 4))) @f = (1 2)')
    assert check_net_size(program) == []
    assert [finding.definition for finding in check_net_size(program, 2)] == ['main']


def test_parallel_marks() -> None:
    program = mark_parallel(parsed(
        '@main = b & @f ~ (1 b) @f = (?((1 @g) a) a) @g = ({a b} d) & @f ~ (a $([+] $(c d))) & @f ~ (b c)'))
    assert [redex.parallel for redex in program.defs['g'].redexes] == [True, True]
    assert [redex.parallel for redex in program.defs['main'].redexes] == [False]
