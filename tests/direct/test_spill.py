"""Functions with more parameters than there are registers, called in the place of others."""

from __future__ import annotations

import pytest

import bend

PROGRAM = """
def numbers(a, b, c, d, e, f, g):
  return [a, b, c, d, e, f, g]

def other(a, b, c, d, e, f, g):
  return [g, f, e, d, c, b, a]

def pick(n):
  switch n:
    case 0:
      return numbers
    case _:
      return other

def around(f, a, b, c, d, e, n):
  switch n:
    case 0:
      return f([a], [b], [c], [d], [e], [n], [a + b])
    case _:
      return back(f, n-1, a + 1, b, c, d, e)

def back(f, n, a, b, c, d, e):
  switch n:
    case 0:
      return f([a], [b], [c], [d], [e], [n], [a + b])
    case _:
      return around(f, a, b, c, d, e, n-1)

def floats(a, b, c, d, e, f, g, h, i, j, n):
  switch n:
    case 0:
      return (a, b, c, d, e, f, g, h, i, j)
    case _:
      return floats(b, c, d, e, f, g, h, i, j, a + 0.5, n-1)
"""


@pytest.mark.parametrize('count', [0, 1, 6, 7])
def test_parameters_in_memory(count: int) -> None:
    text = PROGRAM + f"""
def main():
  return (around(pick({count} % 2), 1, 2, 3, 4, 5, {count}),
          floats(0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, {count}))
"""
    assert bend.compile(text, engine='direct')() == bend.compile(text, engine='net')()


def test_deep_loops_take_no_stack() -> None:
    """Two functions that call each other in their own places."""
    text = PROGRAM + """
def main():
  return around(numbers, 1, 2, 3, 4, 5, 10000000)
"""
    assert bend.compile(text, engine='direct')() == [[5000001], [2], [3], [4], [5], [0], [5000003]]
