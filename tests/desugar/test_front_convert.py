"""Conversion of both notations to core: statements, map reads, keyword arguments, what shadows the prelude."""

from __future__ import annotations

import pytest
from front import body, codes, converted, findings, front

from bend.desugar.context import Context
from bend.desugar.core import Book, PVar
from bend.desugar.printer import print_type

STATEMENTS = [
    ('if c:\n    r = 1\n  else:\n    r = 2\n  return r', 'λa let c = switch a { 0: 2; _ b: 1; }; c'),
    ('if c:\n    return 1\n  elif 2:\n    return 3\n  else:\n    return 4',
     'λa switch a { 0: switch 2 { 0: 4; _ b: 3; }; _ c: 1; }'),
    ('c[1] = 5\n  return c', 'λa let b = (Map/set a 1 5); b'),
    ('c[1] += 5\n  return c', 'λa let c = (Map/map a 1 λb (+ b 5)); c'),
    ('c[1] @= c\n  return c', 'λa let b = (Map/map a 1 a); b'),
    ('c *= 2\n  return c', 'λa let b = (* a 2); b'),
    ('c @= c\n  return c', 'λa let b = (a a); b'),
    ('use d = c + 1\n  return (d, d)', 'λa ((+ a 1), (+ a 1))'),
    ('return {1: c, 2: 3}', 'λa (Map/set (Map/set Map/empty 1 a) 2 3)'),
    ('return ![!c, !2]', 'λa (Tree/Node (Tree/Leaf a) (Tree/Leaf 2))'),
    ('return [c + q for q in c if q]',
     'λa fold a { List/Nil: []; List/Cons b c: let d = b; switch d { 0: c; _ e: (List/Cons (+ a d) c); }; }'),
]


@pytest.mark.parametrize(('statements', 'expected'), STATEMENTS)
def test_statements(statements: str, expected: str) -> None:
    text = f'def f(c):\n  {statements}\ndef main():\n  return 1\n'
    assert body(text, 'f') == expected


def test_map_reads_are_bound_before_their_statement_inner_first() -> None:
    text = 'def f(m, k):\n  x = m[m[k]] + m[1]\n  return x\ndef main():\n  return 1\n'
    assert body(text, 'f') == ('λa λb let (c, d) = (Map/get a b); let (e, f) = (Map/get d c); '
                               'let (g, h) = (Map/get f 1); let i = (+ e g); i')


def test_map_reads_stay_inside_lambdas_and_comprehensions() -> None:
    assert body('def main():\n  m = {1: 2}\n  return lambda x: m[x]\n') == (
        'let a = (Map/set Map/empty 1 2); λb let (c, d) = (Map/get a b); c')
    assert body('def f(m, l):\n  return [m[x] for x in l]\ndef main():\n  return 1\n', 'f') == (
        'λa λb fold b { List/Nil: []; List/Cons c d: let e = c; (List/Cons let (f, g) = (Map/get a e); f d); }')


def test_map_reads_in_constructors_and_map_keys() -> None:
    text = 'object P { a }\ndef main():\n  m = {1: 2}\n  return (P { a: m[1] }, {m[2]: 3})\n'
    assert body(text) == ('let a = (Map/set Map/empty 1 2); let (b, c) = (Map/get a 1); let (d, e) = (Map/get c 2); '
                          '((P b), (Map/set Map/empty d 3))')


KEYWORD_CALLS = [
    ('def main():\n  return late(c = 3, a = 1, b = 2)\n', '(late 1 2 3)'),
    ('def main():\n  return late(1, c = 3, b = 2)\n', '(late 1 2 3)'),
    ('def main():\n  use g = late\n  return g(b = 2, a = 1, c = 3)\n', '(late 1 2 3)'),
    ('def main():\n  return List/Cons(tail = [], head = 1)\n', '[1]'),
    ('def main():\n  use C = List/Cons\n  return C { tail: [], head: 1 }\n', '[1]'),
]


@pytest.mark.parametrize(('main', 'expected'), KEYWORD_CALLS)
def test_keyword_arguments_work_whatever_the_order_of_definition(main: str, expected: str) -> None:
    assert body(main + 'def late(a, b, c):\n  return (a, b, c)\n') == expected


def test_keyword_arguments_of_recursive_and_local_functions() -> None:
    text = 'def main():\n  def g(x, y):\n    return g(y = x, x = y)\n  return g(y = 1, x = 2)\n'
    book = front(text)
    assert body(text) == '(main__local_0_g 2 1)'
    assert 'main__local_0_g' in book.defs


