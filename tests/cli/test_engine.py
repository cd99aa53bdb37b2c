"""`--engine`: what is run, what is told about it, and what happens where the direct engine cannot go on."""

from __future__ import annotations

import importlib
import json
import pickle
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

import bend as api
from bend import running
from bend.cli.arguments import UsageError, parse_bend, parse_hvm
from bend.codegen.direct.ir import Unsupported
from bend.hvm.net import Place
from bend.hvm.numbers import DivisionByZero, Number, word_of
from bend.hvm.result import Number as NumberTerm
from bend.hvm.result import Term
from bend.runtime.cache import Cache
from bend.runtime.direct import host
from bend.runtime.direct.program import DirectProgram
from bend.runtime.direct.values import WrongShape
from bend.runtime.region import OutOfMemory

Command = Callable[..., Any]
Write = Callable[[str], str]

ADD = 'def main(a, b):\n  return a + b\n'
SUPERPOSED = 'main = {1 2}\n'
CLONING = 'twice = λf λx (f (f x))\nmain = ((twice twice) λx (+ x 3) 10)\n'


@dataclass
class Engine:
    """A direct engine that only claims to run programs: every result is 42."""

    problem: Exception | None = None
    refused: str = ''
    compiled: list[dict[str, bool]] = field(default_factory=list)
    threads: list[int] = field(default_factory=list)
    seconds: float = 0.25
    peak_bytes: int = 4 << 20
    stop_detail: int = 0

    def compile(self, book: object, files: Cache, **how: bool) -> DirectProgram:
        self.compiled.append(how)
        if self.refused:
            raise Unsupported(self.refused)
        return DirectProgram(b'', (None,), (), ('main',), {}, pickle.dumps(()), b'', 1, how['parallel'],
                             how['budgeted'], ('up', 'down'))

    @contextmanager
    def open_run(self, program: DirectProgram, threads: int, memory_limit: int,
                 watcher: object) -> Iterator[Engine]:
        self.threads.append(threads)
        self.program = program
        yield self

    def evaluate(self, number: int) -> int:
        if self.problem is not None:
            raise self.problem
        return 42

    def word(self, address: int) -> int:
        raise AssertionError

    def stopped_stack(self) -> None:
        return None

    def workers(self) -> tuple[host.WorkerCount, ...]:
        return (host.WorkerCount(3 << 20, 5, 2, 100, 20, 7), host.WorkerCount(1 << 20, 0, 3, 11, 2, 0))

    def overflows(self) -> Counter[Place | None]:
        return Counter({Place('main'): 3})


class Reader:
    """Reads numbers."""

    def read(self, word: int, readback: str = 'default', *, linear: bool = False) -> tuple[Term, tuple[()]]:
        return NumberTerm(word_of(Number('u24', word))), ()


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    """The pretended engine in the place of the real one."""
    made = Engine()
    # Modules that take names from others must have taken the real ones.
    importlib.import_module('bend.runtime.direct.actions')
    monkeypatch.setattr('bend.codegen.direct.compile.compile_direct', made.compile)
    monkeypatch.setattr('bend.runtime.direct.host.open_run', made.open_run)
    monkeypatch.setattr('bend.runtime.direct.readback.ResultReader', lambda memory, options: Reader())
    return made


