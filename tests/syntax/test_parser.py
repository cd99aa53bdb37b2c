"""What the parser makes of each construct of the two notations."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from shape import body, fun, imp, item, module, shape

from bend.source import Source, Span
from bend.syntax.node import Node
from bend.syntax.parser import parse_module

NUMBERS = {
    '0': '0', '16777215': '16777215', '0xff': '255', '0b101': '5', '1_0__0': '100', '0x_f': '15',
    '-1': 'i24:16777215', '+8388607': 'i24:8388607', '-8388608': 'i24:8388608', '-0': 'i24:0',
    '0.0': 'f24:0', '1.0': f'f24:{0x3F8000}', '-1.0': f'f24:{0xBF8000}', '0xA.8': f'f24:{0x412800}',
    '0b1.1': f'f24:{0x3FC000}', '3.1415926535': f'f24:{0x40490F + 1}', '65537.0': f'f24:{0x478000}',
    '65539.0': f'f24:{0x478002}', '0.1': f'f24:{0x3DCCCD}',
    "'a'": '97', r"'\n'": '10', r"'\u{1F600}'": str(0x1F600), "'''": '39', "'a  '": '97',
    '`B`': '1', '`hi`': str(33 * 64 + 34), '``': '0', '`////`': str(2**24 - 1),
}


@pytest.mark.parametrize('text', NUMBERS)
def test_number_literals(text: str) -> None:
    assert imp(text) == fun(text) == NUMBERS[text]


EXPRESSIONS = {
    'a + b * c': '(a + (b * c))',
    'a - b - c': '((a - b) - c)',
    'a ** b ** c': '((a ** b) ** c)',
    'a == b < c': '(a == (b < c))',
    'a | b ^ c & d == e << 1': '(a | (b ^ (c & (d == (e << 1)))))',
    '(a + b) * c': '((a + b) * c)',
    '10/2': '(10 / 2)', '2-1': '(2 - 1)', 'x -1': '(x - 1)', 'x*2': '(x * 2)', 'x%2': '(x % 2)', 'x<y': '(x < y)',
    'x /y': '(x / y)', 'x < -1': '(x < i24:16777215)', 'a-b': 'a-b', 'x/2': 'x/2', 'p.x': 'p.x',
    'f()': 'Call(f, [], [])',
    'f (1, 2)': 'Call(f, [1, 2], [])',
    'f(1, b = 2,)': 'Call(f, [1], [[b, 2]])',
    'f(1)(2)': 'Call(Call(f, [1], []), [2], [])',
    'm[0]': 'MapGet(m, 0)',
    'm[0] + 1': '(MapGet(m, 0) + 1)',
    'T/C { a: 1, b: -1 }': 'ConstructorLiteral(T/C, [[a, 1], [b, i24:16777215]])',
    'lambda x, y: x + y': 'Lambda([?x, ?y], (x + y))',
    'λx y: x': 'Lambda([?x, ?y], x)',
    'lambda $x: $x': 'Lambda([PatternUnscoped(x)], Unscoped(x))',
    'lambda x: x, 2': 'TupleLiteral([Lambda([?x], x), 2])',
    '(lambda x: x)(1)': 'Call(Lambda([?x], x), [1], [])',
    '1, (2, 3)': 'TupleLiteral([1, TupleLiteral([2, 3])])',
    '{}': 'MapLiteral([])',
    '{1: 2, `a`: x,}': 'MapLiteral([[1, 2], [26, x]])',
    '{a, b}': 'Superposition([a, b])',
    '[]': 'ListLiteral([])',
    '[1, 2,]': 'ListLiteral([1, 2])',
    '[x for x in xs]': 'Comprehension(x, x, xs, None)',
    '[f(x) for x in xs if x > 1]': 'Comprehension(Call(f, [x], []), x, xs, (x > 1))',
    '![1, !x]': 'TreeNode(1, TreeLeaf(x))',
    '!a + b': 'TreeLeaf((a + b))',
    '*': 'Eraser()',
    '* * *': '(Eraser() * Eraser())',
    r'"a\tb\u{41}\"\\"': 'String(a\tbA"\\)',
    'f(1 #{ c #}, # d\n 2)': 'Call(f, [1, 2], [])',
    '(1 +\n2)': '(1 + 2)',
    '#{ c #} 1': '1',
    '#{ ##} 1': '1',
}


@pytest.mark.parametrize('text', EXPRESSIONS)
def test_imp_expressions(text: str) -> None:
    assert imp(text) == EXPRESSIONS[text]


STATEMENTS = {
    ('x = 1;', 'return x'): 'AssignStmt(?x, 1) ReturnStmt(x)',
    ('a, (b, *) = x',): 'AssignStmt(PatternTuple([?a, PatternTuple([?b, ?*])]), x)',
    ('{a, $b} = x',): 'AssignStmt(PatternDup([?a, PatternUnscoped(b)]), x)',
    ('* = 1, 2',): 'AssignStmt(?*, TupleLiteral([1, 2]))',
    ('m[k] = 1',): 'MapSetStmt(m, k, 1)',
    ('m[k] += 1',): 'InPlaceStmt(m, k, +, 1)',
    ('x @= f',): 'InPlaceStmt(x, None, @, f)',
    ('x <- f(1)',): 'AskStmt(?x, Call(f, [1], []))',
    ('if a: x <- b', 'else: x <- c'): 'IfStmt(a, [AskStmt(?x, b)], [AskStmt(?x, c)])',
    ('use L = List/Cons',): 'UseStmt(L, List/Cons)',
    ('open T: x',): 'OpenStmt(T, x)',
    ('case = 5', 'return case'): 'AssignStmt(?case, 5) ReturnStmt(case)',
    ('if a:', '  return 1', 'elif b: return 2', 'else:', '  return 3'):
        'IfStmt(a, [ReturnStmt(1)], [IfStmt(b, [ReturnStmt(2)], [ReturnStmt(3)])])',
    ('switch n = f(x) with y, z = 1:', '  case 0:', '    return 1', '  case _:', '    return n-1'):
        'SwitchStmt(Binding(n, Call(f, [x], [])), [Binding(y, None), Binding(z, 1)], '
        '[[ReturnStmt(1)], [ReturnStmt(n-1)]])',
    ('match x:', '  case T/A:', '    y = 1', '  case _:', '    y = 2', 'return y'):
        'MatchStmt(Binding(x, None), [], [Case(T/A, [AssignStmt(?y, 1)]), Case(_, [AssignStmt(?y, 2)])]) '
        'ReturnStmt(y)',
    ('fold f(1):', '  case T:', '    return 1'):
        'FoldStmt(Binding(None, Call(f, [1], [])), [], [Case(T, [ReturnStmt(1)])])',
    ('bend x = 0, y:', '  when x < 1:', '    r = fork(x + 1, y)', '  else:', '    r = y', 'return r'):
        'BendStmt([Binding(x, 0), Binding(y, None)], (x < 1), '
        '[AssignStmt(?r, Call(fork, [(x + 1), y], []))], [AssignStmt(?r, y)]) ReturnStmt(r)',
    ('with IO:', '  x <- a', '  return wrap(x)'):
        'WithStmt(IO, [AskStmt(?x, a), ReturnStmt(Call(wrap, [x], []))])',
    ('def g(x):', '  return x', 'return g(1)'):
        'LocalDefStmt(ImpDef(g, [Parameter(x, None)], None, [ReturnStmt(x)], None)) ReturnStmt(Call(g, [1], []))',
    ('return 1', 'x = 2'): 'ReturnStmt(1) AssignStmt(?x, 2)',
}


@pytest.mark.parametrize('lines', STATEMENTS)
def test_statements(lines: tuple[str, ...]) -> None:
    assert body(*lines) == STATEMENTS[lines]


TERMS = {
    '(+ 1 (- x 2))': '(1 + (x - 2))', '(-1)': 'i24:16777215', '(-x 1)': '(x - 1)', '(/f 1)': '(f / 1)',
    '(-1 f)': 'Call(i24:16777215, [f], [])',
    '(f a b)': 'Call(f, [a, b], [])', '((f a) b)': 'Call(Call(f, [a], []), [b], [])', '(a)': 'a',
    '(a, b, c)': 'TupleLiteral([a, b, c])', '(*)': 'Eraser()', '(*, 1)': 'TupleLiteral([Eraser(), 1])',
    'λx λ* x': 'Lambda([?x], Lambda([?*], x))', '@(a, b) a': 'Lambda([PatternTuple([?a, ?b])], a)',
    'λ{a b} a': 'Lambda([PatternDup([?a, ?b])], a)', '(λx x 1)': 'Call(Lambda([?x], x), [1], [])',
    '[1 2, 3]': 'ListLiteral([1, 2, 3])', '{1 2}': 'Superposition([1, 2])', '![1 2]': 'TreeNode(1, 2)',
    '!!1': 'TreeLeaf(TreeLeaf(1))',
    'let (a, b) = x; a': 'Let(PatternTuple([?a, ?b]), x, a)', 'let x = 1 x': 'Let(?x, 1, x)',
    'use x = 1; x': 'Use(x, 1, x)', 'with IO { ask x = a; x }': 'With(IO, Ask(?x, a, x))',
    'open T x; x.a': 'Open(T, x, x.a)',
    'if a { 1 } elif b { 2 }\nelse { 3 }': 'If(a, 1, If(b, 2, 3))',
    'match x = y with z, w = 1 { A: 1; | B: 2 *: 3 }':
        'Match(Binding(x, y), [Binding(z, None), Binding(w, 1)], [Arm(A, 1), Arm(B, 2), Arm(None, 3)])',
    'fold x { A: 1 }': 'Fold(Binding(x, None), [], [Arm(A, 1)])',
    'switch x { 0: a; 1: b; _: x-2 }': 'Switch(Binding(x, None), [], [a, b, x-2])',
    'bend x = 1 { when x: (fork 0) else: 2 }': 'Bend([Binding(x, 1)], x, Call(fork, [0], []), 2)',
    'def f 0 = 1 f n = (f 0) (f 3)':
        'LocalDef(FunDef(f, [Rule([PatternNumber(0)], 1), Rule([?n], Call(f, [0], []))], None, None), '
        'Call(f, [3], []))',
}


@pytest.mark.parametrize('text', TERMS)
def test_fun_terms(text: str) -> None:
    assert fun(text) == TERMS[text]


ITEMS = {
    'def unchecked f(a: u24, b: List(A) -> (A, B)) -> Any:\n  return a':
        'ImpDef(f, [Parameter(a, u24), Parameter(b, TypeArrow(TypeApplication(List, [A]), TypeTuple([A, B])))], Any, '
        '[ReturnStmt(a)], False)',
    'def f:\n\treturn'.replace('\t', '   ') + ' 1': 'ImpDef(f, [], None, [ReturnStmt(1)], None)',
    'type T(A, B):\n  N { ~l: T(A, B),\n r }\n  L': 'TypeDef(T, [A, B], [Constructor(T/N, '
        '[Field(l, TypeApplication(T, [A, B]), True), Field(r, None, False)]), Constructor(T/L, [])])',
    'object P(A) { x: A, y }': 'TypeDef(P, [A], [Constructor(P, [Field(x, A, False), Field(y, None, False)])])',
    'object U': 'TypeDef(U, [], [Constructor(U, [])])',
    'type (T a)\n= (N ~l (r: (T a)))\n| L': 'TypeDef(T, [a], [Constructor(T/N, '
        '[Field(l, None, True), Field(r, TypeApplication(T, [a]), False)]), Constructor(T/L, [])])',
    'f 0 (A x) = x\n(f n *) = n': 'FunDef(f, [Rule([PatternNumber(0), PatternConstructor(A, [?x])], x), '
        'Rule([?n, ?*], n)], None, None)',
    'f : A -> (L B) -> (A, B)\nf x = x': 'FunDef(f, [Rule([?x], x)], '
        'TypeArrow(A, TypeArrow(TypeApplication(L, [B]), TypeTuple([A, B]))), None)',
    'checked f (x: A) y : B = x': 'FunDef(f, [Rule([?x, ?y], x)], TypeArrow(A, TypeArrow(Any, B)), True)',
    'f [a b] "s" \'c\' {p q} $u (a, b) = a': 'FunDef(f, [Rule([PatternList([?a, ?b]), PatternString(s), '
        'PatternNumber(99), PatternDup([?p, ?q]), PatternUnscoped(u), PatternTuple([?a, ?b])], a)], None, None)',
    'hvm f -> (u24 -> u24):\n  ($([+1] a) a)\n& @g ~ x\n  # no more\n':
        'HvmDef(f, TypeArrow(u24, u24),   ($([+1] a) a)\n& @g ~ x)',
    'from ./a/b import (x as y, z)': 'Import(./a/b, [ImportedName(x, y), ImportedName(z, None)])',
    'from a import *': 'Import(a, [])',
    'import a/b as c': 'Import(a, [ImportedName(b, c)])',
}


@pytest.mark.parametrize('text', ITEMS)
def test_items(text: str) -> None:
    assert item(text) == ITEMS[text]


def test_several_items_and_where_they_end() -> None:
    text = '''
from a import b
assert x = x  # not an alias
def f():
      return g(
1, 2
)
main =
let x = 1
x

type T:
  A
#{ a comment
def no(): #}
g 0 = 1

g n = "
def no():
"
object O
g x = 2
'''
    assert [f'{type(i).__name__} {getattr(i, "name", "")}'.strip() for i in module(text)] == [
        'Import', 'FunDef assert', 'ImpDef f', 'FunDef main', 'TypeDef T', 'FunDef g', 'TypeDef O', 'FunDef g']


def test_windows_line_ends_and_comments_between_statements() -> None:
    text = 'def main():\r\n  x = 1\r\n# out\r\n      # in\r\n\r\n  return x\r\n'
    assert shape(module(text)[0]) == 'ImpDef(main, [], None, [AssignStmt(?x, 1), ReturnStmt(x)], None)'


def _nodes(node: Any) -> list[Any]:
    if isinstance(node, tuple):
        return [inner for child in node for inner in _nodes(child)]
    if not dataclasses.is_dataclass(node) or isinstance(node, Span | Source):
        return []
    children = [_nodes(getattr(node, field.name)) for field in dataclasses.fields(node) if field.name != 'span']
    return [node, *(inner for child in children for inner in child)]


def test_spans() -> None:
    text = 'def main(x: u24):\n  # c\n  if (x + 1) * 2:\n    (a, b) = f(x)[..]\n'.replace('[..]', '')
    text += '    return m[-1];\n  else:\n    return T/C { a: "é" }\n\nf (A x) = (+ x 1)\n'
    nodes = _nodes(module(text))
    places = {(type(n).__name__, text[n.span.start:n.span.end]) for n in nodes if isinstance(n, Node)}
    assert places >= {
        ('Parameter', 'x: u24'), ('TypeName', 'u24'), ('BinaryOperation', '(x + 1) * 2'), ('BinaryOperation', 'x + 1'),
        ('PatternTuple', '(a, b)'), ('Call', 'f(x)'), ('ReturnStmt', 'return m[-1]'), ('MapGet', 'm[-1]'),
        ('Num', '-1'), ('ConstructorLiteral', 'T/C { a: "é" }'), ('String', '"é"'), ('FunDef', 'f (A x) = (+ x 1)'),
        ('PatternConstructor', '(A x)'), ('BinaryOperation', '(+ x 1)'),
    }
    assert all(0 <= n.span.start < n.span.end <= len(text) for n in nodes if isinstance(n, Node))


def test_prelude_may_use_reserved_names() -> None:
    items = parse_module(Source('<prelude>', 'a__b = 1', builtin=True)).items
    assert shape(items) == '[FunDef(a__b, [Rule([], 1)], None, None)]'


def test_examples_of_the_repository_parse() -> None:
    root = Path(__file__).parents[2]
    for path in [*root.glob('stdlib/**/*.bend'), *root.glob('examples/**/*.bend'), *root.glob('bench/**/*.bend')]:
        parse_module(Source(str(path), path.read_text('utf-8'), builtin='stdlib' in path.parts))
