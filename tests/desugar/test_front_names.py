"""Entry point and arguments, names, rule patterns, `open`, and local functions."""

from __future__ import annotations

import pytest
from front import body, codes, findings, front

from bend.desugar.context import Context
from bend.desugar.printer import print_term


def test_arguments_are_applied_to_main() -> None:
    book = front('def main(a, b):\n  return a + b\n', arguments=('1', '(List/Cons 2 [])'))
    assert print_term(book.defs['main'].body) == '(λa λb (+ a b) 1 [2])'
    assert book.entry == 'main'


def test_another_entry_point() -> None:
    assert front('go = 1\nlib = 2\n', Context(entry='go')).entry == 'go'
    assert front('Main = 1\n').entry == 'Main'


ENTRY_ERRORS = [
    ('helper = 4\n', ['missing-main']),
    ('main = 1\nMain = 2\n', ['entry']),
    ('main 0 = 1\nmain x = 2\n', ['entry', 'entry']),
    ('main (x, y) = x\n', ['entry']),
    ('main List/Nil = 1\n', ['entry']),
    ('start = main\nmain = 1\n', ['main-reference']),
    ('main = main\n', ['main-reference']),
    ('f main = main\nmain = (f 1)\n', []),
]


@pytest.mark.parametrize(('text', 'expected'), ENTRY_ERRORS)
def test_entry_errors(text: str, expected: list[str]) -> None:
    assert codes(text) == expected


RULE_ERRORS = [
    ('f a = 1\nf a b = 2\nmain = (f 1)\n', ['rule-arity']),
    ('snd (List/Cons a) = a\nsnd * = 0\nmain = 1\n', ['constructor-arity']),
    ('snd List/Cons = 1\nsnd * = 0\nmain = 1\n', ['constructor-arity']),
    ('f (Foo x) = x\nmain = 1\n', ['unknown-constructor']),
    ('f Foo = 1\nmain = 1\n', ['misspelt-constructor']),
    ('def main():\n  l = [1]\n  open List: l\n  return l.head\n', ['open']),
    ('def main():\n  l = [1]\n  open Lst: l\n  return l.head\n', ['unknown-type']),
]


@pytest.mark.parametrize(('text', 'expected'), RULE_ERRORS)
def test_rule_and_open_errors(text: str, expected: list[str]) -> None:
    assert codes(text) == expected


def test_unknown_constructors_get_a_suggestion() -> None:
    (finding,) = findings('f (List/Con x y) = x\nmain = 1\n')
    assert 'List/Cons' in finding.hint
    assert finding.definition == 'f'
    assert finding.labels[0].span.position == (1, 3)


def test_open() -> None:
    assert body('type P = (M x y)\nf p = open P p; (+ p.x p.y)\nmain = 1\n', 'f') == 'λa match a { P/M b c: (+ b c); }'


def test_aliases_of_constructors_in_cases() -> None:
    text = 'def f(x):\n  use L = List/Cons\n  match x:\n    case List/Nil:\n      return 0\n'
    text += '    case L:\n      return x.head\ndef main():\n  return 1\n'
    assert body(text, 'f') == 'λa match a { List/Nil: 0; List/Cons b c: b; }'


def test_local_variables_hide_functions() -> None:
    assert body('g x = x\nf g = (g 1)\nmain = 1\n', 'f') == 'λa (a 1)'
    assert body('g x = x\nf x = (g x)\nmain = 1\n', 'f') == 'λa (g a)'


def test_local_functions_are_lifted() -> None:
    text = 'def f(a, b):\n  def g(x):\n    return x + b\n  return g(a)\ndef main():\n  return 1\n'
    assert body(text, 'f') == 'λa λb (f__local_0_g b a)'
    assert body(text, 'f__local_0_g') == 'λa λb (+ b a)'
    assert front(text).defs['f__local_0_g'].origin == 'f'


def test_names_of_nested_local_functions() -> None:
    text = ('def f(a):\n  def g(x):\n    def h(y):\n      return y + a\n    return h(x)\n'
            '  def k(x):\n    return x\n  return g(k(1))\ndef main():\n  return 1\n')
    lifted = [name for name in front(text).defs if name.startswith('f__')]
    assert sorted(lifted) == ['f__local_0_g', 'f__local_0_g__local_0_h', 'f__local_1_k']


def test_recursive_local_functions_with_rules() -> None:
    text = 'f x = def h 0 = x\n h y = (h (- y 1))\n(h 5)\nmain = 1\n'
    assert body(text, 'f__local_0_h') == 'λa λb switch b { 0: a; _ c: (f__local_0_h a c); }'


def test_unscoped_variables_cannot_leave_local_functions() -> None:
    assert codes('def main():\n  def g(x):\n    return $k\n  $k = 1\n  return g(1)\n') == ['unscoped-crossing']
