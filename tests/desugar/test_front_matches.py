"""Rules to matches, and matches to one arm for each constructor; their warnings and errors."""

from __future__ import annotations

import pytest
from front import body, codes, findings

RULES = [
    ('f 2 = 10\nf 5 = 20\nf n = n', 'λa switch (- a 2) { 0: 10; _ b: switch (- b 2) { 0: 20; _ c: (+ c 6); }; }'),
    ('f 5 = 20\nf 2 = 10\nf n = n', 'λa switch (- a 2) { 0: 10; _ b: switch (- b 2) { 0: 20; _ c: (+ c 6); }; }'),
    ('f 0 = 10\nf n = (f (- n 1))', 'λa switch a { 0: 10; _ b: (f b); }'),
    ('f 0x10 = 1\nf n = 2', 'λa switch (- a 16) { 0: 1; _ b: 2; }'),
    ('f 0 1 = 5\nf n m = (n, m)',
     'λa λb switch a with c = b { 0: switch (- c 1) { 0: 5; _ d: (0, (+ d 2)); }; _ e: ((+ e 1), c); }'),
    ('f (a, b) [] = a\nf (a, b) c = b', 'λa λb let (c, d) = a; match b with e = c, f = d '
                                        '{ List/Nil: e; List/Cons g h: f; }'),
    ('f (a, b) = a\nf c = c', 'λa let (b, c) = a; b'),
    ('f $x y = (+ y $x)', 'λa λb let $x = a; (+ b $x)'),
    ('f * = 1', 'λa 1'),
    ('f (List/Cons 2 t) = t\nf x = x', 'λa match a { List/Nil: []; List/Cons b c: switch (- b 2) with d = c '
                                       '{ 0: d; _ e: (List/Cons (+ e 3) d); }; }'),
    ('f ((a, b), 0) = a\nf x = x', 'λa let (b, c) = a; let (d, e) = b; switch c with f = d, g = e '
                                   '{ 0: f; _ h: ((f, g), (+ h 1)); }'),
    ('f [a] = a\nf x = x', 'λa match a { List/Nil: []; List/Cons b c: match c with d = b '
                           '{ List/Nil: d; List/Cons e f: (List/Cons d (List/Cons e f)); }; }'),
]


@pytest.mark.parametrize(('rules', 'expected'), RULES)
def test_rules(rules: str, expected: str) -> None:
    assert body(rules + '\nmain = 1\n', 'f') == expected


MATCHES = [
    ('match l { List/Cons: l; List/Nil: l }', 'match a { List/Nil: []; List/Cons b c: (List/Cons b c); }'),
    ('match l { List/Nil: 0; x: x }', 'match a { List/Nil: 0; List/Cons b c: (List/Cons b c); }'),
    ('match l { List/Nil: 0; *: l }', 'match a { List/Nil: 0; List/Cons b c: (List/Cons b c); }'),
    ('match x = (l 1) { List/Nil: 0; List/Cons: x.head }', 'match (a 1) { List/Nil: 0; List/Cons b c: b; }'),
    ('match (l 1) { List/Nil: 0; y: y }', 'match (a 1) { List/Nil: 0; List/Cons b c: (List/Cons b c); }'),
    ('match l { Foo: (Foo, l); List/Nil: 1 }', '(a, a)'),
    ('match l { *: 5; List/Nil: 1 }', '5'),
    ('match l with y = 3 { List/Nil: y; List/Cons: y }', 'match a with b = 3 { List/Nil: b; List/Cons c d: b; }'),
    ('switch l { 0: l; 1: l; _: (l, l-2) }', 'switch a { 0: 0; 1: 1; _ b: ((+ b 2), b); }'),
    ('fold l { List/Nil: 0; List/Cons: (+ l.head l.tail) }', 'fold a { List/Nil: 0; List/Cons b c: (+ b c); }'),
]


@pytest.mark.parametrize(('term', 'expected'), MATCHES)
def test_matches(term: str, expected: str) -> None:
    assert body(f'f l = {term}\nmain = 1\n', 'f') == 'λa ' + expected


FINDINGS = [
    ('f 0 = 1\nf 1 = 2', ['non-exhaustive']),
    ('type Coin = Head | Tail\nf Coin/Head = 1', ['non-exhaustive']),
    ('f x = match x { List/Nil: 1 }', ['non-exhaustive']),
    ('f x = match x { List/Nil: 0; String/Cons: 1; List/Cons: 2 }', ['wrong-constructor']),
    ('odd 0 = 1\nodd [] = 2\nodd x = 3', ['pattern-mismatch']),
    ('f (a, b) = 1\nf (a, b, c) = 2', ['pattern-mismatch']),
    ('f a a = a', ['repeated-bind']),
    ('f _ _ = 1', ['repeated-bind']),
    ('f * * = 1', []),
    ('f x = 1\nf 0 = 2', ['unreachable-match']),
    ('f x = match x { List/Nil: 0; List/Nil: 1; y: 2; List/Cons: 3 }', ['redundant-match', 'unreachable-match']),
    ('f x = match x { Foo: 0; List/Nil: 1 }', ['irrefutable-match']),
    ('f x = match x { List/Nil: 0; List/Con: 1 }', ['misspelt-constructor']),
]


@pytest.mark.parametrize(('rules', 'expected'), FINDINGS)
def test_findings(rules: str, expected: list[str]) -> None:
    assert codes(rules + '\nmain = 1\n') == expected


def test_the_last_of_repeated_variables_counts() -> None:
    assert body('f a a = a\nmain = 1\n', 'f') == 'λa λb b'


def test_findings_have_a_place_and_the_users_function() -> None:
    text = 'def outer():\n  def inner(x):\n    match x:\n      case List/Nil:\n        return 1\n  return inner([])\n'
    (finding,) = findings(text + 'def main():\n  return 1\n')
    assert finding.definition == 'outer'
    assert finding.labels[0].span.position == (3, 5)
    assert 'List/Cons' in finding.message
