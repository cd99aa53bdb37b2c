"""Programs on which engines could disagree: what each has to say of them (spec 09, whose names the rows bear).

Texts are those of `--readback lambda`; the names of variables in them are free.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Way(Enum):
    """How a program runs that is meant for the direct engine: there; there, until a value of a wrong shape, or one that
    shows differently after it was copied, sends it to nets; or as nets from the beginning."""

    DIRECT = 'direct'
    RESTART = 'restart'
    NETS = 'nets'


ENDLESS: str | None = None
"""Instead of a text: there is no end."""


@dataclass(frozen=True, slots=True)
class Row:
    """A program and what is right.

    `net` is the result on nets, None if these do not end, `direct` are the texts that the direct engine may give; where
    nets do not end, it may run out of memory as well. `fails` is the code of the error that nets end with.
    `output` is what the program prints, `flags` are values of `-O`; the result `is_unreadable` in part.
    """

    name: str
    program: str
    net: str | None
    direct: tuple[str, ...]
    way: Way = Way.DIRECT
    flags: tuple[str, ...] = ()
    output: str = ''
    fails: str | None = None
    note: str = ''
    is_unreadable: bool = False


def same(name: str, program: str, text: str, *flags: str, way: Way = Way.DIRECT, output: str = '',
         note: str = '') -> Row:
    """A row where both engines give the same."""
    return Row(name, program, text, (text,), way, flags, output, note=note)


def endless(name: str, program: str, *direct: str, flags: tuple[str, ...] = (), note: str = '') -> Row:
    """A row where nets do not end, and the direct engine may give a result."""
    return Row(name, program, ENDLESS, direct, flags=flags, note=note)


def restart(name: str, program: str, text: str) -> Row:
    """A row with what only nets know."""
    return same(name, program, text, way=Way.RESTART)


SPIN = 'spin x = (spin (+ x 1))\n'
COUNT_TAIL = 'hd s = let (a, b) = s; a\ntl s = let (a, b) = s; (b 1)\n'
BOX = 'type Box = None | (Mk v w)\n'
FORCE = 'f b t = switch b { 0: 5; _: (t 0) }\n'
ADD = 'add x y = (+ x y)\n'
LESS = 'lt x y = (< x y)\n'
COUNTDOWN = 'f n = switch n { 0: 100; _: n-1 }\n'
CLIMB = 'f n k = switch n { 0: k; _: (f n-1 (+ k 1)) }\n'
AND = 'and 0 b = 0\nand n b = b\n'
SUM = 'sum n = switch n { 0: 0; _: (+ (+ n-1 1) (sum n-1)) }\ncaf = (sum 100)\n'
PAIR = 'fst t = let (a, b) = t; a\n'


# ---- A: laziness of references ---------------------------------------------------------------

LAZINESS = (
    same('A1', '''
ones = (List/Cons 1 ones)
main = match ones { List/Nil: 0; List/Cons: ones.head }
''', '1'),
    same('A2', '''
ping = (List/Cons 0 pong)
pong = (List/Cons 1 ping)
take n xs = switch n { 0: List/Nil; _: (take.some xs n-1) }
take.some xs n = match xs { List/Nil: List/Nil; List/Cons: (List/Cons xs.head (take n xs.tail)) }
main = (take 5 ping)
''', '[0, 1, 0, 1, 0]'),
    endless('A3', '''
nats n = (List/Cons n (nats (+ n 1)))
main = match xs = (nats 0) { List/Nil: 9; List/Cons: xs.head }
''', '0', note='nets grow until they run out of memory'),
    endless('A4', COUNT_TAIL + '''
count n = (n, λ* (count (+ n 1)))
main = (hd (count 3))
''', '3', note='the body captures n, so nets reduce it at once'),
    same('A5', COUNT_TAIL + '''
count n = (n, λgo switch go { 0: 0; _: (count (+ n 1)) })
main = (hd (tl (tl (count 3))))
''', '5'),
    same('A6', '''
count n = (n, n, next)
next n = (count (+ n 1))
hd s = let (a, b, c) = s; a
tl s = let (a, b, c) = s; (c b)
main = (hd (tl (tl (count 3))))
''', '5'),
    same('A7', SPIN + 'f = (λ* 5 (spin 1))\nmain = (+ f 0)\n', '5', note='the argument is floated'),
    endless('A8 main', SPIN + 'main = (λ* 5 (spin 1))\n', '5', note='nothing of main is floated'),
    endless('A8 expanded', SPIN + 'f = (λ* 5 (spin 1))\nmain = f\n', '5', note='main expands f'),
    endless('A9', SPIN + 'f y = (λ* 5 (spin y))\nmain = (+ (f 1) 0)\n', '5', note='the argument captures y'),
    same('A10', SPIN + AND + 'go x = (and x (spin 1))\nmain = (go 0)\n', '0'),
    endless('A11', SPIN + AND + 'go x = (and x (spin x))\nmain = (go 0)\n', '0'),
    same('A12', SPIN + PAIR + 'p = (1, (spin 1))\nmain = (fst p)\n', '1'),
    endless('A12 not floated', SPIN + PAIR + 'p = (1, (spin 1))\nmain = (fst p)\n', '1',
            flags=('no-float-combinators',)),
    endless('A13', SPIN + PAIR + 'p y = (y, (spin y))\nmain = (fst (p 1))\n', '1'),
    same('A14', '''
def spin(x):
  return spin(x + 1)

def go():
  y = spin(1)
  return 5

def main():
  return go() + 0
''', '5'),
    endless('A15', '''
def spin(x):
  return spin(x + 1)

def f(n, x):
  y = spin(x)
  if n:
    return y
  else:
    return 5

def main():
  return f(0, 1)
''', '5', note='a binding before `if` is strict'),
    same('A16', SPIN + 'f n x = switch n { 0: 5; _: (spin x) }\nmain = (f 0 1)\n', '5'),
    endless('A16 not linear', SPIN + 'f n x = switch n { 0: 5; _: (spin x) }\nmain = (f 0 1)\n', '5',
            flags=('no-linearize-matches',)),
    same('A17', SPIN + 'go x = use y = (spin x); x\nmain = (go 5)\n', '5', note='an unused `use` is nothing'),
    endless('A18', SPIN + FORCE + 'delay x = λ* (spin x)\nmain = (f 0 (delay 1))\n', '5'),
    same('A19', SPIN + FORCE + 'late x u = switch u { 0: (spin x); _: x }\nmain = (f 0 (late 1))\n', '5'),
    same('A20', SPIN + FORCE + 'go x = (f x λ* (spin 1))\nmain = (go 0)\n', '5', note='a closed lambda is floated'),
    same('A21', '''
sum n = switch n { 0: 0; _: (+ (+ n-1 1) (sum n-1)) }
caf = (sum 100)
main = (λx (+ x x) caf)
''', '10100', note='evaluated once although used twice'),
    same('A21 used once', '''
sum n = switch n { 0: 0; _: (+ (+ n-1 1) (sum n-1)) }
caf = (sum 100)
main = (λx (+ x 1) caf)
''', '5051'),
    same('A21 not copied', SUM + 'both x = (x, x)\ngo k = (k, caf)\nmain = (go (both 1))\n', '((1, 1), caf)'),
    restart('A21 copied', SUM + 'both x k = (x, x, k)\ngo k = (both caf k)\nmain = (go 1)\n', '(5050, (5050, 1))'),
    restart('A21 copied in a tuple', SUM + 'both x k = (x, x, k)\ngo k = (both (caf, 2) k)\nmain = (go 1)\n',
            '((5050, 2), ((5050, 2), 1))'),
    restart('A21 copied in a function', SUM + '''
both f k = (f, f, k)
go k = (both λx [x, k, caf] k)
main = (go 1)
''', '(λa [a, 1, 5050], (λb [b, 1, 5050], 1))'),
    same('A22', 'z = (/ 1 0)\nmain = (λ* 5 z)\n', '5'),
    Row('A23', 'd x = (/ 1 x)\ngo x = (λ* 5 (d x))\nmain = (go 0)\n', ENDLESS, ('5',), fails='division-by-zero',
        note='the direct engine may skip the argument'),
)


# ---- B: numbers and their types --------------------------------------------------------------

NUMBERS = (
    same('B1 let', 'main = let x = 1.5; (+ x 1)\n', '4177921', note='a `let` used once is substituted first'),
    same('B1 use', 'main = use x = 1.5; (+ x 1)\n', '4177921'),
    same('B2 lambda', 'main = (λx (+ x 1) 1.5)\n', '1.500'),
    same('B2 function', 'inc x = (+ x 1)\nmain = (inc 1.5)\n', '1.500', note='inlining must not make this B1'),
    same('B2 twice', 'main = let x = 1.5; ((+ x 1), (+ x 1))\n', '(1.500, 1.500)'),
    same('B3 float first', ADD + 'main = (add 1.5 1)\n', '4177921'),
    same('B3 float second', ADD + 'main = (add 1 1.5)\n', '1.500'),
    same('B3 signed', ADD + 'main = (add 5 -7)\n', '-2'),
    same('B4 large', LESS + 'main = (lt 16777215 -1)\n', '0'),
    same('B4 negative', LESS + 'main = (lt -1 0)\n', '0'),
    same('B4 float', LESS + 'main = (lt 1 1.0)\n', '1'),
    same('B5 zero', COUNTDOWN + 'main = (f 0.0)\n', '100'),
    same('B5 negative zero', COUNTDOWN + 'main = (f -0.0)\n', '8388607'),
    same('B5 one', COUNTDOWN + 'main = (f 1.0)\n', '4161535'),
    same('B5 minus one', COUNTDOWN + 'main = (f -1)\n', '16777214'),
    same('B5 signed zero', COUNTDOWN + 'main = (f +0)\n', '100'),
    same('B6', 'main = (7 λx x)\n', '7'),
    same('B7 pair', 'main = let (a, b) = 5; (+ a b)\n', '10'),
    Row('B7 triple', 'main = let (a, b, c) = 5; (a, b, c)\n', '5', ('5', '(5, (5, 5))'),
        note='eta joins the parts again'),
    same('B7 triple without eta', 'main = let (a, b, c) = 5; (a, b, c)\n', '(5, (5, 5))', 'no-eta'),
    same('B7 copies', 'main = let {a b} = 5; (+ a b)\n', '10'),
    same('B8', '''
walk d t = switch d { 0: t; _: (walk.go t d-1) }
walk.go (a, b) d = (+ (walk d a) (walk d b))
main = (walk 3 7)
''', '56', note='a number is a tree of itself'),
)


# ---- C: constructors, patterns, shapes -------------------------------------------------------

SUM = 'f x = (x λt λv λw (+ t (+ v w)))\nmain = (f (Box/Mk 7 8))\n'
PARTS = 'main = ((Box/Mk 7 8) λt λv λw (t, v, w))\n'
TWO_TYPES = '''
type Ca = Xa | (Xb v)
type Cb = Ya | (Yb v)
f x = match x { Ca/Xa: 1; Ca/Xb: (+ x.v 1) }
main = ((f (Cb/Yb 41)), (f Cb/Ya))
'''

SHAPES = (
    same('C1', BOX + PARTS, '(Box/Mk/tag, (7, 8))', note='the tag is a reference'),
    same('C1 without fields', BOX + 'main = (Box/None λt t)\n', 'Box/None/tag'),
    same('C1 scott', BOX + PARTS, 'λa (a 7 8)', 'adt-scott'),
    same('C2', BOX + SUM, '16'),
    same('C2 scott', BOX + SUM, 'λa (a 7 8)', 'adt-scott'),
    same('C3', BOX + 'main = ((Box/Mk 7 8) λt switch t { 0: 100; _: λ* λv λw (+ v w) })\n', 'λa (+ 8 a)'),
    same('C4', 'type P = (Mk a b c)\nmain = (P/Mk 1 2)\n', 'λa λb (b P/Mk/tag 1 2 a)'),
    same('C5', '''
foldr f z xs = match xs { List/Nil: z; List/Cons: (f xs.head (foldr f z xs.tail)) }
main = (foldr List/Cons [9] [1, 2])
''', '[1, 2, 9]'),
    same('C6', 'main = match x = 3 { List/Nil: 10; List/Cons: 20 }\n', '3'),
    restart('C7', 'main = match x = λy y { List/Nil: 10; List/Cons: 20 }\n',
            'λa switch a = a { 0: 10; _: λ* λ* 20; }'),
    same('C8', TWO_TYPES, '(42, 1)'),
    same('C8 scott', TWO_TYPES, '(42, 1)', 'adt-scott'),
    same('C9', 'type C = R | G | (B v)\nmain = match x = (C/B 4) { List/Nil: 10; List/Cons: x.head }\n', 'λ* 4',
         note='the last arm takes all larger tags'),
    restart('C10 pair', 'main = switch x = (1, 2) { 0: 10; _: 20 }\n', '(10, 20)'),
    restart('C10 lambda', 'main = switch x = λy y { 0: 10; _: 20 }\n', 'λa a'),
    restart('C11 number and pair', 'main = (+ 1 (2, 3))\n', '(3, 4)'),
    restart('C11 pairs', 'main = (+ (1, 2) (3, 4))\n', '(4, 6)'),
    restart('C11 lambda', 'main = (+ 1 λx x)\n', 'λa a'),
    restart('C12 pair applied', 'main = ((1, 2) 3)\n', '2'),
    restart('C12 lambda taken apart', 'main = let (a, b) = λx (+ x 1); (a, b)\n', 'λa (+ 1 a)'),
    restart('C12 constructor taken apart', BOX + 'main = let (a, b) = (Box/Mk 7 8); b\n', '*'),
    same('C13 pair', 'main = let (a, b) = (1, 2, 3); b\n', '(2, 3)'),
    Row('C13 triple', 'main = let (a, b, c) = (1, 2); (a, b, c)\n', '(1, 2)', ('(1, 2)', '(1, (2, 2))'),
        note='eta joins the parts again'),
    restart('C14', 'inc x = (+ x 1)\nmain = (== inc 3)\n', 'λa (== 3 a)'),
    same('C15', '''
def outer(k, b):
  def go(n):
    def twice(m):
      return m * 2 + k
    switch n:
      case 0:
        return b
      case _:
        return twice(n) + go(n-1)
  return go(3)

def main():
  return outer(10, 1)
''', '43'),
    same('C16', '''
def main():
  bend n = 0:
    when n < 3:
      f = fork(n + 1)
      r = lambda x: f(x + n)
    else:
      r = lambda x: x
  return r(10)
''', '13'),
    same('C17', 'inc x = (+ x 1)\nmk x = {x (+ x 10)}\nmain = (inc (mk 1))\n', '{2 12}', way=Way.NETS),
    same('C17 length', '''
len xs = match xs { List/Nil: 0; List/Cons: (+ 1 (len xs.tail)) }
main = (len {[1] [1, 2, 3]})
''', '{1 3}', way=Way.NETS),
)


# ---- D: what is printed ----------------------------------------------------------------------

PRINTING = (
    same('D1', 'compute = (+ 1 2)\ngo x = (x, compute)\nmain = (go 1)\n', '(1, compute)'),
    same('D1 imp', '''
def compute():
  return 1 + 2

def go(x):
  return Maybe/Some(compute())

def main():
  return go(1)
''', 'λa (a Maybe/Some/tag compute)'),
    same('D2', SPIN + 'go x = (x, λy (spin (+ y 1)))\nmain = (go 1)\n', '(1, λa (spin (+ a 1)))',
         note='folded, never run'),
    endless('D2 main', SPIN + 'main = (1, λy (spin (+ y 1)))\n'),
    same('D3', CLIMB + 'go x = (x, λn (f n 3))\nmain = (go 1)\n', '(1, λa (f a 3))'),
    same('D4', CLIMB + 'main = λk (f 3 k)\n', 'λa (+ 1 (+ 1 (+ 1 a)))'),
    Row('D5', CLIMB + 'main = λn (f n 3)\n', 'λa (switch a = a { 0: λb b; _: f__C0; } 3)',
        ('λa (switch a = a { 0: λb b; _: f__C0; } 3)',), is_unreadable=True, note='the arm stays as written'),
    same('D6', 'loop = λx (loop x)\nmain = (1, loop)\n', '(1, loop)'),
    endless('D6 without eta', 'loop = λx (loop x)\nmain = (1, loop)\n', flags=('no-eta',)),
    same('D7 pair in a lambda', 'go x = λa (a, a)\nmain = (go 1)\n', 'λa λb a',
         note='pairs and lambdas are one kind of node'),
    same('D7 eraser in a pair', 'main = (*, 1)\n', 'λ* 1'),
    same('D8', 'main = λx (+ x 1.5)\n', 'λa (+ 4177920 a)'),
    same('D9', '''
def main():
  m = {1: 10}
  return m[2]
''', 'unreachable', note='a folded reference to the eraser'),
)


# ---- E: actions are data until they are returned ---------------------------------------------

def _printing(text: str) -> str:
    """How the action of `IO/print` is shown."""
    return (f'λa (a IO/Call/tag IO/MAGIC "WRITE_TEXT" (IO/FS/STDOUT, "{text}") λb (b λc switch c = c '
            '{ 0: λd (IO/Done IO/MAGIC (Result/Ok d)); _: λe (IO/Done IO/MAGIC (Result/Err e)); } '
            'IO/map__M0 IO/print.done))')


ACTIONS = (
    same('E1 pair', '''
def main():
  return (1, IO/print("x"))
''', f'(1, {_printing("x")})'),
    same('E1 list', '''
def main():
  return [IO/print("x"), IO/print("y")]
''', f'[{_printing("x")}, {_printing("y")}]'),
    same('E2', r'''
def main():
  with IO:
    a = IO/print("hey\n")
    * <- a
    * <- a
    return wrap(7)
''', 'λa (a IO/Done/tag IO/MAGIC 7)', output='hey\nhey\n'),
    same('E3', r'''
def main():
  with IO:
    a = IO/print("never\n")
    * <- IO/print("other\n")
    return wrap(7)
''', 'λa (a IO/Done/tag IO/MAGIC 7)', output='other\n'),
    same('E4', '''
def act(n):
  with IO:
    * <- IO/print("p")
    return wrap(n)

def main():
  acts = [act(1), act(2)]
  with IO:
    match acts:
      case List/Cons:
        n <- acts.head
        return wrap(n)
      case List/Nil:
        return wrap(0)
''', 'λa (a IO/Done/tag IO/MAGIC 1)', output='p'),
)


# ---- G: copies of functions that copy --------------------------------------------------------

COPIES = (
    same('G1', '''
map f xs = match xs { List/Nil: List/Nil; List/Cons: (List/Cons (f xs.head) (map f xs.tail)) }
go k = (map λx (+ (* x x) k) [1, 2, 3])
main = (go 1)
''', '[2, 5, 10]'),
    same('G2', 'twice = λf λx (f (f x))\nmain = ((twice twice) λx (+ x 3) 10)\n', '22'),
    same('G3', 'two f = [f, f]\ndupper x = (x x)\nmain = (two dupper)\n', '[dupper, dupper]',
         note='a copied reference stays folded'),
    same('G4', 'compose f g = λx (f (g x))\ntwice f = (compose f f)\nmain = ((twice (twice λx (+ x 3))) 10)\n', '22'),
)

ROWS = (*LAZINESS, *NUMBERS, *SHAPES, *PRINTING, *ACTIONS, *COPIES)
