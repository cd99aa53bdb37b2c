"""Reading nets back to terms, and printing them."""

from __future__ import annotations

import pytest

from bend.diagnostics import Report
from bend.hvm import net
from bend.hvm import numbers as num
from bend.hvm.plain import Names, read_plain
from bend.hvm.readback import BookInfo, ConstructorInfo, Expand, Reader, floated_definitions, readback
from bend.hvm.show import Form, quote, show, show_main
from bend.hvm.text import parse_book
from bend.source import Source

CONSTRUCTORS = {
    'List/Nil': ConstructorInfo(0, 0), 'List/Cons': ConstructorInfo(1, 2),
    'String/Nil': ConstructorInfo(0, 0), 'String/Cons': ConstructorInfo(1, 2),
    'Tree/Node': ConstructorInfo(0, 2), 'Tree/Leaf': ConstructorInfo(1, 0),
    'Maybe/Some': ConstructorInfo(0, 1), 'IO/Done': ConstructorInfo(0, 2),
}
STUBS = ' '.join(f'@{name} = * @{name}/tag = {info.tag}' for name, info in CONSTRUCTORS.items())


def info(definitions: str = '') -> BookInfo:
    nets = parse_book(Source('test.hvm', f'{definitions} {STUBS}'), require_main=False)
    return BookInfo(CONSTRUCTORS, nets.defs, floated_definitions(nets))


def shown(text: str, form: Form = 'lambda', definitions: str = '', *, expand: Expand | None = None,
          pretty: bool = False) -> str:
    book = info(f'@main = {text} {definitions}')
    return show(readback(book.definitions['main'], book, expand), form, pretty, book)


def cell(tag: str, *fields: str, n: int = 0) -> str:
    spine = f'k{n}'
    for field in reversed(fields):
        spine = f'({field} {spine})'
    return f'((@{tag}/tag {spine}) k{n})'


@pytest.mark.parametrize(('text', 'expected'), [
    ('7', '7'), ('-7', '-7'), ('+0', '+0'), ('1.5', '1.500'), ('*', '*'),
    ('(1 (2 3))', '(1, (2, 3))'), ('((1 2) 3)', '((1, 2), 3)'), ('(* 1)', 'λ* 1'),
    ('($([+1] *) 2)', 'λ* 2'), ('((3 $([+1] *)) 2)', 'λ* 2'), ('((3 *) 2)', '((3, *), 2)'), ('{1 {2 3}}', '{1 {2 3}}'),
    ('((a a) 1)', '(λa a, 1)'), ('(a (* a))', 'λa λ* a'), ('((1 (2 a)) a)', 'λa (a 1 2)'),
    ('({a (a b)} b)', 'λa (a a)'), ('({(b c) (a b)} (a c))', 'λa λb (a (a b))'),
    ('($([+1] a) a)', 'λa (+ 1 a)'), ('($([>2] a) a)', 'λa (> 2 a)'), ('($([:-2] a) a)', 'λa (- a 2)'),
    ('($([>2] $([=0] a)) a)', 'λa (== 0 (> 2 a))'), ('($([+] $(a b)) (a b))', 'λa λb (+ a b)'),
    ('($([^] $(2.0 a)) a)', 'λa (** a 2.000)'), ('($([+0x03F8000] a) a)', 'λa (+ 4161536 a)'),
    ('(?((10 ($([+1] a) a)) b) b)', 'λa switch a = a { 0: 10; _: (+ 1 a-1); }'),
    ('((1 ?((2 (* 3)) a)) a)', 'λa switch b = (a 1) { 0: 2; _: 3; }'),
    ('((1 ({2 3} a)) a)', 'λa (a 1 {2 3})'), ('((a 1) a)', 'λa $b'),
    ('@List/Nil', '[]'), ('@String/Nil', '""'), ('@f', 'f'),
    (cell('Tree/Leaf'), 'λa (a Tree/Leaf/tag)'), (cell('Maybe/Some', '5'), 'λa (a Maybe/Some/tag 5)'),
    (cell('List/Cons', '1', cell('List/Cons', '2', '@List/Nil', n=1)), '[1, 2]'),
    (cell('List/Cons', '1', '@f'), 'λa (a List/Cons/tag 1 f)'),
    (cell('String/Cons', '(x x)', cell('String/Cons', '98', '@String/Nil', n=1)), 'λa (a String/Cons/tag λb b "b")'),
    ('((1 b) ((@Maybe/Some/tag (b c)) c))', 'λa λb (b Maybe/Some/tag (a 1))'),
])
def test_lambda_form(text: str, expected: str) -> None:
    assert shown(text, definitions='@f = 1') == expected


