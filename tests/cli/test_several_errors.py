"""Several errors in one run: what is independent is reported together, and nothing that only follows from it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

Command = Callable[..., Any]
Write = Callable[[str], str]


def findings(bend: Command, path: str, *options: str) -> list[tuple[str, str, int]]:
    """Code, definition and line of each diagnostic of a program."""
    objects = [json.loads(line) for line in bend('check', '--error-format', 'json', *options, path).err.splitlines()]
    return [(found['code'], found['definition'] or '', found['labels'][0]['start']['line']) for found in objects]


def test_errors_of_different_passes(bend: Command, program: Write) -> None:
    """Names, statements, keywords, patterns, matches, blocks and scopes in functions that do not depend on each
    other."""
    path = program('''\
def keyword():
  return scope(y = 1)
def statement():
  x = 1
get (List/Con x) = x
rules 0 = 1
def opened(p):
  open List: p
  return p
def matched(xs):
  match xs:
    case List/Nil:
      return 1
def asked():
  x <- 1
  return x
def scope(x):
  return z
def right(x):
  return x
''')
    assert findings(bend, path) == [
        ('missing-main', '', 1), ('keyword-arguments', 'keyword', 2), ('missing-return', 'statement', 4),
        ('unknown-constructor', 'get', 5), ('non-exhaustive', 'rules', 6), ('open', 'opened', 8),
        ('non-exhaustive', 'matched', 11), ('ask-outside-with', 'asked', 15), ('unbound-variable', 'scope', 18)]


@pytest.mark.parametrize(('text', 'expected'), [
    # A wrong pattern binds nothing, which is no error of the body.
    ('get (List/Con x) = (x y)\nmain = get\n', [('unknown-constructor', 'get', 1)]),
    # Without parentheses around it, a constructor also makes rules of different lengths.
    ('f List/Cons a b = a\nf x = x\nmain = f\n', [('constructor-arity', 'f', 1)]),
    # What a block with a wrong end would have bound is not missed.
    ('def main():\n  if 1:\n    x = 1\n  else:\n    return 2\n  return x\n', [('branch-endings', 'main', 3)]),
    # A constructor of another type leaves one of the right type without a case.
    ('def main(x):\n  match x:\n    case List/Nil:\n      return 1\n    case String/Cons:\n      return 2\n',
     [('wrong-constructor', 'main', 5)]),
    # The body of a function in the first column.
    ('def main():\nreturn 1\n', [('syntax', '', 1)]),
    # Two unreadable characters in one name.
    ('def größe(x):\n  return x\n', [('syntax', '', 1)]),
    # A type that is defined twice has constructors that are.
    ('object A { x }\nobject A { x }\nmain = 1\n', [('redefinition', '', 2)]),
])
def test_what_follows_from_an_error_is_not_reported(text: str, expected: list[tuple[str, str, int]], bend: Command,
                                                    program: Write) -> None:
    assert findings(bend, program(text)) == expected


def test_parse_errors_of_several_items(bend: Command, program: Write) -> None:
    """Each item is reported once, also after brackets that are never closed; names are not looked at then."""
    path = program('type Shape:\n  Circle(r)\n\ndef f(x:\n  return x\n\ng x = (+ x\n\nh = unknown\n\n'
                   'def k():\n  return )\n')
    assert findings(bend, path) == [('syntax', '', 2), ('syntax', '', 5), ('syntax', '', 9), ('syntax', '', 12)]


def test_a_denied_warning_is_an_error_among_others(bend: Command, program: Write) -> None:
    path = program('same x x = x\nother = y\nmain = (same 1 2)\n')
    assert findings(bend, path, '-D', 'repeated-bind') == [
        ('repeated-bind', 'same', 1), ('unbound-variable', 'other', 2)]


def test_findings_about_nets_name_functions(bend: Command, program: Write) -> None:
    """Functions that the compiler made are reported as the user's."""
    path = program('loop x = (loop (+ x 1))\n\ndef main():\n  def inner(x):\n    return inner(x + 1)\n'
                   '  return (inner(1), loop(2))\n')
    assert findings(bend, path) == [('recursion-cycle', 'loop', 1), ('recursion-cycle', 'main', 4)]
