#!/usr/bin/env python3
"""Times parsing and all passes on generated programs, on one core.

    front_end.py [--lines 1000,10000] [--runs 3] [--shapes] [--passes] [--profile LINES] [--show LINES]

The programs are a mix of both notations as people write them: types, records, equations with nested patterns, matches,
folds, bends, switches, lists, maps, strings, comprehensions, local functions, `with` blocks, and a tree of calls that
reaches all of it, so that nothing is pruned. Times are processor seconds, the least of all runs: `parse` and `core`
(all passes from the modules to final core) are the front end; `nets` is encoding and the passes over nets.

`--shapes` times programs that are one big thing (a function of 5,000 statements, a list of 50,000 elements, ...) at two
sizes, the second twice the first: a ratio well above 2 means that cost does not grow linearly. `--passes` prints each
pass, `--profile` the functions that take most of the time, `--show` the program itself.
"""

from __future__ import annotations

import argparse
import cProfile
import gc
import pstats
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bend.diagnostics import BendError
from bend.driver import Request, compile_source
from bend.options import Options
from bend.passes import PassManager
from bend.runtime.cache import Cache
from bend.source import Source

# ---- programs --------------------------------------------------------------------------------

# Each template defines `start_N`, a function of a number to a number, and what this needs.
TEMPLATES = ('''
# A binary search tree of numbers, in the Python-like notation.
type Search_N:
  Node { key: u24, ~left: Search_N, ~right: Search_N }
  Empty

def insert_N(tree: Search_N, key: u24) -> Search_N:
  match tree:
    case Search_N/Node:
      if key < tree.key:
        return Search_N/Node(tree.key, insert_N(tree.left, key), tree.right)
      else:
        return Search_N/Node(tree.key, tree.left, insert_N(tree.right, key))
    case Search_N/Empty:
      return Search_N/Node { key: key, left: Search_N/Empty, right: Search_N/Empty }

def total_N(tree: Search_N) -> u24:
  fold tree:
    case Search_N/Node:
      return tree.key + tree.left + tree.right
    case Search_N/Empty:
      return 0

def start_N(seed):
  tree = insert_N(Search_N/Empty, seed * K)
  tree = insert_N(tree, (seed + K) % 17)
  tree = insert_N(insert_N(tree, seed), 40)
  return total_N(tree)
''', '''
# Expressions, in the functional notation.
type Expr_N = (Number value) | (Add ~left ~right) | (Mul ~left ~right) | (Neg ~inner) | Nothing

(Simplify_N (Expr_N/Add (Expr_N/Number 0) right)) = (Simplify_N right)
(Simplify_N (Expr_N/Add left (Expr_N/Number 0))) = (Simplify_N left)
(Simplify_N (Expr_N/Mul (Expr_N/Number 0) *)) = (Expr_N/Number 0)
(Simplify_N (Expr_N/Mul (Expr_N/Number 1) right)) = (Simplify_N right)
(Simplify_N (Expr_N/Neg (Expr_N/Neg inner))) = (Simplify_N inner)
(Simplify_N other) = other

(Eval_N (Expr_N/Number value)) = value
(Eval_N (Expr_N/Add left right)) = (+ (Eval_N left) (Eval_N right))
(Eval_N (Expr_N/Mul left right)) = (* (Eval_N left) (Eval_N right))
(Eval_N (Expr_N/Neg inner)) = (- 0 (Eval_N inner))
(Eval_N Expr_N/Nothing) = 0

start_N : u24 -> u24
start_N seed =
  let product = (Expr_N/Mul (Expr_N/Number seed) (Expr_N/Number K));
  let sum = (Expr_N/Add product (Expr_N/Neg (Expr_N/Neg (Expr_N/Number 4))));
  (Eval_N (Simplify_N sum))
''', '''
# Loops over lists.
def squares_N(count):
  bend i = 0:
    when i < count:
      rest = fork(i + 1)
      return List/Cons(i * i, rest)
    else:
      return List/Nil

def sum_N(numbers):
  fold numbers:
    case List/Nil:
      return 0
    case List/Cons:
      return numbers.head + numbers.tail

def start_N(seed):
  numbers = squares_N(seed % K)
  doubled = [x * 2 for x in numbers if x < K * 100]
  extra = [1, 2, 3, seed, seed + 1, K]
  return sum_N(doubled) + sum_N(extra)
''', '''
# Records that are opened, changed and put together again.
object Point_N { x: u24, y: u24 }

object Line_N { first, second }

def move_N(point, dx, dy):
  open Point_N: point
  return Point_N { x: point.x + dx, y: point.y + dy }

def length_N(line):
  match line:
    case Line_N:
      open Point_N: line.first
      open Point_N: line.second
      dx = line.first.x - line.second.x
      dy = line.first.y - line.second.y
      dx *= dx
      dy *= dy
      return dx + dy

def start_N(seed):
  origin = Point_N { x: 0, y: seed }
  other = move_N(origin, dx=K, dy=seed % 7)
  return length_N(Line_N(origin, other))
''', '''
# Maps and tuples.
def count_N(table, key):
  table[key] += 1
  (left, right) = (table[0], table[K])
  table[key + 1] = left + right
  return (table, left, right)

def start_N(seed):
  table = { 0: 10, K: 20, 3: seed }
  (table, a, b) = count_N(table, 3)
  (table, c, d) = count_N(table, seed % 5)
  if a + b == c:
    return d
  elif a > b:
    return table[0] + c
  else:
    return table[K] * 2
''', '''
# A small machine: nested switches and matches on several values.
type Step_N = Push | Pop | (Jump target)

Run_N : u24 -> Step_N -> u24 -> u24
Run_N 0 * state = state
Run_N n Step_N/Push state = (Run_N (- n 1) Step_N/Pop (+ state K))
Run_N n Step_N/Pop state = (Run_N (- n 1) (Step_N/Jump state) (- state 1))
Run_N n (Step_N/Jump 0) state = (Run_N (- n 1) Step_N/Push state)
Run_N n (Step_N/Jump target) state = (Run_N (- n 1) Step_N/Push (+ state (% target 3)))

start_N seed =
  let steps = (% seed 9);
  switch steps {
    0: 0
    1: (Run_N 3 Step_N/Push 1)
    _: (Run_N steps-2 (Step_N/Jump K) (if (< steps 5) { seed } else { (* seed 2) }))
  }
''', '''
# Text, and a function inside a function.
def shout_N(text):
  match text:
    case String/Cons:
      head = text.head
      if (head >= 'a') & (head <= 'z'):
        head = head - 32
      else:
        head = head
      return String/Cons(head, shout_N(text.tail))
    case String/Nil:
      return ""

def start_N(seed):
  def weigh(text):
    fold text:
      case String/Cons:
        return text.head * K + text.tail
      case String/Nil:
        return seed
  greeting = shout_N("hello, number N\\n")
  return weigh(greeting) + weigh("\\u{3b1}bc") + `sym`
''', '''
# Results that may fail.
type Maybe_N(A):
  Some { value: A }
  None

def Maybe_N/bind(value, next):
  match value:
    case Maybe_N/Some:
      return undefer(next, value.value)
    case Maybe_N/None:
      return Maybe_N/None

def Maybe_N/wrap(value):
  return Maybe_N/Some(value)

def half_N(number):
  if number % 2 == 0:
    return Maybe_N/Some(number / 2)
  else:
    return Maybe_N/None

def quarter_N(number):
  with Maybe_N:
    half <- half_N(number)
    quarter <- half_N(half)
    return wrap(quarter + K)

def start_N(seed):
  match result = quarter_N(seed * 4):
    case Maybe_N/Some:
      return result.value
    case Maybe_N/None:
      return 0
''', '''
# Functions as values, in both ways to write a lambda.
def compose_N(f, g):
  return lambda x: f(g(x))

Twice_N f = λx (f (f x))

Pair_N (a, b) (c, d) = (+ (* a c) (* b d))

def start_N(seed):
  add = lambda x: x + K
  scale = lambda x: x * seed
  both = compose_N(Twice_N(add), compose_N(scale, add))
  use three = 3
  return Pair_N((both(1), both(2)), (three, both(three)))
''', '''
# Sorting with lists as patterns.
Merge_N : (List u24) -> (List u24) -> (List u24)
Merge_N [] ys = ys
Merge_N xs [] = xs
Merge_N (List/Cons x xs) (List/Cons y ys) =
  if (< x y) {
    (List/Cons x (Merge_N xs (List/Cons y ys)))
  } else {
    (List/Cons y (Merge_N (List/Cons x xs) ys))
  }

Split_N [] = ([], [])
Split_N [x] = ([x], [])
Split_N (List/Cons x (List/Cons y rest)) =
  let (xs, ys) = (Split_N rest);
  ((List/Cons x xs), (List/Cons y ys))

Sort_N [] = []
Sort_N [x] = [x]
Sort_N xs = let (left, right) = (Split_N xs); (Merge_N (Sort_N left) (Sort_N right))

start_N seed =
  match sorted = (Sort_N [seed, 3, K, 8, (% seed 6), 1]) {
    List/Cons: sorted.head
    List/Nil: 0
  }
''')