@pytest.mark.parametrize(('text', 'expected'), [
    (cell('Tree/Node', '1', cell('Tree/Leaf', n=1)), 'Tree/Node(1, Tree/Leaf)'),
    (cell('Tree/Node', '1', '@Tree/Leaf'), 'Tree/Node(1, Tree/Leaf)'),
    (cell('List/Cons', '1', cell('List/Nil', n=1)), '[1]'), (cell('List/Nil'), '[]'), (cell('String/Nil'), '""'),
    (cell('List/Cons', '1', '@f'), 'List/Cons(1, f)'),
    ('(@Maybe/Some/tag 1)', '(0, 1)'), ('((1 a) a)', 'λa (a 1)'), ('(1 (2 3))', '(1, (2, 3))'),
    ('(x ((@Tree/Node/tag (1 (x k))) k))', 'λa Tree/Node(1, a)'),
    ('((@Tree/Node/tag (1 k)) k)', 'λa (a 0 1)'),
])
def test_default_form(text: str, expected: str) -> None:
    assert shown(text, 'default', '@f = 1') == expected


def test_names_count_cells_too() -> None:
    cells = cell('List/Cons', '(x x)', cell('List/Cons', '(y y)', '@List/Nil', n=1))
    assert shown(cells) == '[λb b, λd d]'


def test_floated_definitions_are_shown_as_written() -> None:
    definitions = '@spin = (a b) & @spin ~ ($([+1] a) b) @g__C0 = ($([+1] a) b) & @spin ~ (a b)'
    assert shown('(1 @g__C0)', definitions=definitions) == '(1, λa (spin (+ a 1)))'
    recursive = '@h__C0 = (a b) & @h__C0 ~ (a b)'
    assert shown('(1 @h__C0)', definitions=recursive) == '(1, h__C0)'


def test_stuck_match_opens_floated_tests() -> None:
    definitions = '@f__M0 = (?((10 (* (* @f__C0))) a) a) @f__C0 = (a a)'
    assert shown('((@f__M0 a) a)', definitions=definitions) == 'λa (a λb switch b = b { 0: 10; _: λ* λc c; })'


def test_invalid_switch_is_reported() -> None:
    book = info('@main = (?((1 @f) a) a) @f = 1')
    report = Report()
    assert show(readback(book.definitions['main'], book, report=report)) == 'λa switch a = a { 0: 1; _: f; }'
    assert [(found.code, 'invalid switch' in found.message) for found in report.diagnostics] == [('readback', True)]


def test_unscoped_variables() -> None:
    second = cell('List/Cons', '({x y} s)', '@List/Nil', n=1)
    assert shown(cell('List/Cons', '({(x r) (y s)} r)', second)) == '[λ$b ($b $c), λ$c ($b $c)]'


def test_expansion_of_folded_references() -> None:
    definitions = (f'@compute = 3 @ones = {cell("List/Cons", "1", "@ones")} @f = (a a) @hidden = 1'
                   f' @loop = ((1 a) b) & @loop ~ (a b)')
    book = info(f'@main = (@compute (@compute (@ones (@f (@loop @hidden))))) {definitions}')
    asked: list[str] = []

    def expand(name: str) -> net.Net | None:
        asked.append(name)
        return None if name == 'hidden' else book.definitions[name]

    term = readback(book.definitions['main'], book, expand)
    assert show(term, info=book) == '(3, (3, (List/Cons(1, ones), (f, (loop, hidden)))))'
    assert asked == ['compute', 'ones', 'hidden']


def test_io_results() -> None:
    book = info(f'@main = {cell("IO/Done", "(1 2)", "42")} @none = {cell("IO/Done", "(1 2)", "*")}')
    done, none = (readback(book.definitions[name], book) for name in ('main', 'none'))
    assert show_main(done) == '42'
    assert show_main(none) is None
    assert show_main(none, 'lambda') == 'λa (a IO/Done/tag (1, 2) *)'


def test_pretty() -> None:
    cells = cell('List/Cons', '1', cell('List/Cons', '2', '@List/Nil', n=1))
    assert shown(cells, pretty=True) == '[1 2]'
    assert shown('(?((1 (* 2)) a) a)', pretty=True) == 'λa switch a = a {\n  0: 1;\n  _: 2;\n}'


