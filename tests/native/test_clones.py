"""Copies of functions that copy their variables: right on all engines, or warned of (spec 08, 6; 09, group G)."""

from __future__ import annotations

from random import Random

import pytest

from bend import compiling, driver, running
from bend.engines import Engine
from bend.hvm.reduce import OutOfBudget, reduce
from bend.options import RUN_SEVERITIES, Options
from bend.passes import PassManager
from bend.runtime.cache import Cache
from bend.source import Source
from tests.hvm.cloning_terms import Terms

MAP = 'map f [] = []\nmap f (List/Cons h t) = (List/Cons (f h) (map f t))\n'
TWICE = 'twice = λf λx (f (f x))\n'

# Right on nets, because labels differ or a name stays folded, and without a warning.
RIGHT = [
    ('main = let f = λx (x, x); ((f 1), (f 2))', '((1, 1), (2, 2))'),
    ('main = let f = λx (+ x x); ((f 1), (f 2))', '(2, 4)'),
    ('dup = λx (x, x)\napp = λf ((f 1), (f 2))\nmain = (app dup)', '((1, 1), (2, 2))'),
    ('sq = λx (* x x)\nmain = let {f g} = sq; ((f 3), (g 4))', '(9, 16)'),
    ('main = let {f g} = λx (* x x); ((f 3), (g 4))', '(9, 16)'),
    (MAP + 'main = (map λx (+ x x) [1, 2, 3])', '[2, 4, 6]'),
    (MAP + 'go k = (map λx (+ (* x x) k) [1, 2, 3])\nmain = (go 1)', '[2, 5, 10]'),
    ('two f = [f, f]\ndupper x = (x x)\nmain = (two dupper)', '[dupper, dupper]'),
    ('compose f g = λx (f (g x))\ntwice f = (compose f f)\nmain = ((twice (twice λx (+ x 3))) 10)', '22'),
]

# Right because of fresh labels, which is not proved: with a warning.
LUCKY = [
    (TWICE + 'main = ((twice twice) λx (+ x 3) 10)', '22'),
    (TWICE + 'main = ((twice (twice twice)) λx (+ x 3) 10)', '58'),
]

# Superpositions keep their meaning (spec 08, section 5).
SUPERPOSED = [
    ('main = (+ {1 2} {10 20})', '{11 22}'),
    ('main = let x = {1 2}; (x, x)', '(1, 2)'),
    ('main = let {a b} = {{1 2} {3 4}}; (a, b)', '({1 2}, {3 4})'),
    ('main = (λa λb (* a b) {2 3} {5 7})', '{10 21}'),
    ('main = ({λx (+ x 1) λx (* x 2)} {10 20})', '{11 40}'),
    ('main = let f = λ$x 1; ((f 2), ((f 3), $x))', '(1, (1, {2 3}))'),
    ('inc x = (+ x 1)\nmk x = {x (+ x 10)}\nmain = (inc (mk 1))', '{2 12}'),
]


def compiled(text: str, engine: Engine) -> compiling.Program:
    request = driver.Request(Source('test.bend', text), Options(), RUN_SEVERITIES, is_run=True)
    return compiling.compile_program(request, engine, PassManager(Options()), Cache(None), cached=False)


def results(text: str) -> tuple[set[str | None], set[int], bool]:
    """What the engines print, the interactions that they count, and whether there is a warning."""
    texts, counts, warned = set(), set(), False
    engines: list[tuple[Engine, int]] = [('reference', 1), ('net', 1), ('net', 2), ('net', 8)]
    programs = {engine: compiled(text, engine) for engine in ('reference', 'net')}
    for engine, threads in engines:
        program, resources = programs[engine], running.Resources(threads, 1 << 28)
        result = running.execute(program.artifact, engine, resources)
        texts.add(running.show_result(program, result, resources, 'default', False)[0])
        counts.add(result.interactions)
        warned = warned or any(found.code == 'clones-cloning-function' for found in program.diagnostics)
    return texts, counts, warned


@pytest.mark.parametrize(('text', 'expected'), RIGHT + SUPERPOSED)
def test_right_without_warning(text: str, expected: str) -> None:
    texts, counts, warned = results(text)
    assert (texts, len(counts), warned) == ({expected}, 1, False)


@pytest.mark.parametrize(('text', 'expected'), LUCKY)
def test_right_with_fresh_labels(text: str, expected: str) -> None:
    texts, counts, warned = results(text)
    assert (texts, len(counts), warned) == ({expected}, 1, True)


@pytest.mark.parametrize('text', [
    'main = let t = λf λx (f (f x)); (t t)',
    'main = let t = λf λx (f (f x)); (t t λn (+ n 1) 0)',
    'main = let d = λx (x x); (d d)',
])
def test_warned_of_where_labels_do_not_help(text: str) -> None:
    found = compiled(text, 'reference').diagnostics
    assert [diagnostic.code for diagnostic in found] == ['clones-cloning-function']
    assert found[0].labels


@pytest.mark.parametrize('seed', range(40))
def test_random_terms_are_right_or_warned_of(seed: int) -> None:
    text, expected = Terms(Random(seed)).program()
    program = compiled(text, 'reference')
    if program.diagnostics:
        return
    try:
        result = reduce(program.artifact, 50_000)
    except OutOfBudget:
        return
    resources = running.Resources()
    run = running.RunResult(result.net, result.interactions, 0.0, 0)
    assert running.show_result(program, run, resources, 'default', False)[0] == str(expected)
