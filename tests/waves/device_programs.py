"""Programs that ask different things of a device: calls, data, tuples, closures, deep recursion; with their results."""

from __future__ import annotations

PROGRAMS: dict[str, tuple[str, str]] = {
    'sum': ('''
def sum(depth, x):
  switch depth:
    case 0:
      return (x * x) >> 8
    case _:
      return sum(depth-1, x * 3 + 1) + sum(depth-1, x * 3 + 2)

def main():
  return sum(7, 1)
''', '4512149'),
    'fib': ('''
def fib(n):
  if n < 2:
    return n
  else:
    return fib(n - 1) + fib(n - 2)

def main():
  return fib(13)
''', '233'),
    'tree': ('''
type Tree:
  Node { ~left, ~right }
  Leaf { value }

def make(depth, x):
  switch depth:
    case 0:
      return Tree/Leaf(x)
    case _:
      return Tree/Node(make(depth-1, x * 2), make(depth-1, x * 2 + 1))

def total(tree):
  fold tree:
    case Tree/Node:
      return tree.left * 3 + tree.right
    case Tree/Leaf:
      return tree.value

def main():
  return total(make(6, 1))
''', '326656'),
    'pairs': ('''
def make(depth, x):
  switch depth:
    case 0:
      return (x * 7919) % 101
    case _:
      return (make(depth-1, x * 2), make(depth-1, x * 2 + 1))

def swap(depth, up, a, b):
  switch depth:
    case 0:
      if up ^ (a > b):
        return (a, b)
      else:
        return (b, a)
    case _:
      (a1, a2) = a
      (b1, b2) = b
      (low1, high1) = swap(depth-1, up, a1, b1)
      (low2, high2) = swap(depth-1, up, a2, b2)
      return ((low1, low2), (high1, high2))

def merge(depth, up, tree):
  switch depth:
    case 0:
      return tree
    case _:
      (a, b) = tree
      (low, high) = swap(depth-1, up, a, b)
      return (merge(depth-1, up, low), merge(depth-1, up, high))

def sort(depth, up, tree):
  switch depth:
    case 0:
      return tree
    case _:
      (a, b) = tree
      return merge(depth, up, (sort(depth-1, 1, a), sort(depth-1, 0, b)))

def main():
  return sort(4, 1, make(4, 1))
''', '((((12, 15), (18, 31)), ((34, 37), (50, 53))), (((56, 59), (72, 75)), ((78, 91), (94, 97))))'),
    'queens': ('''
def free(column, distance, placed):
  match placed:
    case List/Nil:
      return 1
    case List/Cons:
      queen = placed.head
      if (queen == column) | (queen + distance == column) | (queen == column + distance):
        return 0
      else:
        return free(column, distance + 1, placed.tail)

def fill(rows, n, placed):
  switch rows:
    case 0:
      return 1
    case _:
      return columns(n, rows-1, n, placed)

def columns(count, rows, n, placed):
  switch count:
    case 0:
      return 0
    case _:
      if free(count-1, 1, placed):
        ways = fill(rows, n, List/Cons(count-1, placed))
      else:
        ways = 0
      return ways + columns(count-1, rows, n, placed)

def main():
  return fill(5, 5, [])
''', '10'),
    'merge sort': ('''
def numbers(n, seed):
  switch n:
    case 0:
      return []
    case _:
      return List/Cons(seed % 100, numbers(n-1, seed * 16598013 + 12820163))

def deal(list, a, b):
  match list:
    case List/Nil:
      return (a, b)
    case List/Cons:
      return deal(list.tail, List/Cons(list.head, b), a)

def merge(a, b):
  match a:
    case List/Nil:
      return b
    case List/Cons:
      match b:
        case List/Nil:
          return List/Cons(a.head, a.tail)
        case List/Cons:
          if a.head < b.head:
            return List/Cons(a.head, merge(a.tail, List/Cons(b.head, b.tail)))
          else:
            return List/Cons(b.head, merge(List/Cons(a.head, a.tail), b.tail))

def sort(list):
  match list:
    case List/Nil:
      return []
    case List/Cons:
      match rest = list.tail:
        case List/Nil:
          return [list.head]
        case List/Cons:
          (a, b) = deal(rest.tail, [list.head], [rest.head])
          return merge(sort(a), sort(b))

def main():
  return sort(numbers(12, 1))
''', '[1, 9, 18, 35, 57, 58, 60, 72, 83, 90, 96, 99]'),
    'deep list': ('''
def down(n):
  switch n:
    case 0:
      return []
    case _:
      return List/Cons(n-1, down(n-1))

def sum(list):
  match list:
    case List/Nil:
      return 0
    case List/Cons:
      return list.head ^ (sum(list.tail) * 5 + 1)

def main():
  return sum(down(3000))
''', '1805680'),
    'closures': ('''
def map(f, list):
  match list:
    case List/Nil:
      return []
    case List/Cons:
      return List/Cons(f(list.head), map(f, list.tail))

def foldr(f, end, list):
  match list:
    case List/Nil:
      return end
    case List/Cons:
      return f(list.head, foldr(f, end, list.tail))

def add(a, b, c):
  return a + b * c

def twice(f, x):
  return f(f(x))

def main():
  offset = 4
  numbers = map(lambda x: x * 5 + offset, [1, 2, 3, 4])
  partial = map(add(1), numbers)
  return (foldr(lambda x, acc: x ^ (acc * 3 + 1), 0, numbers), map(lambda f: f(2), partial), twice(twice(add(1, 2)), 3))
''', '(824, ([19, 29, 39, 49], 63))'),
    'constants': ('''
def table():
  return [1, 2, limit]

def limit():
  return fib(8)

def fib(n):
  if n < 2:
    return n
  else:
    return fib(n - 1) + fib(n - 2)

def unused():
  return unused

def sum(list):
  match list:
    case List/Nil:
      return 0
    case List/Cons:
      return list.head + sum(list.tail)

def many(n):
  switch n:
    case 0:
      return sum(table)
    case _:
      return many(n-1) + many(n-1) * limit

def main():
  return (many(4), table)
''', '(5622144, [1, 2, 21])'),
    'mutual': ('''
def even(n):
  switch n:
    case 0:
      return 1
    case _:
      return odd(n-1)

def odd(n):
  switch n:
    case 0:
      return 0
    case _:
      return even(n-1)

def both(n, f):
  switch n:
    case 0:
      return 0.5
    case _:
      return both(n-1, f) * 2.0 + both(n-1, f) / 3.0

def main():
  return (even(100), odd(100), both(5, 1))
''', '(1, (0, 34.583))'),
}