def program(lines: int) -> str:
    """A program of about so many lines."""
    random = Random(1)
    items: list[str] = []
    count, length = 0, 0
    while length < lines * 0.94:
        text = TEMPLATES[count % len(TEMPLATES)].replace('K', str(random.randrange(2, 30)))
        items.append(text.replace('_N', f'_{count}').replace('number N', f'number {count}'))
        length += text.count('\n')
        count += 1
    # A tree of calls from main down to everything.
    level = 0
    names = [f'start_{index}' for index in range(count)]
    while len(names) > 1 or level == 0:
        groups = [names[start:start + 12] for start in range(0, len(names), 12)]
        names = [f'group_{level}_{index}' for index in range(len(groups))]
        for name, group in zip(names, groups, strict=True):
            items.append('\n'.join(['', f'def {name}(seed):', *(f'  seed += {member}(seed)' for member in group),
                                    '  return seed', '']))
        level += 1
    items.append(f'\ndef main(seed):\n  return {names[0]}(seed)\n')
    return ''.join(items)


# ---- programs that are one big thing ---------------------------------------------------------


def statements(size: int) -> str:
    """One function of many statements."""
    lines = [f'  x{index + 1} = x{index} + {index % 9}' for index in range(size)]
    return '\n'.join(['def main(x0):', *lines, f'  return x{size}', ''])


