"""The type checker: what it accepts and what it refuses, and where it points."""

from __future__ import annotations

import pytest
from desugar.back_support import desugar
from desugar.front import converted

from bend.desugar.check_types import check_types
from bend.desugar.context import Context
from bend.desugar.inline_use import inline_use
from bend.desugar.unique_names import unique_names
from bend.diagnostics import BendError, Diagnostic

TYPES = '''
type Opt(T):
  Some { value: T }
  None

type Shape:
  Dot
  Disk { r: f24 }
'''


def problems(text: str) -> list[Diagnostic]:
    """The errors in a program with a main that uses nothing of it."""
    try:
        desugar(f'{text}\ndef main():\n  return 1\n', upto='check_types', with_prelude=True)
    except BendError as problem:
        return list(problem.diagnostics)
    return []


def marked(diagnostic: Diagnostic) -> str:
    """The source that the first label marks."""
    span = diagnostic.labels[0].span
    return span.source.text[span.start:span.end]


ACCEPTED = {
    'identity': 'id (x: A) : A = x',
    'generic data': 'def get(o: Opt(T), d: T) -> T:\n  match o:\n    case Opt/Some:\n      return o.value\n'
                    '    case Opt/None:\n      return d\n',
    'arithmetic': 'def f(x: f24, y: f24) -> f24:\n  return x * y + 1.0\n',
    'comparison': 'def f(x: f24) -> u24:\n  return x < 1.0\n',
    'remainder of floats': 'def f(x: f24) -> f24:\n  return x % 2.0\n',
    'power': 'def f(x: f24) -> f24:\n  return x ** 2.0\n',
    'a let is generalised': 'def f() -> (u24, String):\n  id = lambda x: x\n  return (id(1), id("a"))\n',
    'a let of a polymorphic function': 'id (x: A) : A = x\ndef f() -> (u24, String):\n  g = id\n'
                                       '  return (g(1), g("a"))\n',
    'a let of a tuple': 'def f() -> (u24, String):\n  (g, h) = (lambda x: x, 1)\n  return (g(h), g("a"))\n',
    'a local function': 'def f(k: u24) -> (u24, (u24, String)):\n  def pair(x):\n    return (k, x)\n'
                        '  (a, b) = pair(1)\n  return (a + b, pair("s"))\n',
    'recursion at another type': 'type Nest(T):\n  End\n  More { head: T, tail: Nest((T, T)) }\n'
                                 'def size(n: Nest(T)) -> u24:\n  match n:\n    case Nest/End:\n      return 0\n'
                                 '    case Nest/More:\n      return 1 + size(n.tail)\n',
    'mutual recursion': 'even (n: u24) : u24\neven 0 = 1\neven n = (odd (- n 1))\n'
                        'odd (n: u24) : u24\nodd 0 = 0\nodd n = (even (- n 1))\n',
    'fold': 'def sum(t: Tree(u24)) -> u24:\n  fold t:\n    case Tree/Leaf:\n      return t.value\n'
            '    case Tree/Node:\n      return t.left + t.right\n',
    'fold with a state': 'def sum(xs: List(u24)) -> u24:\n  fold xs with acc=0:\n    case List/Nil:\n      return acc\n'
                         '    case List/Cons:\n      return xs.tail(acc + xs.head)\n',
    'bend': 'def count(k: u24) -> List(u24):\n  bend i = 0:\n    when i < k:\n'
            '      x = List/Cons(i, fork(i + 1))\n    else:\n      x = []\n  return x\n',
    'comprehension': 'def f(xs: List(f24)) -> List(u24):\n  return [x > 0.0 for x in xs if x != 1.0]\n',
    'map': 'def f(m: Map(String)) -> (String, Map(String)):\n  x = m[1]\n  m[2] = "b"\n  return (x, m)\n',
    'a monad': 'def f(name: String) -> IO(None):\n  with IO:\n    * <- IO/print(name)\n    return wrap(*)\n',
    'duplication': 'def f(x: u24) -> u24:\n  {a, b} = x\n  return a + b\n',
    'open': 'object P { x: u24, y: f24 }\ndef f(p: P) -> f24:\n  open P: p\n  return p.y\n',
    'the scrutinee in an arm': 'def f(s: Shape) -> Shape:\n  match s:\n    case Shape/Dot:\n      return s\n'
                               '    case Shape/Disk:\n      return s\n',
    'calling what is not checked': 'def g(x):\n  return x\ndef f(x: u24) -> (u24, String):\n'
                                   '  return (g(x), g(x))\n',
    'Any as a result': 'def f(x: u24) -> Any:\n  if x:\n    return 1\n  else:\n    return "a"\n',
    'List without arguments': 'def f(xs: List) -> u24:\n  match xs:\n    case List/Nil:\n      return 0\n'
                              '    case List/Cons:\n      return 1\ndef g() -> u24:\n  return f([1, 2])\n',
    'a hole': 'def f(x: _, y: u24) -> _:\n  return (x + 1, y)\ndef g() -> (u24, u24):\n  return f(1, 2)\n',
    'a partial application': 'def add(x: u24, y: u24) -> u24:\n  return x + y\n'
                             'def f() -> (u24 -> u24):\n  return add(1)\n',
    'higher order': 'def twice(f: A -> A, x: A) -> A:\n  return f(f(x))\ndef g() -> u24:\n'
                    '  return twice(lambda x: x + 1, 1)\n',
    'unchecked': 'def unchecked f(x: u24) -> String:\n  return x\n',
    'no annotation': 'def f(x):\n  return x + 1 + 1.0\n',
    'checked without annotation': 'def checked f(x):\n  return x\ndef g() -> (u24, String):\n  return (f(1), f("a"))\n',
    'a native function': 'hvm one -> u24:\n  1\ndef f() -> u24:\n  return one + 1\n',
    'a tag': 'def f() -> u24:\n  return Shape/Disk/tag\n',
    'names of types as variables': 'type T = TA | TB\ndef f(xs: List(T)) -> List(T):\n  return List/reverse(xs)\n',
    'nested patterns': 'f (xs: (List (u24, String))) : u24\nf [] = 0\nf (List/Cons (0, s) t) = (f t)\n'
                       'f (List/Cons (n, s) t) = n\n',
    'an undeclared variable of a type': 'type Box:\n  Box { v: X }\ndef f(b: Box) -> u24:\n  match b:\n'
                                        '    case Box/Box:\n      return b.v\n',
}

