"""The calls that led to an error while a program ran, as `bend run` shows them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Command = Callable[..., Any]

FILES = {
    'low.bend': """\
def ratio(a, b):
  return a / b

def spread(n):
  if n == 0:
    return ratio(1, n) + 1
  else:
    return (spread(n - 1) * 2) + 1
""",
    'mid.bend': """\
from ./low import spread

def widen(n):
  return spread(n) + 1
""",
    'top.bend': """\
from ./mid import widen

main = (+ 1 (widen 40))
""",
}

SHOWN = """\
error[division-by-zero]: An integer is divided by zero.
 --> {folder}/low.bend:2:10
  |
2 |   return a / b
  |          ^^^^^
  = in definition 'low/ratio'
  = called from 'low/spread' at {folder}/low.bend:6:12
  = called from 'low/spread' at {folder}/low.bend:8:13
  = … the same call 39 more times
  = called from 'mid/widen' at {folder}/mid.bend:4:10
  = called from 'main' at {folder}/top.bend:3:13
  = hint: Compare the divisor with 0 first.

"""

LIST = """\
def pick(n):
  switch n:
    case 0:
      return (1, 2)
    case _:
      return lambda x: x + 2

def deep(n, xs):
  match xs:
    case List/Nil:
      return pick(n)(5)
    case List/Cons:
      return deep(n, xs.tail) + xs.head

def main():
  return List/length([deep(0, [1, 2, 3])])
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A program of several files."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding='utf-8')
    return tmp_path


@pytest.mark.optimised
@pytest.mark.parametrize('threads', ['1', '2'])
def test_several_files(threads: str, bend: Command, folder: Path) -> None:
    outcome = bend('run', str(folder / 'top.bend'), '-t', threads)
    assert (outcome.code, outcome.out) == (1, '')
    assert outcome.err == SHOWN.format(folder=folder)


def test_json(bend: Command, folder: Path) -> None:
    outcome = bend('run', str(folder / 'top.bend'), '--error-format', 'json', '-t', '1')
    found = json.loads(outcome.err)
    assert (found['definition'], found['trace_end']) == ('low/ratio', None)
    assert [(call['definition'], Path(call['place']['file']).name, call['place']['start']['line'], callers['times'])
            for callers in found['trace'] for call in callers['calls']] == [
        ('low/spread', 'low.bend', 6, 1), ('low/spread', 'low.bend', 8, 40), ('mid/widen', 'mid.bend', 4, 1),
        ('main', 'top.bend', 3, 1)]
    start, end = (found['trace'][2]['calls'][0]['place'][side] for side in ('start', 'end'))
    assert FILES['mid.bend'][start['offset']:end['offset']] == 'spread(n)'


def test_wrong_shapes(bend: Command, program: Callable[[str], str]) -> None:
    path = program(LIST)
    outcome = bend('run', path, '--engine', 'direct')
    assert outcome.code == 1
    for line in (f'{path}:11:14', "= in definition 'deep'", f"= called from 'deep' at {path}:13:14\n",
                 '= … the same call 2 more times', f"= called from 'main' at {path}:16:23"):
        assert line in outcome.err
    # Nets take over where they may; nobody asks where the other engine was.
    assert 'called from' not in bend('run', path).err