def shared_statements(size: int) -> str:
    """One function of many statements that all use one variable and assign one."""
    return '\n'.join(['def main(a):', '  x = a', *(['  x = x * a + 1'] * size), '  return x', ''])


def long_list(size: int) -> str:
    """A list literal."""
    return f'def main():\n  return [{", ".join(str(index % 1000) for index in range(size))}]\n'


def rules(size: int) -> str:
    """A function of many rules on numbers."""
    return '\n'.join([*(f'Find {index} = {index * 7 % 100}' for index in range(size)), 'Find * = 0', 'main = Find', ''])


def constructor_rules(size: int) -> str:
    """A type of many constructors and a function with a rule for each."""
    return '\n'.join([f'type Big = {" | ".join(f"(C{index} a b)" for index in range(size))}',
                      *(f'Get (Big/C{index} a b) = (+ a (* b {index}))' for index in range(size)), 'main = Get', ''])


def constructors(size: int) -> str:
    """A type of many constructors and a match on all of them."""
    return '\n'.join(['type Big:', *(f'  C{index} {{ a, b }}' for index in range(size)), '', 'def get(x):',
                      '  match x:', *(f'    case Big/C{index}:\n      return x.a + x.b * {index}'
                                      for index in range(size)), '', 'def main():', '  return get', ''])


def fun_parentheses(size: int) -> str:
    """Nested parentheses of the functional notation."""
    return f'main = {"(" * size}1{")" * size}\n'


def imp_parentheses(size: int) -> str:
    """Nested parentheses of the Python-like notation."""
    return f'def main():\n  return {"(" * size}1{")" * size}\n'


def applications(size: int) -> str:
    """Nested applications."""
    return f'main = λf {"(f " * size}1{")" * size}\n'


def calls(size: int) -> str:
    """Nested calls."""
    return f'def main():\n  return lambda f: {"f(" * size}1{")" * size}\n'


def lambdas(size: int) -> str:
    """Nested functions that use all their parameters."""
    names = [f'x{index}' for index in range(size)]
    return f'main = {"".join(f"λ{name} " for name in names)}[{" ".join(names)}]\n'


def operators(size: int) -> str:
    """A long chain of operators."""
    return f'def main(x):\n  return {" + ".join(["x"] * size)}\n'


def text(size: int) -> str:
    """A long string."""
    return f'def main():\n  return "{"a" * size}"\n'


def comment(size: int) -> str:
    """A long comment."""
    return f'#{{ {"# " * size} #}}\ndef main():\n  return 1\n'


def nested_matches(size: int) -> str:
    """Matches inside matches, all of which use a variable from outside."""
    lines = ['def main(a, x):']
    indent = '  '
    for _ in range(size):
        lines += [f'{indent}match x:', f'{indent}  case List/Nil:', f'{indent}    return a',
                  f'{indent}  case List/Cons:', f'{indent}    x = x.tail']
        indent += '    '
    return '\n'.join([*lines, f'{indent}return x', ''])