REFUSED = {
    'operands': ('def half(x: f24) -> f24:\n  return x / 2\n', 'type-mismatch', '2'),
    'result': ('def name(x: u24) -> String:\n  return x\n', 'type-mismatch', 'x'),
    'argument': ('def f(x: u24) -> u24:\n  return x\ndef g() -> u24:\n  return f(1.0)\n', 'type-mismatch', '1.0'),
    'the last arm of a switch': ('def f(x: u24) -> u24:\n  switch x:\n    case 0:\n      return 1\n    case 1:\n'
                                 '      return 2\n    case _:\n      return "a"\n', 'type-mismatch', '"a"'),
    'elements of a tuple': ('def f(x):\n  return x\ndef g() -> _:\n  return lambda x: (x + 1, x + 1.0)\n',
                            'type-mismatch', '1.0'),
    'a list of two types': ('def f() -> List(u24):\n  return [1, 2.0]\n', 'type-mismatch', '2.0'),
    'arms': ('def f(x: u24, y: f24) -> u24:\n  if x:\n    z = y\n  else:\n    z = x\n  return z + 1\n',
             'type-mismatch', 'y'),
    'bits of a float': ('def f(x: f24) -> f24:\n  return x & 1.0\n', 'type-mismatch', 'x'),
    'power of integers': ('def f(x: u24) -> u24:\n  return x ** 2\n', 'type-mismatch', 'x'),
    'type variables': ('def both(x: A, y: B) -> A:\n  return y\n', 'type-mismatch', 'y'),
    'a type variable that is a number': ('def f(x: A) -> A:\n  return x + x\n', 'type-mismatch', 'x'),
    'unknown type': ('def f(x: Lst(u24)) -> u24:\n  return 1\n', 'unknown-type', 'Lst(u24)'),
    'unknown type in a field': ('type A:\n  A { x: Lst(u24) }\n', 'unknown-type', 'Lst(u24)'),
    'arguments of a type': ('def f(x: List(u24, u24)) -> u24:\n  return 1\n', 'type-arguments', 'List(u24, u24)'),
    'arguments of u24': ('def f(x: u24(u24)) -> u24:\n  return 1\n', 'type-arguments', 'u24(u24)'),
    'too many arguments': ('def f(x: u24) -> u24:\n  return x\ndef g() -> u24:\n  return f(1, 2)\n',
                           'type-mismatch', '2'),
    'too few arguments': ('def f(x: u24, y: u24) -> u24:\n  return x\ndef g() -> u24:\n  return f(1)\n',
                          'type-mismatch', 'f(1)'),
    'no function': ('def f(x: u24) -> u24:\n  return x(1)\n', 'type-mismatch', '1'),
    'size of a tuple': ('def f(x: (u24, u24)) -> u24:\n  (a, b, c) = x\n  return a\n', 'type-mismatch', '(a, b, c)'),
    'self application': ('def checked f(x):\n  return x(x)\n', 'infinite-type', 'x'),
    'superposition': ('def f() -> u24:\n  return {1, 2}\n', 'untypable', '{1, 2}'),
    'unscoped variable': ('f : u24 = (λ$x 1 $x)', 'untypable', '$x'),
    'condition': ('def f(x: f24) -> u24:\n  if x:\n    return 1\n  else:\n    return 0\n', 'type-mismatch', 'x'),
    'scrutinee': ('def f(x: u24) -> u24:\n  match x:\n    case Shape/Dot:\n      return 1\n    case Shape/Disk:\n'
                  '      return 2\n', 'type-mismatch', 'x'),
    'a field': ('def f() -> Shape:\n  return Shape/Disk(1)\n', 'type-mismatch', '1'),
    'a hole that is used otherwise': ('def f(x: u24) -> _:\n  return x\ndef g() -> String:\n  return f(1)\n',
                                      'type-mismatch', 'f(1)'),
    'variables that must be equal': ('def f(x: A, y: B) -> _:\n  return List/Cons(x, [y])\n', 'type-mismatch', None),
    'a variable that must be a type': ('def f(x: A) -> _:\n  return x + 1\n', 'type-mismatch', None),
    'what is missing is Any, but used one way': ('def f(x, y: u24) -> u24:\n  a = x + 1\n  b = x + 1.0\n  return y\n',
                                                 'type-mismatch', '1.0'),
    'inside a local function': ('def f(x: u24) -> u24:\n  def g(y):\n    return y + 1.0\n  return g(x)\n',
                                'type-mismatch', 'x'),
    'inside a fold': ('def sum(t: Tree(String)) -> u24:\n  fold t:\n    case Tree/Leaf:\n      return t.value + 1\n'
                      '    case Tree/Node:\n      return t.left + t.right\n', 'type-mismatch', 't'),
}


