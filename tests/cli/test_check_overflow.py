"""`--check-overflow`, and where an integer is divided by zero."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Command = Callable[..., Any]
Write = Callable[[str], str]

PROGRAM = '''def square(x: u24) -> u24:
  return x * x

def difference(a: i24, b: i24) -> i24:
  return a - b

def squares(n):
  switch n:
    case 0:
      return 0
    case _:
      return square(n * 3000) + squares(n-1)

def shifted(x):
  return (x << 20, x << 33)

def main():
  return (squares(20), difference(-8388608, +1), shifted(17))
'''
PLACES = [(2, 'square', 19), (5, 'difference', 1), (12, 'squares', 9), (15, 'shifted', 1), (15, 'shifted', 1)]


def places(text: str) -> list[tuple[int, str, int]]:
    """Line, function and count of each warning."""
    found = []
    for line in text.splitlines():
        finding = json.loads(line)
        assert (finding['code'], finding['severity']) == ('overflow', 'warning')
        count = re.search(r', (\d+) times', finding['message'])
        found.append((finding['labels'][0]['start']['line'], finding['definition'], int(count[1]) if count else 1))
    return found


@pytest.mark.parametrize('threads', ['1', '3'])
@pytest.mark.parametrize('engine', ['net', 'reference'])
def test_every_place_is_reported_once(bend: Command, program: Write, engine: str, threads: str) -> None:
    path = program(PROGRAM)
    outcome = bend('run', '--check-overflow', '--error-format', 'json', '--engine', engine, '-t', threads, path)
    assert (outcome.code, outcome.out) == (0, 'Result: (9864576, (+8388607, (1048576, 34)))\n')
    assert places(outcome.err) == PLACES


def test_the_cache_keeps_both_kinds_of_program(bend: Command, program: Write) -> None:
    path = program('main = (+ 16777215 2)')
    for _ in range(2):
        assert bend('run', path).err == ''
        assert bend('run', '--check-overflow', path).err.count('warning[overflow]') == 1


def test_what_the_compiler_computes_is_not_reported(bend: Command, program: Write) -> None:
    """A number is compared with several others by subtraction."""
    outcome = bend('run', '--check-overflow', program('f 7 = 1\nf 12 = 2\nf x = x\n\nmain = ((f 3), (f 12), (f 200))'))
    assert (outcome.code, outcome.out, outcome.err) == (0, 'Result: (3, (2, 200))\n', '')


def test_values_computed_for_printing_are_checked(bend: Command, program: Write) -> None:
    outcome = bend('run', '--check-overflow', program('late = (* 5000 5000)\nmain = [late]'))
    assert outcome.out == 'Result: [8222784]\n'
    assert outcome.err.count('warning[overflow]') == 1


@pytest.mark.parametrize('engine', ['net', 'reference'])
def test_overflow_before_an_error_is_reported(bend: Command, program: Write, engine: str) -> None:
    text = 'def ratio(a, b):\n  return a / b\n\ndef main():\n  return ratio(1, 16777215 + 1)\n'
    outcome = bend('run', '--check-overflow', '--engine', engine, program(text))
    assert (outcome.code, outcome.out) == (1, '')
    assert re.findall(r"^(?:warning|error)\[(.*?)\]|:(\d+:\d+)$|in definition '(.*)'$", outcome.err, re.MULTILINE) == [
        ('overflow', '', ''), ('', '5:19', ''), ('', '', 'main'),
        ('division-by-zero', '', ''), ('', '2:10', ''), ('', '', 'ratio')]


@pytest.mark.parametrize('engine', ['net', 'reference'])
@pytest.mark.parametrize(('expression', 'arguments'), [
    ('a / b', '5, 0'), ('a % b', '5, 0'), ('+5 / b', '0, +0'), ('a % 0', '5, 1'), ('1 / (a - b)', '3, 3'),
])
def test_division_by_zero_names_the_function(bend: Command, program: Write, engine: str, expression: str,
                                             arguments: str) -> None:
    text = f'def divide(a, b):\n  return ({expression}, a, b)\n\ndef main():\n  return divide({arguments})\n'
    outcome = bend('run', '--engine', engine, '-O', 'no-type-check', program(text))
    assert (outcome.code, outcome.out) == (1, '')
    assert 'error[division-by-zero]: An integer is divided by zero.' in outcome.err
    assert "= in definition 'divide'" in outcome.err
    assert re.search(r':2:\d+$', outcome.err, re.MULTILINE)


def test_division_by_zero_after_an_action(bend: Command, program: Write) -> None:
    text = '''def divide(n):
  return 10 / n

def main() -> IO(u24):
  with IO:
    * <- IO/print("before\\n")
    return wrap(divide(3 - 3))
'''
    outcome = bend('run', program(text))
    assert outcome.code == 1
    assert "= in definition 'divide'" in outcome.err


def test_files_of_nets(hvm: Command, tmp_path: Path) -> None:
    path = tmp_path / 'nets.hvm'
    path.write_text('@main = r\n  & @f ~ (16777215 r)\n@f = (a b)\n  & a ~ $([+3] b)\n')
    outcome = hvm('run', '--check-overflow', path)
    assert (outcome.code, outcome.out) == (0, 'Result: 2\n')
    assert 'nets.hvm:4:9' in outcome.err
    assert "= in definition 'f'" in outcome.err
    path.write_text('@main = r\n  & @f ~ (0 r)\n@f = (a b)\n  & 3 ~ $([/] $(a b))\n')
    outcome = hvm('run', path)
    assert (outcome.code, outcome.out) == (1, '')
    assert 'nets.hvm:4:' in outcome.err
