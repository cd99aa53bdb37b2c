"""Core text: parsing, printing, and what is wrong with a book."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings

from bend.diagnostics import BendError
from bend.hvm.compare import same_book, same_net, same_tree
from bend.hvm.net import Book, Con, Dup, Era, Net, Num, Opr, Redex, Ref, Swi, Var
from bend.hvm.numbers import F24, I24, U24, make_word, show_net
from bend.hvm.text import check_book, parse_book, parse_net, print_book, print_net, print_tree
from bend.source import Source
from tests.hvm.strategies import books


def net(text: str) -> Net:
    return parse_net(Source('net.hvm', text))


def book(text: str) -> Book:
    return parse_book(Source('book.hvm', text))


def codes(error: BendError) -> list[str]:
    return [diagnostic.code for diagnostic in error.diagnostics]


def test_every_node() -> None:
    parsed = net('({a b} $(a ?(b *))) & @f ~ c &! 7 ~ c')
    root = Con(Dup(Var('a'), Var('b')), Opr(Var('a'), Swi(Var('b'), Era())))
    expected = Net(root, (Redex(Ref('f'), Var('c')), Redex(Num(make_word(7, U24)), Var('c'), True)))
    assert same_net(parsed, expected)


def test_blanks_and_comments() -> None:
    text = '// a comment\n@main = ( a // more\n $ ( [+\t5] ? (@  f a)))\r\n@f=*'
    assert print_book(book(text)) == '@f = *\n\n@main = (a $([+0x0000005] ?(@f a)))\n\n\n'


@pytest.mark.parametrize(('text', 'printed'), [
    ('7', '7'), ('+7', '+7'), ('-7', '-7'), ('1.5', '1.5'), ('-.5', '-0.5'), ('1.', '1.0'), ('-0', '+0'),
    ('0x10', '16'), ('0b101', '5'), ('-0xFF', '-255'), ('16777217', '1'), ('4294967301', '5'),
    ('+8388608', '-8388608'), ('1e5', '1'), ('5-3', '5'), ('+5+3', '+5'), ('2a', '2'),
    ('1.5e3', '1500.0'), ('1.0e-3', '0.0009999871'), ('+inf', '+inf'), ('-inf', '-inf'), ('+NaN', '+NaN'),
    ('[+]', '[+]'), ('[:>>]', '[:>>]'), ('[u24]', '[u24]'), ('[-10]', '[-0x000000A]'), ('[:/ 3]', '[:/0x0000003]'),
    ('[*-2]', '[*0x0FFFFFE]'), ('[+1.0]', '[+0x03F8000]'), ('[%0x7FFFFFD]', '[%0x0FFFFFD]'),
])
def test_numbers(text: str, printed: str) -> None:
    assert print_net(net(text)) == printed
    assert same_net(net(printed), net(text))


@pytest.mark.parametrize('name', ['.5', 'inf', 'NaN', 'a/b', 'x.y-z', '_', 'a$'])
def test_names_that_look_otherwise(name: str) -> None:
    assert same_tree(net(f'({name} {name})').root, Con(Var('x'), Var('x')))


@pytest.mark.parametrize(('text', 'line', 'column'), [
    ('', 1, 1), ('(a b c)', 1, 6), ('(a)', 1, 3), ('{3 a b}', 1, 6), ('(a\n a', 2, 3), ('a & ! b ~ b', 1, 5),
    ('[ +5]', 1, 2), ('[**]', 1, 3), ('[u24 5]', 1, 6), ('1_000', 1, 2), ('0x1_0', 1, 4), ('0x', 1, 1),
    ('(1.5x *)', 1, 2), ('0x1.8', 1, 1), ('a ~ b', 1, 3), ('a & b', 1, 6), ('$a', 1, 1), ('?', 1, 1), ('@', 1, 2),
    ('#', 1, 1), ('(a b}', 1, 5), ('-', 1, 1),
])
def test_syntax_errors_have_a_place(text: str, line: int, column: int) -> None:
    with pytest.raises(BendError) as caught:
        net(text)
    assert codes(caught.value) == ['syntax']
    assert caught.value.diagnostics[0].labels[0].span.position == (line, column)


@pytest.mark.parametrize(('text', 'fits'), [('18446744073709551615', True), ('18446744073709551616', False),
                                            ('9' * 5000, False), ('0' * 100 + '1', True)])
def test_literals_have_64_bits(text: str, fits: bool) -> None:
    if fits:
        assert isinstance(net(text).root, Num)
        return
    with pytest.raises(BendError) as caught:
        net(text)
    assert codes(caught.value) == ['number-range']


@pytest.mark.parametrize(('text', 'code', 'words'), [
    ('@main = @f', 'unbound-definition', '`@f`'),
    ('@f = 1', 'missing-main', '`@main`'),
    ('', 'missing-main', '`@main`'),
    ('@main = (a *)', 'nonlinear-variable', '`a` occurs once'),
    ('@main = (a a) & a ~ 1', 'nonlinear-variable', '`a` occurs 3 times'),
    ('main = 1', 'syntax', '`@`'),
    ('@main 1', 'syntax', '`=`'),
])
def test_wrong_books(text: str, code: str, words: str) -> None:
    with pytest.raises(BendError) as caught:
        book(text)
    assert codes(caught.value) == [code]
    assert words in caught.value.diagnostics[0].message


def test_wrong_books_without_text() -> None:
    wrong = Book({'f': Net(Con(Var('x'), Ref('g')))})
    with pytest.raises(BendError) as caught:
        check_book(wrong)
    assert codes(caught.value) == ['nonlinear-variable', 'unbound-definition', 'missing-main']


def test_options() -> None:
    assert parse_book(Source('lib.hvm', '@f = 1'), require_main=False).defs.keys() == {'f'}
    assert print_net(parse_net(Source('result', '(v0 *)'), linear=False)) == '(v0 *)'


def test_several_errors_are_reported_together() -> None:
    with pytest.raises(BendError) as caught:
        book('@main = (x y)\n@f = 1\n@f = 2')
    assert codes(caught.value) == ['nonlinear-variable', 'nonlinear-variable', 'redefinition']
    first, *_ = caught.value.diagnostics[2].labels[1:]
    assert (first.text, first.span.position) == ('first defined here', (2, 1))


def test_layout() -> None:
    text = '@b = r\n  & @b ~ (1 r)\n\n@main = r\n  &!@b ~ (x r)\n  & @b ~ (2 x)\n\n\n'
    assert print_book(book(text)) == text
    assert print_book(book('@b = 1 @B = 2 @a/c = 3 @main = *')) == '@B = 2\n\n@a/c = 3\n\n@b = 1\n\n@main = *\n\n\n'


def test_numbers_can_print_as_results() -> None:
    assert print_tree(net('(1.5 +2)').root, show_net) == '(1.5000000e+00 +2)'


def test_deep_trees() -> None:
    depth = 100_000
    for opening, closing in (('(* ', ')'), ('?(', ' 1)')):
        text = opening * depth + 'a' + closing * depth + '\n  & a ~ *'
        parsed = net(text)
        assert print_net(parsed) == text
        assert same_net(parsed, parsed)


def test_comparison_sees_differences() -> None:
    assert same_net(net('(a (b (a b)))'), net('(x (y (x y)))'))
    assert not same_net(net('(a (b (a b)))'), net('(x (y (y x)))'))
    assert not same_net(net('(a a)'), net('{a a}'))
    assert not same_net(net('1'), net('+1'))
    assert not same_net(net('1 & * ~ *'), net('1 &! * ~ *'))
    assert not same_net(net('1 & * ~ *'), net('1'))
    assert not same_net(net('@a'), net('@b'))
    assert not same_net(net('*'), net('(* *)'))
    assert not same_net(net('(* *)'), net('*'))
    assert same_tree(Num(make_word(0x7FC001, F24)), Num(make_word(0xFFFFFF, F24)))
    assert not same_tree(Num(make_word(0x7FC001, I24)), Num(make_word(0xFFFFFF, I24)))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(books())
def test_round_trip(random_book: Book) -> None:
    check_book(random_book)
    text = print_book(random_book)
    parsed = book(text)
    assert same_book(parsed, random_book)
    assert print_book(parsed) == text