@pytest.mark.parametrize('text', ACCEPTED.values(), ids=ACCEPTED)
def test_accepted(text: str) -> None:
    assert problems(TYPES + text) == []


@pytest.mark.parametrize(('text', 'code', 'place'), REFUSED.values(), ids=REFUSED)
def test_refused(text: str, code: str, place: str | None) -> None:
    found = problems(TYPES + text)
    assert [diagnostic.code for diagnostic in found] == [code]
    if place is not None:
        assert marked(found[0]) == place


def test_each_function_reports_its_own_error() -> None:
    text = 'def f(x: u24) -> String:\n  return x\ndef g(x: u24) -> f24:\n  return x\n'
    assert [found.definition for found in problems(text)] == ['f', 'g']


def test_errors_in_what_a_function_is_made_of_name_the_function() -> None:
    text = 'def f(x: u24) -> u24:\n  def g(y):\n    return (y + 1, y + 1.0)\n  (a, b) = g(x)\n  return a\n'
    assert [(found.definition, marked(found)) for found in problems(text)] == [('f', '1.0')]


@pytest.mark.parametrize(('text', 'hint'), [
    ('def f(x: f24) -> f24:\n  return x + 2\n', "write '2.0'"),
    ('def f(x: i24) -> i24:\n  return x + 2\n', "write '+2'"),
    ('def f(x: u24) -> u24:\n  return x + +2\n', "write '2'"),
    ('def f(x: u24, y: f24) -> f24:\n  return y + x\n', "'u24/to_f24'"),
    ('def f(x: A) -> u24:\n  return x\n', "'A' is a type variable"),
    ('def f(x: Lisst(u24)) -> u24:\n  return 1\n', "Did you mean 'List'?"),
    ('def f(x: Strng) -> String:\n  return x\n', "no type 'Strng', so it is taken for a type variable. Did you mean"),
    ('def f(x: u24, y: u24) -> u24:\n  return f(x)\n', 'still waits for arguments'),
])
def test_hints(text: str, hint: str) -> None:
    (found,) = problems(text)
    assert hint in found.hint


def test_the_prelude_has_the_types_that_it_says() -> None:
    book, _ = desugar('def main():\n  return 1\n', upto='check_scopes', with_prelude=True)
    context = Context()
    book = inline_use(unique_names(book, context), context)
    assert check_types(book, context, with_prelude=True) is book
    assert context.report.diagnostics == []


def test_every_function_of_the_prelude_is_annotated() -> None:
    book = converted('main = 1')
    assert [name for name, found in book.defs.items() if found.builtin and found.type is None] == []
    assert [name for name, found in book.nets.items() if found.builtin and found.type is None] == []