def nested_ifs(size: int) -> str:
    """A long chain of `elif`."""
    arms = [f'  elif x == {index}:\n    return a + {index}' for index in range(size)]
    return '\n'.join(['def main(a, x):', '  if x == 0:\n    return a', *arms, '  else:\n    return 0', ''])


def functions(size: int) -> str:
    """Many functions, each of which calls the next."""
    return '\n'.join([*(f'F{index} x = (F{index + 1} (+ x 1))' for index in range(size)), f'F{size} x = x',
                      'main = (F0 1)', ''])


def uses(size: int) -> str:
    """Many `use`, each of the one before."""
    lines = [f'  use x{index + 1} = x{index}' for index in range(size)]
    return '\n'.join(['def main(x0):', *lines, f'  return x{size}', ''])


SHAPES: dict[Callable[[int], str], int] = {
    statements: 2500, shared_statements: 2500, long_list: 25_000, rules: 2500, constructor_rules: 250,
    constructors: 250, fun_parentheses: 1000, imp_parentheses: 1000, applications: 2500, calls: 2500, lambdas: 1000,
    operators: 5000, text: 50_000, comment: 500_000, nested_matches: 50, nested_ifs: 500, functions: 2500, uses: 500,
}


# ---- measuring -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Times:
    """Processor seconds, and those of each pass."""

    parse: float
    core: float
    nets: float
    passes: tuple[tuple[str, float], ...]


def compiled(source: Source, files: Cache, profile: cProfile.Profile | None = None) -> PassManager:
    """Compiles a program; a `BendError` (with a diagnostic) ends it early."""
    options = Options()
    manager = PassManager(options, clock=time.process_time)

    if profile is not None:
        threading.setprofile(lambda *_: profile.enable())
    try:
        compile_source(Request(source, options), manager, files)
    except BendError as problem:
        print(f'  {problem.diagnostics[0].message}')
    threading.setprofile(None)  # type: ignore[arg-type]
    return manager


def measure(text: str, files: Cache, runs: int) -> Times:
    """The fastest of some runs."""
    found = []
    for _ in range(runs):
        gc.collect()
        gc.disable()
        passes = [(timing.name, timing.seconds) for timing in compiled(Source('program.bend', text), files).timings]
        names = [name for name, _ in passes]
        border = names.index('encode') if 'encode' in names else len(names)
        found.append(Times(passes[1][1], sum(seconds for _, seconds in passes[2:border]),
                           sum(seconds for _, seconds in passes[border:]), tuple(passes[1:])))
        gc.enable()
    return min(found, key=lambda times: times.parse + times.core)


def print_row(name: str, size: int, times: Times, before: Times | None = None) -> None:
    """One row of the table."""
    front = times.parse + times.core
    ratio = f'{front / (before.parse + before.core):6.2f}x' if before else ''
    print(f'{name:18} {size:8} {times.parse:8.3f} {times.core:8.3f} {front:8.3f} {times.nets:8.3f}  {ratio}',
          flush=True)


def main() -> None:
    """Measures what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--lines', default='1000,10000')
    parser.add_argument('--runs', type=int, default=3)
    parser.add_argument('--shapes', action='store_true')
    parser.add_argument('--only', default='', help='the shapes to time')
    parser.add_argument('--passes', action='store_true')
    parser.add_argument('--profile', type=int, default=0)
    parser.add_argument('--show', type=int, default=0)
    options = parser.parse_args()
    if options.show:
        print(program(options.show), end='')
        return
    with tempfile.TemporaryDirectory() as folder:
        files = Cache(Path(folder))
        compiled(Source('program.bend', 'main = 1\n'), files)
        if options.profile:
            profile = cProfile.Profile()
            compiled(Source('program.bend', program(options.profile)), files, profile)
            pstats.Stats(profile).sort_stats('tottime').print_stats(40)
            return
        print(f'{"program":18} {"size":>8} {"parse":>8} {"core":>8} {"front":>8} {"nets":>8}')
        if options.shapes:
            wanted = options.only.split(',') if options.only else []
            for shape, size in SHAPES.items():
                if wanted and shape.__name__ not in wanted:
                    continue
                first = measure(shape(size), files, options.runs)
                print_row(shape.__name__, size, first)
                print_row('', size * 2, measure(shape(size * 2), files, options.runs), first)
            return
        before = None
        for size in map(int, options.lines.split(',')):
            text = program(size)
            times = measure(text, files, options.runs)
            print_row('mix', text.count('\n'), times, before)
            before = times
            if options.passes:
                for name, seconds in times.passes:
                    print(f'    {name:24} {seconds:8.3f}')


if __name__ == '__main__':
    main()
