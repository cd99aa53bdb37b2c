"""What the parser says about broken programs, and where."""

from __future__ import annotations

import pytest

from bend.diagnostics import BendError, Diagnostic
from bend.source import Source
from bend.syntax.parser import parse_module, parse_term


def diagnostics(text: str) -> tuple[Diagnostic, ...]:
    """What is wrong with a text."""
    with pytest.raises(BendError) as caught:
        parse_module(Source('bad.bend', text))
    return caught.value.diagnostics


def found(text: str) -> list[str]:
    """The places, codes and messages of the diagnostics of a text."""
    return [f'{line}:{column} {d.code}: {d.message}' for d in diagnostics(text)
            for line, column in [d.labels[0].span.position]]


CASES = {
    'def main()\n  return 1': "1:11 syntax: Expected '->' or ':', found the end of the line.",
    'def main():\n  if 1:\n    return 2': "3:13 syntax: Expected 'elif' or 'else', found the end of the file.",
    'def main():\n  return 1 2': "2:12 syntax: Expected the end of the line, found '2'.",
    'def main():\n  return [1, 2': "2:15 syntax: Expected ',' or ']', found the end of the file.",
    'def main():\n  return -x': "2:10 syntax: Expected a term, found '-'.",
    'def main():\n  return 0b102': "2:14 syntax: Expected a binary digit, found '2'.",
    'def main():\n  return 1e3': "2:11 syntax: Expected a decimal digit, found 'e'.",
    'def main():\n  return 20000000': '2:10 number-range: The number 20000000 is out of the range of u24.',
    'main = +8388608': '1:8 number-range: The number +8388608 is out of the range of i24.',
    'main = 2.71828182845904523':
        '1:8 number-range: The digits before and after the point must each make a number of at most 32 bits.',
    'def main():\n  return "tab\\q"': "2:14 syntax: There is no escape '\\q'.",
    'main = "\\u{D800}"': '1:9 number-range: The escape names no character: D800.',
    'main = `abcde`': '1:8 number-range: A symbol has at most 4 characters.',
    "main = ''": '1:8 syntax: A character literal holds exactly one character.',
    'def main():\n\treturn 1': '2:1 tabs: There is a tab in the indentation.',
    'def keep__it(x):\n  return x': "1:5 bad-name: The name 'keep__it' contains '__'.",
    'object Dot { x, x }': "1:17 repeated-field: The field 'x' is repeated in the constructor 'Dot'.",
    'type T = (A x x)': "1:15 repeated-field: The field 'x' is repeated in the constructor 'T/A'.",
    'def main():\n  return f(b = 1, 2)': '2:19 syntax: A positional argument cannot stand after a named one.',
    'def main():\n  total = 1\n  total + 1\n  return total': "3:9 syntax: Expected '<-' or '=', found '+'.",
    'main = (+ 1 2 3)': "1:15 syntax: Expected ')', found '3'.",
    'main = (* x)': "1:12 syntax: Expected a term, found ')'.",
    'main = switch 3 { 0: 1; 2: 5; _: 6 }': "1:25 syntax: Expected '1' or '_', found '2'.",
    'main = switch 3 { 0: 1; 1: 5 }': "1:25 syntax: A switch must end with the case '_'.",
    'def main():\n  x = 1\n    y = 2\n  return x': '3:5 indentation: This line is indented too deeply.',
    'def main():\n  if 1:\n      x = 2\n    y = 1\n':
        '4:1 indentation: Expected 6 spaces of indentation (or 2), found 4.',
    'def main():\nreturn 1': '1:12 syntax: Expected an indented block, found the end of the definition.',
    '  def main():\n    return 1': '1:3 indentation: This item must start in the first column.',
    'def main():\n  return "abc\n': '2:10 syntax: This string is never closed.',
    'main = 1 #{ c': '1:10 syntax: This comment is never closed.',
    'def main():\n  return f(1)[0]': "2:10 syntax: Expected the name of a map before '['.",
    'main = é': '1:8 syntax: There is an unexpected character: é',
    'hvm f:\nmain = 1': '1:1 syntax: Expected a net.',
    'f : A -> B\nmain = 1': "1:1 syntax: The signature of 'f' has no equation.",
    'f -1 = 2': '1:3 syntax: The number -1 cannot be a pattern.',
}


@pytest.mark.parametrize('text', CASES)
def test_place_and_message(text: str) -> None:
    assert found(text)[0] == CASES[text]


def test_one_error_for_each_item() -> None:
    text = 'main = \nfoo = 2\nbar = )\nok = 1\ndef x():\n  return\ndef y:\n  return 1 +\n\nbaz = ('
    assert [line.split(' ')[0] for line in found(text)] == ['1:6', '3:7', '6:9', '8:13', '10:8']


def test_an_unclosed_bracket_does_not_swallow_the_next_function() -> None:
    (only,) = diagnostics('def f():\n  return g(1,\n\ndef h():\n  return 2\n')
    assert [(label.span.position, label.text) for label in only.labels] == [((2, 14), ''), ((2, 11), 'opened here')]


def test_hints() -> None:
    assert 'unary minus' in diagnostics('def main():\n  return -x')[0].hint
    assert '==' in diagnostics('def main():\n  if x = 3:\n    return 1\n')[0].hint
    assert 'else' in diagnostics('def main():\n  if x:\n    return 1\n')[0].hint


def test_a_term_alone() -> None:
    with pytest.raises(BendError) as caught:
        parse_term(Source('<argument>', '(f 1'))
    assert caught.value.diagnostics[0].message.startswith('Expected')
    with pytest.raises(BendError):
        parse_term(Source('<argument>', '1 2'))
    with pytest.raises(BendError):
        parse_term(Source('<argument>', ''))
