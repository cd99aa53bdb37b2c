"""Which engine a program gets under `auto`, and why."""

from __future__ import annotations

from pathlib import Path

import pytest

from bend.codegen.direct.choice import MULTIPLYING, Analysis, choose
from bend.deep_stack import with_deep_stack
from bend.diagnostics import Severity
from bend.driver import Request, compile_source
from bend.engines import Choice
from bend.options import RUN_SEVERITIES, Options
from bend.passes import PassManager
from bend.runtime.cache import Cache
from bend.source import Source


@pytest.fixture(scope='session')
def cache(tmp_path_factory: pytest.TempPathFactory) -> Cache:
    """Keeps the prelude."""
    return Cache(tmp_path_factory.getbasetemp() / 'cache')


def analysis(text: str, cache: Cache, *arguments: str, options: Options | None = None) -> Analysis:
    """What is found out about a program."""
    request = Request(Source('program.bend', text), options or Options(), RUN_SEVERITIES, arguments, is_run=True)
    compiled = compile_source(request, PassManager(request.options), cache, None)
    return with_deep_stack(lambda: choose(compiled.book))


MAP = """
map f []             = []
map f (List/Cons h t) = (List/Cons (f h) (map f t))
foldr f z []              = z
foldr f z (List/Cons h t) = (f h (foldr f z t))
"""

NUMERALS = """
succ = λn λs λz (s (n s z))
mul = λa λb λs (a (b s))
numeral 0 = λs λz z
numeral n = (succ (numeral (- n 1)))
"""

DIRECT = {
    'a number': 'main = 1',
    'first order': 'fib n = if (< n 2) { n } else { (+ (fib (- n 1)) (fib (- n 2))) }\nmain = (fib 20)',
    'lists': MAP + 'main = (foldr λx λy (+ x y) 0 (map λx (* x 2) [1, 2, 3]))',
    'captured numbers': MAP + 'go k = (map λx (+ (* x x) k) (map λx (+ x k) [1, 2, 3]))\nmain = (go 1)',
    'captured lists': MAP + 'go xs = (map λx (foldr λa λb (+ (+ a b) x) 0 xs) xs)\nmain = (go [1, 2, 3])',
    'functions by name': MAP + 'inc x = (+ x 1)\ntwice f x = (f (f x))\nmain = ((twice inc 1), (map inc [1]))',
    'partial applications': MAP + 'add x y = (+ x y)\nmain = (map (add 3) (map (add 4) [1, 2]))',
    'functions that are copied': 'main = let f = λx (x, x); ((f 1), (f 2))',
    'a copied function that captures': 'go k = let f = λx (+ x k); ((f 1), (f 2), (f 3))\nmain = (go 3)',
    'functions of functions, used once': """
pipe [] x              = x
pipe (List/Cons f t) x = (pipe t (f x))
go k = (pipe [λx (+ x k), λx (* x k)] 1)
main = (go 3)
""",
    'continuations': """
type Tree = (Leaf v) | (Node a b)
sum (Tree/Leaf v) k   = (k v)
sum (Tree/Node a b) k = (sum a λx (sum b λy (k (+ x y))))
main = (sum (Tree/Node (Tree/Leaf 1) (Tree/Leaf 2)) λx x)
""",
    'a chain of functions, each used once': """
chain 0 f = f
chain n f = (chain (- n 1) λx (+ 1 (f x)))
main = (chain 5 λx x 1)
""",
    'numerals': NUMERALS + 'main = (numeral 5 λx (+ x 1) 0)',
    'streams': """
count n = (n, λ* (count (+ n 1)))
head s = let (a, b) = s; a
tail s = let (a, b) = s; (b 0)
main = (head (tail (tail (count 3))))
""",
    'states': """
type State = (S run)
bind (State/S m) f = (State/S λs let (a, s) = (m s); match r = (f a) { State/S: (r.run s) })
tick = (State/S λs (s, (+ s 1)))
unit a = (State/S λs (a, s))
main = match m = (bind tick λa (bind tick λb (unit (+ a b)))) { State/S: (m.run 5) }
""",
    'difference lists': 'main = (DiffList/to_list (DiffList/append (DiffList/append DiffList/new 1) 2))',
    'conversions and mathematics': 'main = (f24/to_u24 (Math/sqrt (+ (Math/sin 1.0) (Math/cos (u24/to_f24 2)))))',
    'maps': 'def main():\n  m = {1: 2, 3: 4}\n  m[5] = m[1] + m[3]\n  return m[5]',
    'a bend': 'def main():\n  bend d = 0:\n    when d < 4:\n      t = ![fork(d + 1), fork(d + 1)]\n    else:\n'
              '      t = !d\n  return t',
    'what only nets can do, not reached': 'other = {1 2}\nmain = 1',
    'actions': 'def main():\n  with IO:\n    * <- IO/print("x")\n    return wrap(1)',
    'actions that are not performed': 'def main():\n  return (1, IO/print("x"))',
}