@pytest.mark.parametrize(('text', 'expected'), [
    ('h\n"\\', '"h\\n\\"\\\\"'), ("it's é", '"it\'s é"'), ('\0\t\x07', '"\\0\\t\\u{7}"'), ('e\u0301', '"e\\u{301}"'),
])
def test_strings(text: str, expected: str) -> None:
    assert quote([ord(character) for character in text]) == expected
    assert quote([0xD800, 0x110000]) == '"\ufffd\ufffd"'


def test_wires_without_end_are_reported() -> None:
    report = Report()
    result = net.Net(net.Con(net.Era(), net.Var('x')), (net.Redex(net.Var('y'), net.Var('y')),))
    assert show(readback(result, report=report)) == 'λ* <Invalid>'
    assert 'open end' in report.diagnostics[0].message


def test_deep_results() -> None:
    count = 100_000
    chain: net.Tree = net.Ref('List/Nil')
    nest: net.Tree = net.Num(num.make_word(0, num.U24))
    for index in range(count):
        one = net.Num(num.make_word(1, num.U24))
        wire = net.Var(f'k{index}')
        chain = net.Con(net.Con(net.Ref('List/Cons/tag'), net.Con(one, net.Con(chain, wire))), wire)
        nest = net.Con(nest, one) if index % 2 else net.Con(one, nest)
    book = info()
    assert show(readback(net.Net(chain), book)).count('1') == count
    assert show(readback(net.Net(nest), book)).count('(') == count


@pytest.mark.parametrize(('text', 'expected'), [
    ('({a (a b)} b)', 'λa let {c b} = a; (b c)'),
    ('({(b c) (a b)} (a c))', 'λa λb let {c d} = a; (c (d b))'),
    ('({a *} a)', 'λa let {b *} = a; b'), ('({a b} {a b})', 'λa a'),
])
def test_linear_form(text: str, expected: str) -> None:
    """Duplications stay, around the smallest part that holds all uses of both copies."""
    book = info(f'@main = {text}')
    assert show(readback(book.definitions['main'], book, linear=True), 'lambda') == expected


def test_linear_form_of_many_duplications() -> None:
    """The cost of placing a duplication is the distance of its copies, not the depth of the term."""
    count = 20_000
    tree: net.Tree = net.Num(num.make_word(0, num.U24))
    for index in range(count):
        pair = net.Con(net.Var(f'b{index}'), net.Con(tree, net.Var(f'c{index}')))
        tree = net.Con(net.Dup(net.Con(net.Var(f'b{index}'), net.Var(f'c{index}')), net.Era()), pair)
    assert show(readback(net.Net(tree), linear=True)).count('let') >= 1


def test_scott_cells() -> None:
    """Without tags, cells are known by their shape and the name of their end."""
    cells = '(* ((1 ((* ((2 (@List/Nil a)) a)) b)) b))'
    letters_ = '(* ((97 (@String/Nil a)) a))'
    book = BookInfo(CONSTRUCTORS, {}, frozenset(), 'scott')
    for text, expected in ((cells, '[1, 2]'), (letters_, '"a"'), ('(* ((1 (2 a)) a))', 'λ* λa (a 1 2)')):
        nets = parse_book(Source('test.hvm', f'@main = {text} {STUBS}'))
        assert show(readback(nets.defs['main'], book), 'lambda') == expected


@pytest.mark.parametrize(('text', 'is_plain'), [
    ('7', True), ('*', True), ('(1 (2 *))', True), ('((@P/C/tag (1 (2 r))) r)', True), ('@P/N', True),
    ('((@P/C/tag (1 (((@P/N/tag r) r) s))) s)', True), ('(((@P/C/tag (@P/N (-3 r))) r) (1.5 @P/N/tag))', True),
    ('(* 1)', True), ('(* (* (1 *)))', True), ('(a a)', False), ('((@P/C/tag (1 r)) r)', False),
    ('((a b) (a b))', False), ('{1 2}', False),
])
def test_plain_data_reads_as_any_other(text: str, is_plain: bool) -> None:
    """The way for plain data gives the terms of the general way, or none."""
    known = BookInfo({'P/C': ConstructorInfo(0, 2), 'P/N': ConstructorInfo(1, 0)}, {}, frozenset())
    stubs = '@P/N = * @P/N/tag = 1 @P/C/tag = 0'
    read = parse_book(Source('test.hvm', f'@main = {text} {stubs}')).defs['main']
    plain = read_plain(read.root, known.constructors)
    assert (plain is not None) == is_plain
    assert plain in (None, Reader(known, None, Names(), linear=False).term(read))
