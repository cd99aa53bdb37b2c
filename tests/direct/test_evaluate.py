"""The evaluator of the direct engine in Python: the rows of spec 09, random programs, what needs nets."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from random import Random
from typing import Literal

import pytest

from bend.codegen.direct.eta import eta_reduce
from bend.deep_stack import with_deep_stack
from bend.desugar import core
from bend.diagnostics import BendError
from bend.driver import Compiled, Request, compile_source
from bend.hvm import net
from bend.hvm.readback import book_info, readback
from bend.hvm.reduce import reduce
from bend.hvm.show import show_main
from bend.options import RUN_SEVERITIES, Options, Readback
from bend.passes import PassManager
from bend.runtime.cache import Cache
from bend.runtime.direct.encode_result import Results, evaluate
from bend.runtime.direct.values import MaybeCopied, WrongShape
from bend.source import Source
from tests.direct.open_terms import Terms
from tests.direct.spec_09 import ACTIONS, ROWS, Row, Way
from tests.golden.cases import ROOT, without_names
from tests.native.programs import WILD, program

BUDGET = 20_000
JUDGED = [row for row in ROWS if row not in ACTIONS]


@cache
def options_of(*flags: str) -> Options:
    """Options without a type check."""
    return Options(type_check=False).with_flags(flags)


@pytest.fixture(scope='module')
def files(tmp_path_factory: pytest.TempPathFactory) -> Cache:
    """Keeps the prelude."""
    return Cache(Path(tmp_path_factory.mktemp('cache')))


def compiled(text: str, files: Cache, *flags: str, engine: Literal['net'] | None = None) -> Compiled:
    """A program, with nets if these are asked for."""
    options = options_of(*flags)
    request = Request(Source('test.bend', text), options, RUN_SEVERITIES, is_run=True)
    return compile_source(request, PassManager(options), files, engine)


def evaluated(book: core.Book, *flags: str, form: Readback = 'lambda', linear: bool = False) -> str:
    """What a program gives."""
    options = options_of(*flags)
    name = book.entry or ''
    info = book_info(book, net.Book({}), options.encoding)
    term = with_deep_stack(lambda: evaluate(book, name, options, form, linear=linear, budget=BUDGET))
    return show_main(term, form, False, info) or ''


def shown(text: str, files: Cache, *flags: str, form: Readback = 'lambda', linear: bool = False) -> str:
    """What a program gives."""
    return evaluated(compiled(text, files, *flags).book, *flags, form=form, linear=linear)


def both(text: str, files: Cache) -> tuple[str, str]:
    """What a program gives, and what it gives on nets; skips what only nets can do, or cannot."""
    program = compiled(text, files, engine='net')
    try:
        reduced = reduce(program.final_nets, BUDGET)
        here = evaluated(program.book)
    except (BendError, MaybeCopied, WrongShape) as problem:
        pytest.skip(str(problem))
    info = book_info(program.book, program.final_nets)
    return here, show_main(readback(reduced.net, info), 'lambda', False, info) or ''


# ---- spec 09 ---------------------------------------------------------------------------------


@pytest.mark.parametrize('row', [row for row in JUDGED if row.way is Way.DIRECT], ids=lambda row: row.name)
def test_rows_of_the_agreement(row: Row, files: Cache) -> None:
    try:
        text = shown(row.program, files, *row.flags)
    except BendError as problem:
        # Only where nets do not end well either.
        assert row.net is None
        assert problem.diagnostics[0].code == (row.fails or 'out-of-budget')
        return
    assert without_names(text) in map(without_names, row.direct)


@pytest.mark.parametrize('row', [row for row in JUDGED if row.way is not Way.DIRECT], ids=lambda row: row.name)
def test_wrong_shapes_and_superpositions_are_for_nets(row: Row, files: Cache) -> None:
    try:
        text = shown(row.program, files, *row.flags)
    except MaybeCopied as problem:
        assert problem.name in ('caf', 'go__C0')
        return
    except WrongShape as problem:
        assert problem.reason
        return
    # Eta may take the wrong shape away.
    assert row.name == 'C12 lambda taken apart'
    assert without_names(text) in map(without_names, row.direct)


def test_stuck_switches_say_that_their_arms_are_folded(files: Cache) -> None:
    row = next(row for row in ROWS if row.name == 'D5')
    results = Results(eta_reduce(compiled(row.program, files).book), options_of())
    _, problems = with_deep_stack(lambda: results.read(results.evaluator.constant('main'), 'lambda'))
    assert ['invalid switch' in problem.message for problem in problems] == [True]


# ---- forms -----------------------------------------------------------------------------------


@pytest.mark.parametrize(('text', 'expected'), [
    ('compute = (+ 1 2)\ngo x = (x, compute)\nmain = (go 1)', '(1, 3)'),
    ('ones = (List/Cons 1 ones)\ngo x = (x, ones)\nmain = (go 2)', '(2, List/Cons(1, ones))'),
    ('z = (/ 1 0)\nf x = (x, z)\nmain = (f 1)', '(1, z)'),
    ('inc x = (+ x 1)\nalias = inc\nf x = (x, inc, alias)\nmain = (f 1)', '(1, (inc, inc))'),
    ('f x = (x, λy (+ x y))\nmain = (f 1)', '(1, λa (+ 1 a))'),
    ('main = (*, 1)', '(*, 1)'),
    ('type T = A | (B x)\nf x = [T/A, (T/B x)]\nmain = (f -3)', '[T/A, T/B(-3)]'),
    ('main = Maybe/Some', 'λa Maybe/Some(a)'),
    ('f x = [x, Maybe/Some]\nmain = (f Maybe/None)', '[Maybe/None, Maybe/Some]'),
    ('main = λx λy let {a b} = (+ x y); (* a b)', 'λa λb (* (+ a b) (+ a b))'),
    ('main = λx (<= x 2)', 'λa (== 0 (< 2 a))'),
])
def test_default_form(text: str, expected: str, files: Cache) -> None:
    assert shown(text, files, form='default') == expected


def test_shared_values_stay_shared_in_the_linear_form(files: Cache) -> None:
    text = shown('main = λx λy let {a b} = (+ x y); (* a b)', files, linear=True)
    assert without_names(text) == without_names('λa λb let {c d} = (+ a b); (* c d)')


def test_a_constant_that_may_be_copied_is_for_nets_in_the_lambda_form_only(files: Cache) -> None:
    row = next(row for row in ROWS if row.name == 'A21 copied')
    assert shown(row.program, files, form='default') == '(5050, (5050, 1))'
    with pytest.raises(MaybeCopied):
        shown(row.program, files)


def test_deep_data(files: Cache) -> None:
    up = 'up n xs = switch n { 0: xs; _: (up n-1 (Box n-1 xs)) }\n'
    text = f'type List2 = End | (Box/Cell n xs)\n{up.replace("Box", "Box/Cell")}main = (up 6000 End)'
    text = text.replace('List2 = End | (Box/Cell n xs)', 'Box = End | (Cell n xs)').replace(' End)', ' Box/End)')
    assert shown(text, files, form='default').startswith('Box/Cell(0, Box/Cell(1, ')
    assert shown(text, files).count('Box/Cell/tag') == 6000


# ---- random programs -------------------------------------------------------------------------


@pytest.mark.parametrize('seed', range(12))
def test_random_programs_agree_with_nets(seed: int, files: Cache) -> None:
    text = program(Random(seed), WILD if seed % 5 == 0 else 0)
    here, on_nets = both(text, files)
    assert without_names(here) == without_names(on_nets), text


def is_misread(text: str) -> bool:
    """Whether nets show a function as a tuple: an application of its parameter that was dropped stays with that, and
    then looks like a first part that ends with `*`."""
    return re.search(r', \*\), ', text) is not None


def folded(text: str) -> str:
    """A result with constructors without fields by their names. Nets open those that the entry returns as it is
    written, the evaluator as it is after eta reduction."""
    return re.sub(r'λ(\w+) \(\1 ([\w/]+)/tag\)', r'\2', text)


@pytest.mark.parametrize('body', ['(drop (both y))', '(drop ((+ y 1), 2))', '(drop switch y { 0: y; _: y-1 })',
                                  '(drop (both (both y)))', 'let (a, b) = y; (drop (both b))'])
def test_a_parameter_of_which_all_is_dropped_does_not_show(body: str, files: Cache) -> None:
    """What is left of it on nets is no first part of a tuple."""
    text = f'drop * = 7\nboth x = (x, x)\nmain = λy {body}'
    assert both(text, files) == ('λ* 7', 'λ* 7')


@pytest.mark.parametrize('seed', range(30))
def test_functions_are_shown_as_nets_show_them(seed: int, files: Cache) -> None:
    terms = Terms(Random(seed))
    text = terms.program()
    here, on_nets = both(text, files)
    if is_misread(on_nets):
        pytest.skip('nets show what was dropped')
    assert without_names(folded(here)) == without_names(folded(on_nets)), text


# ---- recorded results ------------------------------------------------------------------------


EVALUATED = sorted(path for path in (ROOT / 'run').glob('*/*.bend')
                   if path.parent.name in ('lambdas', 'readback')
                   and 'options:' not in path.read_text(encoding='utf-8'))


@pytest.mark.parametrize('path', EVALUATED, ids=lambda path: f'{path.parent.name}/{path.stem}')
def test_recorded_results(path: Path, files: Cache) -> None:
    """The default form is that of `bend run`, to the letter."""
    recorded = re.match(r'Result: (.*)\n', path.with_suffix('.out').read_text(encoding='utf-8'))
    if recorded is None:
        pytest.skip('no result')
    try:
        text = shown(path.read_text(encoding='utf-8'), files, form='default')
    except WrongShape as problem:
        pytest.skip(problem.reason)
    assert text == recorded[1]
