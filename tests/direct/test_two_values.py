"""Functions that give two values, and branches inside them that give one."""

from __future__ import annotations

import pytest

from bend.codegen.direct.compile import compile_direct
from bend.deep_stack import with_deep_stack
from bend.runtime.direct import host as native
from tests.waves.device import book_of, on_threads, shown

BRANCH = '''
def g(n):
  switch n:
    case 0:
      return {end}
    case _:
      return {more}

def f(n, m):
  if n:
    x = g(n)
  else:
    x = 0
  switch m:
    case 0:
      return (x, x)
    case _:
      (a, b) = f(n, m-1)
      return (b, (a, x))

def main():
  (a, b) = f(3, 2)
  (c, d) = f(0, 0)
  return ((a, b), (c, d))
'''


@pytest.mark.parametrize(('end', 'more', 'x'), [
    ('[]', 'List/Cons(n, g(n-1))', '[3, 2, 1]'), ('-7', 'g(n-1)', '-7'), ('(1, 2.5)', 'g(n-1)', '(1, 2.500)'),
], ids=['a list', 'another type of number', 'a tuple'])
def test_what_a_call_in_a_branch_gives(end: str, more: str, x: str) -> None:
    """It goes to the variable that the branch is for, not to the values that the function gives."""
    book = book_of(BRANCH.format(end=end, more=more))
    expected = f'((({x}, {x}), ({x}, {x})), (0, 0))'
    assert on_threads(book) == expected
    program = with_deep_stack(lambda: compile_direct(book, opt_level=0, parallel=True))
    with native.open_run(program, 2, 1 << 28) as run:
        assert shown(run, run.evaluate(0)) == expected