@pytest.fixture(autouse=True)
def _empty_cache(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('BEND_CACHE_DIR', str(tmp_path / 'cache'))


# ---- options ---------------------------------------------------------------------------------


def test_options() -> None:
    assert parse_bend(['run', 'f']).engine == 'auto'
    assert parse_hvm(['run', 'f']).engine == 'net'
    for engine in ('auto', 'direct', 'net', 'reference'):
        assert parse_bend(['run', 'f', '--engine', engine]).engine == engine
    for wrong in (['run', 'f', '--engine', 'nets'], ['run', 'f', '--engine', '']):
        with pytest.raises(UsageError, match='There is no engine'):
            parse_bend(wrong)
    for command in ('auto', 'direct'):
        with pytest.raises(UsageError, match='There is no engine'):
            parse_hvm(['run', 'f', '--engine', command])


# ---- choosing --------------------------------------------------------------------------------


def test_auto_runs_directly(engine: Engine, bend: Command, program: Write) -> None:
    outcome = bend('run', program(ADD), '1', '2')
    assert (outcome.code, outcome.out, outcome.err) == (0, 'Result: 42\n', '')
    assert engine.compiled == [{'check_overflow': False, 'parallel': running.is_parallel(0), 'budgeted': False,
                                'eta': True, 'interface': None, 'guesses': False, 'counting': False}]
    assert bend('run', program(ADD), '1', '2', '--engine', 'net').out == 'Result: 3\n'
    assert bend('run', program(ADD), '1', '2', '--engine', 'reference').out == 'Result: 3\n'


def test_programs_are_compiled_once_for_each_way_to_run_them(engine: Engine, bend: Command, program: Write) -> None:
    path = program(ADD)
    for words in (['-t', '1'], ['-t', '2'], ['-t', '3'], ['-t', '1', '-s'], ['-t', '1', '--stats', 'json']):
        assert bend('run', path, '1', '2', *words).code == 0
    ways = [(how['parallel'], how['counting']) for how in engine.compiled]
    assert ways == [(False, False), (True, False), (True, True)]
    assert engine.threads == [1, 2, 3, 1, 1]
    bend('run', path, '1', '2', '-t', '1', '--engine', 'direct')
    bend('run', path, '1', '2', '-t', '1', '--check-overflow')
    assert len(engine.compiled) == 5


def test_superpositions_run_as_nets(engine: Engine, bend: Command, program: Write) -> None:
    path = program(SUPERPOSED)
    for _ in range(2):
        assert bend('run', path).out == 'Result: {1 2}\n'
    outcome = bend('run', path, '--engine', 'direct')
    assert (outcome.code, outcome.out) == (1, '')
    assert outcome.err.startswith('error[needs-nets]: The direct engine cannot run this program, because ')
    assert engine.compiled == []


def test_what_the_direct_engine_does_not_compile_runs_as_nets(engine: Engine, bend: Command, program: Write) -> None:
    engine.refused = 'it is too long'
    path = program(ADD)
    for _ in range(2):
        assert bend('run', path, '1', '2').out == 'Result: 3\n'
    assert len(engine.compiled) == 1, 'the choice is kept with the program'
    assert 'because it is too long' in bend('run', path, '1', '2', '--engine', 'direct').err


def test_findings_about_nets(engine: Engine, bend: Command, program: Write) -> None:
    """What is right on the direct engine is no matter for warnings; what users ask for is found all the same."""
    assert bend('run', program(CLONING)).err == ''
    assert 'clones-cloning-function' in bend('run', program(CLONING), '--engine', 'net').err
    cycle = program('def count(n):\n  return 1 + count(n - 1)\n\ndef main():\n  return count(3)\n')
    assert bend('run', cycle).err == ''
    outcome = bend('run', cycle, '-W', 'recursion-cycle')
    assert (outcome.out, outcome.err.count('warning[recursion-cycle]')) == ('Result: 42\n', 1)
    outcome = bend('run', cycle, '-D', 'all')
    assert (outcome.code, outcome.out) == (1, '')
    assert 'error[recursion-cycle]' in outcome.err
    assert 'after encode' in bend('run', program(ADD), '1', '2', '--dump-after', 'encode').err


# ---- runs that cannot go on ------------------------------------------------------------------


@pytest.mark.parametrize('problem', [host.WrongShape(0), host.BudgetExceeded(), WrongShape('a pair')])
def test_runs_start_again_as_nets(problem: Exception, engine: Engine, bend: Command, program: Write) -> None:
    engine.problem = problem
    path = program(ADD)
    for _ in range(2):
        outcome = bend('run', path, '1', '2')
        assert (outcome.code, outcome.out, outcome.err) == (0, 'Result: 3\n', '')
    assert len(engine.compiled) == 1
    assert bend('run', path, '1', '2', '-s').out.startswith('Result: 3\n- ITRS: ')


def test_results_that_may_be_wrong_are_warned_of(engine: Engine, bend: Command, program: Write) -> None:
    engine.problem = host.BudgetExceeded()
    path = program(CLONING)
    for _ in range(2):
        assert bend('run', path).err.count('warning[clones-cloning-function]') == 1
    denied = bend('run', path, '-D', 'clones-cloning-function')
    assert (denied.code, denied.out) == (1, '')
    assert 'error[clones-cloning-function]' in denied.err


def test_overflows_are_counted_once(engine: Engine, bend: Command, program: Write) -> None:
    path = program('def main(a):\n  return a * 8000000\n')
    assert 'did not fit into 24 bits, 3 times' in bend('run', path, '9', '--check-overflow').err
    engine.problem = host.WrongShape(0)
    assert 'did not fit into 24 bits.' in bend('run', path, '9', '--check-overflow').err
    engine.problem = DivisionByZero(Place('main'))
    outcome = bend('run', path, '9', '--check-overflow')
    assert outcome.code == 1
    assert 'did not fit into 24 bits, 3 times' in outcome.err


@pytest.mark.parametrize(('problem', 'code', 'words'), [
    (host.WrongShape(0), 'wrong-shape', '--engine net'),
    (host.StackOverflow(1), 'stack-overflow', 'down'),
    (host.StackOverflow(2), 'stack-overflow', '--memory'),
    (OutOfMemory(5 << 20, 4 << 20), 'out-of-memory', '5 MB of 4 MB'),
    (DivisionByZero(None), 'division-by-zero', 'divided by zero'),
])
def test_errors(problem: Exception, code: str, words: str, engine: Engine, bend: Command, program: Write) -> None:
    engine.problem = problem
    outcome = bend('run', program(ADD), '1', '2', '--engine', 'direct')
    assert (outcome.code, outcome.out) == (1, '')
    assert f'error[{code}]' in outcome.err
    assert words in outcome.err


# ---- statistics ------------------------------------------------------------------------------


def test_statistics(engine: Engine, bend: Command, program: Write) -> None:
    path = program(ADD)
    short = bend('run', path, '1', '2', '-s').out.splitlines()
    assert short[:2] == ['Result: 42', '- ENGINE: direct']
    assert [line.partition(':')[0] for line in short[2:]] == ['- TIME']
    full = bend('run', path, '1', '2', '-ss').out
    assert full.splitlines()[1] == '- ENGINE: direct'
    for part in ('Work by thread:\n', 'readback', 'peak of values',
                 'thread 2  calls: 11, cells allocated: 2, used again in place: 0, 1.0 MB first used here, '
                 'tasks forked: 0, taken from others: 3'):
        assert part in full
    assert 'ITRS' not in full
    outcome = bend('run', path, '1', '2', '--stats', 'json', '--progress')
    data = json.loads(outcome.err)
    assert (outcome.out, data['engine'], data['threads'], len(data['workers'])) == ('Result: 42\n', 'direct', 2, 2)
    assert (data['forks'], data['steals']) == (5, 5)
    assert (data['calls'], data['allocations'], data['reused']) == (111, 22, 7)
    assert list(data['seconds']) == ['evaluating', 'front_end', 'compile', 'run', 'readback']
    assert all(seconds >= 0 for seconds in data['seconds'].values())
    assert data['peak_bytes']['values'] == 4 << 20
    assert data['seconds']['evaluating'] == 0.25
    assert 'interactions' not in data


# ---- from Python -----------------------------------------------------------------------------


def test_from_python(engine: Engine) -> None:
    alone = api.compile('def main(): return 1')
    assert (alone(), alone.run().engine, alone.run().interactions) == (42, 'direct', None)
    assert alone.run(readback='lambda').text == '42'
    assert api.compile('def main(): return 1', engine='net').run().engine == 'net'
    assert api.compile(SUPERPOSED).run().text == '{1 2}'
    with pytest.raises(api.BendError, match="because 'main' has a superposition"):
        api.compile(SUPERPOSED, engine='direct')
    assert api.compile('def main(): return 1', engine='direct')(threads=1) == 42
    assert [how['parallel'] for how in engine.compiled if not how['parallel']] == [False]


def test_from_python_with_arguments() -> None:
    applied = api.compile('def main(x): return x + 1')
    assert (applied.run(2).value, applied.run(2).engine) == (3, 'direct')
    assert (applied.run((1, 2)).engine, applied.run(3).engine) == ('net', 'direct')
    assert api.compile('main x = {x 1}').run(2).engine == 'net'


def test_from_python_as_nets_after_all(engine: Engine) -> None:
    engine.problem = host.BudgetExceeded()
    found = api.compile(CLONING)
    assert found.warnings == ()
    result = found.run()
    assert result.engine == 'net'
    assert [warning.code for warning in result.warnings if warning.code != 'readback'] == ['clones-cloning-function']
    engine.problem = host.WrongShape(0)
    with pytest.raises(api.BendError, match='used as what it is not'):
        api.compile('def main(): return 1', engine='direct').run()


# ---- explaining ------------------------------------------------------------------------------


def test_explaining_straight_code(bend: Command, program: Write) -> None:
    path = program('def main():\n  return List/length([double(1)])\n\ndef double(x):\n  return x + x\n')
    outcome = bend('check', '--explain', path)
    assert (outcome.code, outcome.err) == (0, '')
    assert outcome.out == ("""The program runs as straight native code.

function     engine  why
main         direct
double       direct
List/length  direct
""")


def test_explaining_nets(bend: Command, program: Write) -> None:
    path = program('mk x = {x (+ x 10)}\ninc x = (+ x 1)\nold = 1\nmain = (inc (mk 1))\n')
    outcome = bend('check', '--explain', '-A', 'all', path)
    assert outcome.out == ("""The program runs as interaction nets, because 'mk' has a superposition.

function  engine  why
mk        net     has a superposition
inc       net     as the whole program
old       -       does not run, or was inlined
main      net     as the whole program
""")
    data = json.loads(bend('check', '--explain', '-A', 'all', '--error-format', 'json', path).out)
    assert (data['engine'], data['reason'], data['budgeted']) == ('net', "'mk' has a superposition", False)
    assert data['functions'][2] == {'function': 'old', 'engine': None, 'reason': 'does not run, or was inlined'}
    assert data['functions'][3] == {'function': 'main', 'engine': 'net', 'reason': 'as the whole program'}


def test_explaining_a_budget(bend: Command, program: Write) -> None:
    path = program('go 0 f = f\ngo n f = (go (- n 1) λx (f (f x)))\nmain n = (go n λx (+ x 1) 0)\n')
    outcome = bend('check', '--explain', path)
    assert outcome.out == ("""The program runs as straight native code, but 'go' copies functions that are made of \
copies. It starts again as nets when it takes long.

function  engine  why
go        direct  copies functions that are made of copies
main      direct
""")


def test_explaining_a_wrong_program(bend: Command, program: Write) -> None:
    outcome = bend('check', '--explain', program('main = x\n'))
    assert (outcome.code, outcome.out) == (1, '')