@pytest.mark.parametrize('name', DIRECT)
def test_direct(name: str, cache: Cache) -> None:
    assert analysis(DIRECT[name], cache).choice == Choice('direct')


NETS = [
    ('main = {1 2}', "'main' has a superposition"),
    ('f x = (+ x {1 2})\nmain = (f 1)', "'f' has a superposition"),
    ('main = (+ $x (λ$x 1 2))', "'main' has an unscoped variable"),
    ('main = let $x = 1; (+ $x 2)', "'main' has an unscoped variable"),
    ('def main():\n  def inner(x):\n    return f(x)\n  return inner(1)\nf x = (x, {x *})', "'f' has a superposition"),
    ('hvm two -> u24:\n  2\n\ndef main():\n  return two() + 1', "'two' is written as a net"),
    ('hvm Math/sin -> (f24 -> f24):\n  (a a)\n\ndef main():\n  return Math/sin(1.0)', "'Math/sin' is written as a net"),
]


@pytest.mark.parametrize(('text', 'reason'), NETS)
def test_nets(text: str, reason: str, cache: Cache) -> None:
    assert analysis(text, cache).choice == Choice('net', reason)


BUDGETED = {
    'iterated composition': ('go', 'go 0 f = f\ngo n f = (go (- n 1) λx (f (f x)))\nmain = (go 3 λx (+ x 1) 0)'),
    'composition by a function': ('twice', """
compose f g = λx (f (g x))
twice f = (compose f f)
go 0 f = f
go n f = (go (- n 1) (twice f))
main = (go 3 λx (+ x 1) 0)
"""),
    'applied twice by a function': ('twice', """
twice f x = (f (f x))
go 0 f = f
go n f = (go (- n 1) λx (twice f x))
main = (go 3 λx (+ x 1) 0)
"""),
    'partial applications': ('twice', """
twice f x = (f (f x))
go 0 f = f
go n f = (go (- n 1) (twice f))
main = (go 3 λx (+ x 1) 0)
"""),
    'products of numerals': ('succ', NUMERALS + 'main = (mul (numeral 5) (numeral 4) λx (+ x 1) 0)'),
    'a function applied to itself': ('main', 'main = let t = λf λx (f (f x)); (t t λx (+ x 1) 0)'),
    'suspended work': ('go', """
go 0 a b = (b 0)
go n a b = (go (- n 1) b λ* (+ (a 0) (b 0)))
main = (go 9 λ* 0 λ* 1)
"""),
    'in data': ('go', """
type Box = (Box f)
go 0 b = b
go n b = match b { Box/Box: (go (- n 1) (Box/Box λx (b.f (b.f x)))) }
main = match b = (go 3 (Box/Box λx (+ x 1))) { Box/Box: (b.f 0) }
"""),
    'in lists': ('go', MAP + """
all fs = λx (foldr λf λy (f y) x fs)
go 0 fs = fs
go n fs = (go (- n 1) [(all fs), (all fs)])
main = (all (go 3 [λx (+ x 1)]) 0)
"""),
    'in tuples': ('go', """
go 0 p = p
go n p = let (f, g) = p; (go (- n 1) (λx (f (g x)), λx (g (f x))))
main = let (f, g) = (go 3 (λx (+ x 1), λx (* x 2))); (f 1)
"""),
    'in tasks of their own': ('go', """
def go(n, f):
  if n == 0:
    return f
  else:
    return go(n - 1, lambda x: f(f(x)))

def main():
  return go(3, lambda x: x + 1)(0)
"""),
}


@pytest.mark.parametrize('name', BUDGETED)
def test_budgeted(name: str, cache: Cache) -> None:
    function, text = BUDGETED[name]
    assert analysis(text, cache).choice == Choice('direct', f"'{function}' {MULTIPLYING}", budgeted=True)


def test_reasons_are_those_of_definitions(cache: Cache) -> None:
    found = analysis('a = {1 2}\nb = 5\nc = {3 4}\nmain = (+ a c)', cache)
    assert found.choice.engine == 'net'
    assert found.reached == ('a', 'c', 'main')
    assert found.reasons == {'a': 'has a superposition', 'c': 'has a superposition'}


def test_without_an_entry_all_is_looked_at(cache: Cache) -> None:
    severities = {**RUN_SEVERITIES, 'missing-main': Severity.ALLOW}
    request = Request(Source('program.bend', 'a = {1 2}\nb = 1'), severities=severities)
    compiled = compile_source(request, PassManager(request.options), cache, None)
    assert choose(compiled.book).choice == Choice('net', "'a' has a superposition")


ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(('name', 'choice'), [
    ('merge_sort', Choice('direct')), ('word_count', Choice('direct')), ('expression_evaluator', Choice('direct')),
    ('church_numerals', Choice('direct', f"'next' {MULTIPLYING}", budgeted=True)),
    ('guess', Choice('direct')),
])
def test_examples(name: str, choice: Choice, cache: Cache) -> None:
    assert analysis((ROOT / 'examples' / f'{name}.bend').read_text(), cache).choice == choice
