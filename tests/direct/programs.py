"""Random programs that ask much of the direct engine: each is made of a few features, whose results `main` joins.

Those of `tests.native.programs` are as varied as the language; these are about values and calls.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

MAX_FEATURES = 4


def program(random: Random) -> str:
    """A program in the imperative notation. It ends, and nets do the same in some thousand interactions."""
    features = random.sample(list(FEATURES), random.randrange(1, MAX_FEATURES + 1))
    texts, results = [], []
    for number, feature in enumerate(features):
        text, result = FEATURES[feature](random, f'{feature}{number}')
        texts.append(text.strip('\n'))
        results.append(result)
    main = f'def main():\n  return ({", ".join(results)}, {random.randrange(9)})'
    return '\n\n'.join([*texts, main]) + '\n'


Feature = Callable[[Random, str], tuple[str, str]]
"""Makes definitions whose names begin with a given one, and an expression of their result."""


def number(random: Random) -> str:
    """A number of one of the three kinds."""
    return random.choice([str(random.randrange(100)), str(random.choice([16777215, 0, 1])),
                          f'{random.choice("+-")}{random.randrange(100)}', f'{random.randrange(40) / 4}'])


def arithmetic(random: Random, variables: list[str], depth: int) -> str:
    """An expression of numbers."""
    if depth == 0 or random.random() < 0.2:
        return random.choice([*variables, *variables, number(random)])
    operator = random.choice(['+', '-', '*', '&', '|', '^', '<', '>', '==', '!=', '+', '-'])
    return (f'({arithmetic(random, variables, depth - 1)} {operator} {arithmetic(random, variables, depth - 1)})')


def numbers(random: Random) -> str:
    """A list of numbers."""
    return f'[{", ".join(str(random.randrange(50)) for _ in range(random.randrange(1, 7)))}]'


def closures_in_data(random: Random, f: str) -> tuple[str, str]:
    body = arithmetic(random, ['x', 'k'], 2)
    return f'''
def {f}/run(fs, x):
  match fs:
    case List/Nil:
      return x
    case List/Cons:
      return {f}/run(fs.tail, fs.head(x))

def {f}/make(k):
  return [lambda x: {body}, lambda y: k + y, {f}/other(k)]

def {f}/other(a, b):
  return a * b + 1
''', f'{f}/run({f}/make({random.randrange(9)}), {random.randrange(9)})'


def applications(random: Random, f: str) -> tuple[str, str]:
    given = random.randrange(1, 3)
    first = ', '.join(str(random.randrange(9)) for _ in range(given))
    rest = ', '.join(str(random.randrange(9)) for _ in range(3 - given))
    return f'''
def {f}/three(a, b, c):
  return {arithmetic(random, ['a', 'b', 'c'], 2)}

def {f}/late(a):
  if a > {random.randrange(9)}:
    return lambda b: lambda c: {arithmetic(random, ['a', 'b', 'c'], 2)}
  else:
    return {f}/three(a)

def {f}/map(xs, g):
  match xs:
    case List/Nil:
      return List/Nil
    case List/Cons:
      return List/Cons(g(xs.head), {f}/map(xs.tail, g))
''', (f'({f}/three({first})({rest}), {f}/map({numbers(random)}, {f}/late({random.randrange(9)}, 2)), '
      f'{f}/map({numbers(random)}, {f}/three({random.randrange(9)})))')


def nested_matches(random: Random, f: str) -> tuple[str, str]:
    def shape(depth: int) -> str:
        if depth == 0:
            return random.choice([f'{f}T/Dot', f'{f}T/Num({random.randrange(20)})'])
        return random.choice([f'{f}T/Two({shape(depth - 1)}, {shape(depth - 1)})', f'{f}T/Num({depth})',
                              f'{f}T/Two({shape(depth - 1)}, {f}T/Dot)'])

    return f'''
type {f}T = Dot | (Num n) | (Two l r)
{f}/fold ({f}T/Two ({f}T/Num a) ({f}T/Num b)) = ({f}T/Num (+ a b))
{f}/fold ({f}T/Two {f}T/Dot r) = ({f}/fold r)
{f}/fold ({f}T/Two ({f}T/Two l m) r) = ({f}T/Two ({f}/fold l) ({f}/fold ({f}T/Two m r)))
{f}/fold ({f}T/Num n) = ({f}T/Num (+ n {random.randrange(5)}))
{f}/fold other = other
''', f'{f}/fold({shape(3)})'


def mutual_recursion(random: Random, f: str) -> tuple[str, str]:
    return f'''
def {f}/even(n, a):
  switch n:
    case 0:
      return a
    case _:
      return {f}/odd(n-1, {arithmetic(random, ['a', 'n-1'], 1)})

def {f}/odd(n, a):
  switch n:
    case 0:
      return (a, {number(random)})
    case _:
      return {f}/even(n-1, a + {random.randrange(9)})
''', f'{f}/even({random.randrange(40)}, {number(random)})'


def accumulators(random: Random, f: str) -> tuple[str, str]:
    return f'''
def {f}/go(n, a, p):
  (b, c) = p
  switch n:
    case 0:
      return (c, a, b)
    case _:
      return {f}/go(n-1, {arithmetic(random, ['a', 'b'], 1)}, (c, {arithmetic(random, ['a', 'c', 'n-1'], 2)}))

def {f}/reverse(xs, a):
  match xs:
    case List/Nil:
      return a
    case List/Cons:
      return {f}/reverse(xs.tail, List/Cons(xs.head, a))
''', (f'({f}/go({random.randrange(30)}, {number(random)}, (1, {number(random)})), '
      f'{f}/reverse({numbers(random)}, {numbers(random)}))')


def shared_lists(random: Random, f: str) -> tuple[str, str]:
    return f'''
def {f}/sum(xs):
  match xs:
    case List/Nil:
      return 0
    case List/Cons:
      return xs.head + {f}/sum(xs.tail)

def {f}/change(xs, k):
  match xs:
    case List/Nil:
      return [k]
    case List/Cons:
      return List/Cons({arithmetic(random, ['xs.head', 'k'], 1)}, {f}/change(xs.tail, k + 1))

def {f}/users(xs, n):
  switch n:
    case 0:
      return [xs, {f}/change(xs, 1)]
    case _:
      return List/Cons({f}/change(xs, n-1), {f}/users({random.choice(['xs', f + '/change(xs, 2)'])}, n-1))

def {f}/tails(xs):
  match xs:
    case List/Nil:
      return [List/Nil]
    case List/Cons:
      return List/Cons(xs, {f}/tails(xs.tail))
''', (f'({f}/users({numbers(random)}, {random.randrange(4)}), {f}/tails({numbers(random)}), '
      f'{f}/sum({numbers(random)}))')


def trees_twice(random: Random, f: str) -> tuple[str, str]:
    return f'''
def {f}/make(d, x):
  switch d:
    case 0:
      return !x
    case _:
      return ![{f}/make(d-1, x * 2), {f}/make(d-1, x * 2 + 1)]

def {f}/mirror(t):
  match t:
    case Tree/Leaf:
      return t
    case Tree/Node:
      return ![{f}/mirror(t.right), {f}/mirror(t.left)]

def {f}/zip(a, b):
  match a:
    case Tree/Leaf:
      match b:
        case Tree/Leaf:
          return !(a.value, b.value)
        case Tree/Node:
          return b
    case Tree/Node:
      match b:
        case Tree/Leaf:
          return a
        case Tree/Node:
          return ![{f}/zip(a.left, b.left), {f}/zip(a.right, b.right)]

def {f}/go(t):
  return {f}/zip(t, {f}/mirror(t))
''', f'{f}/go({f}/make({random.randrange(4)}, {number(random)}))'


def many_fields(random: Random, f: str) -> tuple[str, str]:
    count = random.randrange(4, 13)
    names = [f'f{index}' for index in range(count)]
    chosen = random.sample(names, 3)
    return f'''
object {f}R {{ {', '.join(names)} }}

def {f}/step(r, n):
  switch n:
    case 0:
      return r
    case _:
      open {f}R: r
      return {f}/step({f}R({', '.join(f'r.{name}' for name in [*names[1:], names[0]])}), n-1)

def {f}/read(r):
  open {f}R: r
  return ({', '.join(f'r.{name}' for name in chosen)})
''', (f'({f}/read({f}/step({f}R({", ".join(number(random) for _ in names)}), {random.randrange(20)})), '
      f'{f}R({", ".join(numbers(random) for _ in names)}))')


def nested_tuples(random: Random, f: str) -> tuple[str, str]:
    return f'''
def {f}/turn(t):
  ((a, b), c, (d, e)) = t
  return ((e, {arithmetic(random, ['a', 'd'], 1)}), b, (c, {random.choice(['a', 'd', '(a, d)'])}))

def {f}/go(n, t):
  switch n:
    case 0:
      return t
    case _:
      return {f}/go(n-1, {f}/turn(t))
''', f'{f}/go({random.randrange(4)}, ((1, {number(random)}), {numbers(random)}, (2, "a")))'


def kinds_of_numbers(random: Random, f: str) -> tuple[str, str]:
    return f'''
def {f}/mix(a, b, c):
  x = {arithmetic(random, ['a', 'b', 'c'], 3)}
  y = {arithmetic(random, ['x', 'b', 'c'], 2)}
  return (x, y, [{arithmetic(random, ['x', 'y'], 2)}, u24/to_i24(3) - {random.randrange(9)}, u24/to_f24({f}/u(a))])

def {f}/u(n):
  return f24/to_u24(2.5) + (n & 15)

def {f}/same(x):
  return x
''', (f'({f}/mix({number(random)}, {number(random)}, {number(random)}), {f}/mix(1, +1, 1.0), '
      f'{f}/same({number(random)}))')


def strings(random: Random, f: str) -> tuple[str, str]:
    text = ''.join(random.choice('abc ä') for _ in range(random.randrange(6)))
    return f'''
def {f}/twice(s):
  match s:
    case String/Nil:
      return "."
    case String/Cons:
      return String/Cons(s.head, String/Cons({random.choice(['s.head', '66', 's.head + 1'])}, {f}/twice(s.tail)))
''', f'({f}/twice("{text}"), String/equals("{text}", "ab"), String/split("{text}", \' \'))'


def maps(random: Random, f: str) -> tuple[str, str]:
    entries = ', '.join(f'{random.randrange(40)}: {random.randrange(40)}' for _ in range(random.randrange(1, 5)))
    return f'''
def {f}/fill(m, n):
  switch n:
    case 0:
      return m
    case _:
      m[n-1 * {random.randrange(1, 9)}] = n-1
      return {f}/fill(m, n-1)

def {f}/go(n):
  m = {f}/fill({{ {entries} }}, n)
  m[0] = 7
  x = m[0]
  m[0] += {random.randrange(9)}
  y = m[0]
  return (x, y, Map/contains(m, {random.randrange(20)}))
''', f'{f}/go({random.randrange(6)})'


def folds_and_bends(random: Random, f: str) -> tuple[str, str]:
    return f'''
def {f}/go(n, k):
  bend i = 0, a = k:
    when i < n:
      t = ![fork(i + 1, a + i), fork(i + {random.randrange(1, 3)}, {arithmetic(random, ['a', 'i'], 1)})]
    else:
      t = !a
  fold t:
    case Tree/Leaf:
      s = [t.value]
    case Tree/Node:
      s = List/concat(t.left, t.right)
  return (s, t)

def {f}/state(xs):
  fold xs with a = 0:
    case List/Nil:
      return a
    case List/Cons:
      return xs.tail({arithmetic(random, ['a', 'xs.head'], 1)})
''', f'({f}/go({random.randrange(5)}, {random.randrange(9)}), {f}/state({numbers(random)}))'


def constants(random: Random, f: str) -> tuple[str, str]:
    return f'''
def {f}/sum(n):
  switch n:
    case 0:
      return 0
    case _:
      return n-1 + {f}/sum(n-1)

def {f}/value():
  return {f}/sum({random.randrange(20)})

def {f}/values():
  return [{f}/value, {f}/sum(3), {number(random)}]

def {f}/head(xs):
  match xs:
    case List/Nil:
      return 0
    case List/Cons:
      return xs.head

def {f}/go(x):
  if x > {random.randrange(9)}:
    return {f}/value + {f}/value
  else:
    return ({random.choice([f'{f}/value', f'{f}/sum(4)', '(1 + 2)'])}, {f}/head({f}/values))
''', f'({f}/go({random.randrange(9)}), {f}/values)'


def functions_as_results(random: Random, f: str) -> tuple[str, str]:
    return f'''
def {f}/add(x, y):
  return {arithmetic(random, ['x', 'y'], 2)}

def {f}/compose(g, h):
  return lambda x: g(h(x))

def {f}/pick(n):
  switch n:
    case 0:
      return {f}/add
    case 1:
      return lambda a, b: (b, a)
    case _:
      return {f}/add(n-2)
''', (f'({f}/pick({random.randrange(4)}), {f}/compose({f}/add(1), {f}/add({random.randrange(9)})), '
      f'{f}/compose(lambda x: x, {f}/add(2), {random.randrange(9)}))')


FEATURES: dict[str, Feature] = {
    'closures': closures_in_data, 'applications': applications, 'nested': nested_matches, 'mutual': mutual_recursion,
    'accumulators': accumulators, 'shared': shared_lists, 'trees': trees_twice, 'fields': many_fields,
    'tuples': nested_tuples, 'kinds': kinds_of_numbers, 'strings': strings, 'maps': maps, 'folds': folds_and_bends,
    'constants': constants, 'functions': functions_as_results,
}
