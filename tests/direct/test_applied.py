"""Values that are applied: to more arguments than at once, and in code that does not grow with what comes after it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bend.cli.main import main
from bend.codegen.direct.convert import convert
from bend.codegen.direct.flow import Given, analyse
from bend.codegen.direct.inline import inline, size_of
from bend.deep_stack import with_deep_stack
from bend.desugar import core
from bend.desugar.flow import Flow
from bend.driver import Request, compile_source
from bend.options import Options
from bend.passes import PassManager
from bend.runtime.cache import Cache
from bend.source import Source

MANY = '''
# Functions that come out of a list, with some arguments or none, and give functions.
def nineteen(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s):
  return [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s]

def nested(a, b, c):
  if a == b:
    return nineteen
  else:
    return lambda x: lambda y: nested(c, c, x + y)

def all(fs, x):
  match fs:
    case List/Nil:
      return []
    case List/Cons:
      return List/Cons(fs.head(x, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18), all(fs.tail, x))

def some(fs):
  match fs:
    case List/Nil:
      return []
    case List/Cons:
      return List/Cons(fs.head(1, 2), some(fs.tail))

def rest(fs):
  match fs:
    case List/Nil:
      return []
    case List/Cons:
      return List/Cons(fs.head(3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19), rest(fs.tail))

def main():
  with_one = all([nineteen(1), nested(0, 0, 0, 1), nested(0, 1, 2, 3, 4, 5)], 2)
  return (with_one, rest(some([nineteen, nested(7, 7, 7)])))
'''


@pytest.mark.parametrize('threads', ['1', '2'])
def test_many_arguments(tmp_path: Path, capsys: pytest.CaptureFixture[str], threads: str) -> None:
    path = tmp_path / 'many.bend'
    path.write_text(MANY, encoding='utf-8')
    texts = []
    for engine in ('direct', 'net'):
        assert main(['run', '--engine', engine, '-t', threads, str(path)]) == 0
        texts.append(capsys.readouterr().out)
    counted = ', '.join(map(str, range(1, 20)))
    first = f'[1, 2, {", ".join(map(str, range(2, 19)))}]'
    third = f'[5, 2, {", ".join(map(str, range(2, 19)))}]'
    assert texts[0] == f'Result: ([{first}, {first}, {third}], [[{counted}], [{counted}]])\n'
    assert texts[1] == texts[0]


def actions(count: int) -> core.Book:
    """A program of so many actions, whose results are all kept to the end."""
    steps = ''.join(f'    x{number} <- IO/print("{number}")\n' for number in range(count))
    kept = ', '.join(f'x{number}' for number in range(count))
    request = Request(Source('many.bend', f'def main():\n  with IO:\n{steps}    return wrap([{kept}])\n'), Options())
    return compile_source(request, PassManager(request.options), Cache(None), None).book


def test_code_of_many_actions() -> None:
    """Twice as many actions are not much more than twice as much code: the continuation of one is not also part of all
    those before it."""
    def size(count: int) -> int:
        program = inline(convert(actions(count)).program)
        return sum(size_of(function.body) for function in program.functions.values())

    assert size(32) < 2.5 * size(16)


def test_who_comes_to_continuations() -> None:
    """What `defer` makes of each continuation comes to its own call only, though all go through one function that gives
    what it is given: in the analysis of copies, and in that of representations, which partial applications occur in."""
    def edges(count: int) -> int:
        book = actions(count)
        flow = with_deep_stack(lambda: Flow(book))
        flow.solve()
        return sum(map(len, flow.edges))

    def partial(count: int) -> int:
        flow = analyse(inline(convert(actions(count)).program))
        return sum(isinstance(item, Given) for item in flow.numbers)

    # All values that are kept are passed on to each continuation.
    assert edges(32) < 4 * edges(16)
    assert partial(32) < 2.5 * partial(16)
