"""No reference is forgotten or dropped twice, and what goes on for ever stays in the same memory."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from bend.driver import Request, compile_source
from bend.options import Options
from bend.passes import PassManager
from bend.runtime.cache import Cache
from bend.runtime.direct.host import open_run
from bend.runtime.direct.program import DirectProgram
from bend.source import Source
from tests.direct import programs
from tests.direct.audit import faults

LIFE = (Path(__file__).resolve().parents[2] / 'examples' / 'game_of_life.bend').read_text()
NEEDS_NETS = 'tuples'
HEAD, TURN = 'def main():\n  return play(glider(12))\n', 'return later(generations-1, next(board))'
AGAIN = '''
# What is looked at in a block that is not the last one is still owned afterwards, whichever arm was taken.
type T:
  Node { value: u24, ~left: T, ~right: T }
  Leaf

def build(n):
  switch n:
    case 0:
      return T/Leaf
    case _:
      return T/Node(n, build(n-1), build(n-1))

def weight(t: T) -> u24:
  fold t:
    case T/Node:
      return t.value + t.left + t.right
    case T/Leaf:
      return 1

def either(t, n):
  match t:
    case T/Node:
      return t.left
    case T/Leaf:
      return build(n)

def again(n, t, sum):
  switch n:
    case 0:
      return (t, sum)
    case _:
      x = weight(either(t, n-1))
      return again(n-1, T/Node(x + weight(t), t, T/Leaf), sum + x)

def turn(xs):
  match xs:
    case List/Nil:
      return List/Nil
    case List/Cons:
      return List/concat(xs.tail, [xs.head])

def add(xs, ys):
  match xs:
    case List/Nil:
      return List/Nil
    case List/Cons:
      match ys:
        case List/Nil:
          return List/Nil
        case List/Cons:
          return List/Cons(xs.head + ys.head, add(xs.tail, ys.tail))

def turns(n, xs):
  switch n:
    case 0:
      return xs
    case _:
      return turns(n-1, add(xs, turn(xs)))

def main():
  return (again(3, T/Leaf, 3), again(7, build(2), 3), turns(20, [1, 2, 3]), turns(20, []))
'''
CLOSURES = '''
# Functions that hold more values than the code for each shares one by one, applied while others refer to them.
def seven(a, b, c, d, e, f, g):
  return [a, b, c, d, e, f, g]

def eight(a, b, c, d, e, f, g, h):
  return [h, g, f, e, d, c, b, a]

def each(fs, x):
  match fs:
    case List/Nil:
      return []
    case List/Cons:
      return List/Cons(fs.head(x), each(fs.tail, x))

def main():
  x = [1, 2]
  fs = [seven(x, 3, [4], 5, x, 6), eight([7], x, 8, 9, [10], 11, x)]
  return (each(fs, [12]), each(fs, 13))
'''


def compiled(text: str, is_parallel: bool, folder: Path) -> DirectProgram:
    """A program of the direct engine."""
    request = Request(Source('program.bend', text), Options(), is_run=True, is_parallel=is_parallel)
    program = compile_source(request, PassManager(Options()), Cache(folder), 'direct').direct
    assert program is not None
    return program


def assert_balanced(text: str, threads: int, folder: Path) -> None:
    """Nothing is lost but the result."""
    with open_run(compiled(text, threads > 1, folder), threads, 1 << 28) as run:
        assert faults(run, [run.evaluate(0)]) == []


@pytest.mark.parametrize('feature', [name for name in programs.FEATURES if name != NEEDS_NETS])
def test_features_balance(feature: str, tmp_path: Path) -> None:
    text, result = programs.FEATURES[feature](Random(feature), feature)
    assert_balanced(f'{text}\ndef main():\n  return {result}\n', 2, tmp_path)


@pytest.mark.parametrize('threads', [1, 2])
@pytest.mark.parametrize('text', [AGAIN, CLOSURES])
def test_what_others_refer_to_balances(text: str, threads: int, tmp_path: Path) -> None:
    assert_balanced(text, threads, tmp_path)


def test_many_generations_take_no_more_memory_than_one(tmp_path: Path) -> None:
    """Those of the example, which are a loop."""
    assert HEAD in LIFE and TURN in LIFE
    used = []
    for count in (1, 5000):
        text = LIFE.replace(HEAD, f'def main():\n  return later({count}, glider(12))\n')
        with open_run(compiled(text, False, tmp_path), 1, 1 << 28) as run:
            run.evaluate(0)
            used.append(run.peak_bytes)
    assert used[0] == used[1]