ERRORS = [
    ('def pick(a, b):\n  return a\ndef main():\n  return pick(1, a = 2, b = 3)\n', ['keyword-arguments']),
    ('def pick(a, b):\n  return a\ndef main():\n  return pick(1)\n', []),
    ('def pick(a, b):\n  return a\ndef main():\n  return pick(a = 2)\n', ['keyword-arguments']),
    ('def main():\n  f = lambda x: x\n  return f(x = 2)\n', ['keyword-arguments']),
    ('def main():\n  return Ghost { a: 1 }\n', ['unknown-constructor']),
    ('def main():\n  x = 1\n', ['missing-return']),
    ('def main():\n  if 1:\n    r = 1\n  else:\n    s = 2\n  return r\n', ['branch-endings']),
    ('def main():\n  if 1:\n    return 1\n  else:\n    r = 2\n  return r\n', ['branch-endings']),
    ('def main():\n  if 1:\n    return 1\n  else:\n    return 2\n  return 3\n', ['statement-after-return']),
    ('type Flag:\n  On\n  Off\ndef Flag/On():\n  return 1\ndef main():\n  return 1\n', ['redefinition']),
    ('def twin():\n  return 1\ntwin = 2\nmain = 1\n', ['redefinition']),
    ('type Q = A\ntype Q = B\nmain = 1\n', ['redefinition']),
    ('type Q = A\ndef Q():\n  return 1\nmain = 1\n', []),
    ('from nowhere import thing\nmain = 1\n', ['import']),
]


@pytest.mark.parametrize(('text', 'expected'), ERRORS)
def test_errors(text: str, expected: list[str]) -> None:
    assert codes(text) == expected


def test_redefinitions_show_both_places() -> None:
    (finding,) = findings('def twin():\n  return 1\ntwin = 2\nmain = 1\n')
    assert [label.span.position[0] for label in finding.labels] == [3, 1]


def test_types_and_checks() -> None:
    book = converted('def f(a: u24, b):\n  return a\ndef g(a):\n  return a\nh : u24 -> u24\nh x = x\nk x = x\n'
                     'unchecked u (x: u24) : u24 = x\nmain = 1\n')
    assert book.defs['f'].checked
    written = book.defs['f'].type
    assert written is not None
    assert print_type(written) == '(u24 -> Any -> Any)'
    assert (book.defs['g'].checked, book.defs['g'].type) == (False, None)
    assert book.defs['h'].checked
    assert (book.defs['k'].checked, book.defs['k'].type) == (False, None)
    assert not book.defs['u'].checked
    assert book.defs['u'].type is not None


def test_types_become_constructors_only() -> None:
    book = converted('type Shape:\n  Dot\n  Box { w, ~h }\nmain = 1\n', with_prelude=False)
    assert book.adts['Shape'].constructors == ('Shape/Dot', 'Shape/Box')
    box = book.constructors['Shape/Box']
    assert (box.type_name, box.tag) == ('Shape', 1)
    assert [(field.name, field.recursive) for field in box.fields] == [('w', False), ('h', True)]
    assert list(book.defs) == ['main']


def test_fun_functions_come_first() -> None:
    book = converted('def f():\n  return 1\nmain = f\n', with_prelude=False)
    assert list(book.defs) == ['main', 'f']
    assert book.defs['f'].rules[0].patterns == ()


def test_parameters_become_patterns() -> None:
    book = converted('def f(a, b):\n  return a\ndef main():\n  return 1\n', with_prelude=False)
    assert book.defs['f'].rules[0].patterns == (PVar('a'), PVar('b'))
    assert book.defs['f'].parameters == ('a', 'b')


# ---- what a program takes from the prelude -----------------------------------------------------


def shadowing(text: str) -> tuple[Book, Context]:
    """A program's book and context after the first half."""
    context = Context()
    return front(text, context), context


def test_an_own_function_wins_and_the_prelude_keeps_its_own() -> None:
    book, context = shadowing('def List/reverse(xs):\n  return 3\ndef main():\n  return List/reverse([])\n')
    assert not book.defs['List/reverse'].builtin
    assert book.defs['List/reverse__builtin'].builtin
    assert context.builtin('List/reverse') == 'List/reverse__builtin'


def test_an_own_type_moves_the_prelude_one_with_its_functions() -> None:
    text = ('type List(T):\n  Cons { head: T, ~tail: List(T) }\n  Nil\n'
            'def main():\n  return (List/Cons(1, List/Nil), [1])\n')
    book, _ = shadowing(text)
    assert book.adts['List'].constructors == ('List/Cons', 'List/Nil')
    assert book.adts['List__builtin'].constructors == ('List__builtin/Nil', 'List__builtin/Cons')
    assert 'List__builtin/length' in book.defs
    assert 'List/length' not in book.defs
    assert 'List__builtin/Cons' in body(text)


def test_an_own_type_does_not_capture_type_variables_of_the_prelude() -> None:
    book, _ = shadowing('type T = X\nmain = T/X\n')
    concat = book.defs['List/concat'].type
    assert concat is not None
    assert '(List T)' not in print_type(concat)
