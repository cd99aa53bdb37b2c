"""A program with literals of many kinds, and what it gives, computed here."""

from __future__ import annotations

from collections.abc import Iterator

FUNCTIONS = '''
type Shape:
  Dot
  Line { length }
  Box { ~inner, weight }

def total(xs: List(u24)) -> u24:
  match xs:
    case List/Nil:
      return 0
    case List/Cons:
      return xs.head + total(xs.tail)

def totals(xs: List(List(u24))) -> List(u24):
  match xs:
    case List/Nil:
      return []
    case List/Cons:
      return List/Cons(total(xs.head), totals(xs.tail))

def add(xs: List(u24), n: u24) -> List(u24):
  match xs:
    case List/Nil:
      return []
    case List/Cons:
      return List/Cons(xs.head + n, add(xs.tail, n))

def sum(tree: Tree(u24)) -> u24:
  match tree:
    case Tree/Leaf:
      return tree.value
    case Tree/Node:
      return sum(tree.left) + sum(tree.right)

def apply(functions, x):
  match functions:
    case List/Nil:
      return x
    case List/Cons:
      return apply(functions.tail, functions.head(x))

def first(xs):
  match xs:
    case List/Nil:
      return 0
    case List/Cons:
      return xs.head

def weight(shape):
  match shape:
    case Shape/Dot:
      return 0.0
    case Shape/Line:
      return 100.0
    case Shape/Box:
      return shape.weight + weight(shape.inner)

def joined(one: String, other: String) -> String:
  match one:
    case String/Nil:
      return other
    case String/Cons:
      return String/Cons(one.head, joined(one.tail, other))

def more(x):
  return x + 1

def twice(x):
  return x * 2
'''


def program(size: int) -> str:
    """The program, with literals of so many elements, at least four."""
    rest = ', '.join(map(str, range(2, size)))
    rows = ', '.join(str(list(range(row))) for row in range(6))
    functions = ', '.join(('more', 'twice')[n % 3 == 1] for n in range(size))
    boxes = 'Shape/Dot'
    for n in range(size):
        boxes = f'Shape/Box({boxes}, {n % 4}.5)'
    return f'''{FUNCTIONS}
def table() -> List(u24):
  return {list(range(size))}

def text() -> String:
  return "{'abcdefghij' * (size // 10)}"

def mixed(x, y, rest):
  return [x, y, rest, (x, [x * 2, {rest}]), {rest}, (rest, [{rest}, x]), Shape/Line(x), Shape/Line(y)]

def extended(x: u24, rest: List(u24)) -> List(u24):
  return {''.join(f'List/Cons({n}, List/Cons(x * {n}, ' for n in range(size // 2))}rest{'))' * (size // 2)}

def forked(depth: u24, x: u24) -> u24:
  switch depth:
    case 0:
      return total([{', '.join(f'x + {n}' if n % 5 == 0 else str(n) for n in range(size))}])
    case _:
      return forked(depth-1, x * 2) + forked(depth-1, x * 2 + 1)

def main():
  mine = {list(range(size))}
  both = (mine, add(mine, 1))
  (old, new) = both
  shared = [table, add(table, 2), table]
  rows = [{rows}, {list(range(size))}]
  tree = {'![' * (size - 1)}!1, {', '.join(f'!{n}]' for n in range(2, size + 1))}
  parts = ({', '.join(f'({n}, {n}.25, -{n + 1}, *)' for n in range(size))})
  once = add({list(range(size))}, 3)
  numbers = (total(old), total(new), total(once), totals(shared), totals(rows), sum(tree), forked(5, 1))
  others = (parts, apply([{functions}], 1), weight({boxes}), [text, joined(text, "!")])
  short = [total(extended(1, old)), total(extended(2, [5]))]
  return (numbers, others, short, mixed(7, 1.5, [1, 2]), mixed(8, 2.5, table), first(mixed(9, 0.5, new)))
'''


def result(size: int) -> str:
    """What it gives, as `bend run` prints it."""
    table = list(range(size))

    def extended(x: int, rest: list[int]) -> int:
        return sum(n + x * n for n in range(size // 2)) + sum(rest)

    def mixed(x: int, y: float, rest: list[int]) -> str:
        tail = table[2:]
        inner = [x * 2, *tail]
        last = [*tail, x]
        return (f'[{x}, {y:.3f}, {rest}, ({x}, {inner}), {str(tail)[1:-1]}, ({rest}, {last}), Shape/Line({x}), '
                f'Shape/Line({y:.3f})]')

    def forks(depth: int, x: int) -> Iterator[int]:
        if depth == 0:
            yield sum(x + n if n % 5 == 0 else n for n in table)
        else:
            yield from forks(depth - 1, x * 2)
            yield from forks(depth - 1, x * 2 + 1)

    applied = 1
    for n in range(size):
        applied = applied * 2 % (1 << 24) if n % 3 == 1 else (applied + 1) % (1 << 24)
    shared = [sum(table), sum(table) + 2 * size, sum(table)]
    rows = [*(sum(range(row)) for row in range(6)), sum(table)]
    numbers = nested(sum(table), sum(table) + size, sum(table) + 3 * size, shared, rows, size * (size + 1) // 2,
                     sum(forks(5, 1)) % (1 << 24))
    parts = nested(*(nested(n, f'{n}.250', f'-{n + 1}', '*') for n in table))
    text = 'abcdefghij' * (size // 10)
    others = nested(parts, applied, f'{sum(n % 4 + 0.5 for n in table):.3f}', f'["{text}", "{text}!"]')
    short = [extended(1, table), extended(2, [5])]
    return nested(numbers, others, short, mixed(7, 1.5, [1, 2]), mixed(8, 2.5, table), 9)


def nested(*parts: object) -> str:
    """A tuple as it is printed: as pairs."""
    first, *rest = parts
    return f'({first}, {nested(*rest)})' if rest else str(first)
