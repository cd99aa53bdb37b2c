"""The Python API: compiling once, running often, errors, options, threads."""

from __future__ import annotations

import doctest
import importlib
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import bend
from bend import api, compiling, driver, running
from bend.options import RUN_SEVERITIES, Options
from bend.passes import PassManager
from bend.runtime.cache import Cache
from bend.source import Source
from tests.bench.soak import growth

FIB = '''
def main(n):
  return fib(n)

def fib(n):
  if n < 2:
    return n
  else:
    return fib(n - 1) + fib(n - 2)
'''
ENDLESS = 'def main(x): return loop(x)\n\ndef loop(n):\n  if n == 0:\n    return 0\n  else:\n    return loop(n)'


@pytest.mark.parametrize('name', ['bend', 'bend.api', 'bend.values', 'bend.runtime.foreign'])
def test_doctests(name: str) -> None:
    outcome = doctest.testmod(importlib.import_module(name))
    assert outcome.attempted > 0
    assert outcome.failed == 0


def test_a_program_is_compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    program = bend.compile(FIB)
    monkeypatch.setattr(compiling, 'compile_program', pytest.fail)
    assert [program(n) for n in range(10)] == [0, 1, 1, 2, 3, 5, 8, 13, 21, 34]


def test_paths_and_text(tmp_path: Path) -> None:
    path = tmp_path / 'double.bend'
    path.write_text('def main(x): return x * 2')
    assert bend.run(path, 4) == bend.run(str(path), 4) == bend.run(path.read_text(), 4) == 8
    with pytest.raises(bend.BendError, match='There is no file'):
        bend.run('missing.bend')


def test_imports_are_found_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / 'lib.bend').write_text('def f(x): return x + 1')
    (tmp_path / 'main.bend').write_text('from lib import f\n\ndef main(x): return f(x)')
    assert bend.run(tmp_path / 'main.bend', 1) == 2


# ---- arguments as on the command line --------------------------------------------------------

SAME = [
    ('def main(x, y): return (x + y, [x, y], "é")', (5, 3), '5 3'),
    ('def main(x, y): return (x + y, [x, y])', (bend.I24(5), -3), '+5 -3'),
    ('def main(xs): return List/reverse(xs)', ([1, 2, 3],), '[1,2,3]'),
    ('def main(xs): return List/reverse(xs)', ([[1], 'a', (1, 2)],), '[[1],"a",(1,2)]'),
    ('main = List/Cons', (1, []), '1 []'),
    ('main x = List/Nil', (1,), '1'),
    ('main x = λy (y x)', (1,), '1'),
    ('main x = λy (y x)', (1, 2), '1 2'),
    ('foo x = (+ x 1)\nmain = foo', (1,), '1'),
    ('foo x = (+ x 1)\nmain = foo', (1, 2), '1 2'),
    ('main = 5', (1,), '1'),
    ('main x = (x, x, x)', ('abc',), '"abc"'),
    ('main x = (x, x, x)', ([],), '[]'),
    ('main x = (x, x)', (bend.Nat(2),), '(Nat/Succ_(Nat/Succ_Nat/Zero))'),
    ('main x = *', ('abc',), '"abc"'),
    ('type T = (A x y) | B\nmain x = match x { T/A: (x.x, x.y, T/B); T/B: [x] }',
     (bend.Constructor('T/A', (1, 2)),), '(T/A_1_2)'),
    ('type T = (A x y) | B\nmain x = match x { T/A: (x.x, x.y, T/B); T/B: [x] }', (bend.Constructor('T/B'),), 'T/B'),
    ('def main(t: (u24, u24, u24)) -> u24:\n  (a, b, c) = t\n  return a + (b * c)', ((1, 2, 3),), '(1,2,3)'),
    ('def main(s: String, n: f24) -> (String, f24): return (s, n * 2.0)', ('ab', 1.5), '"ab" 1.5'),
    (FIB, (10,), '10'),
]


@pytest.mark.parametrize('options', [(), ('adt-scott',), ('prune', 'merge')])
@pytest.mark.parametrize(('text', 'values', 'terms'), SAME)
def test_results_and_counts_are_those_of_the_command_line(text: str, values: tuple[object, ...], terms: str,
                                                          options: tuple[str, ...]) -> None:
    chosen = Options().with_flags(options)
    words = tuple(word.replace('_', ' ') for word in terms.split())
    request = driver.Request(Source('<source>', text), chosen, RUN_SEVERITIES, words, is_run=True)
    program = compiling.compile_program(request, 'reference', PassManager(chosen), Cache.of_user())
    expected = running.execute(program.artifact, 'reference', running.Resources())
    shown, _ = running.show_result(program, expected, running.Resources(), 'default', False)
    # Native code takes long to make, and is the same kernel with all options.
    for engine in ('reference',) if options else ('net', 'reference'):
        result = api.compile(text, options=options, engine=engine).run(*values)  # type: ignore[arg-type]
        assert (result.text, result.interactions) == (shown, expected.interactions)
    if not options:
        result = api.compile(text).run(*values)
        assert (result.text, result.engine) == (shown, 'direct')


@pytest.mark.parametrize('threads', [1, 2, 8])
def test_threads_change_nothing(threads: int) -> None:
    result = bend.compile('def main(xs): return (xs, List/length(xs))').run(list(range(5000)), threads=threads)
    assert result.value == (list(range(5000)), 5000, list(range(5000)))
    assert result.engine == 'direct'
    nets = bend.compile('def main(xs): return (xs, List/length(xs))', engine='net')
    assert nets.run(list(range(5000)), threads=threads).value == result.value
    assert (nets.run(list(range(5000)), threads=threads).interactions
            == nets.run(list(range(5000)), threads=1).interactions)


# ---- results ---------------------------------------------------------------------------------


def test_a_result() -> None:
    result = bend.compile(FIB).run(15)
    assert (result.value, result.text, result.engine, result.interactions) == (610, '610', 'direct', None)
    nets = bend.compile(FIB, engine='net').run(15)
    assert (nets.value, nets.engine) == (610, 'net')
    assert nets.interactions is not None
    assert nets.interactions > 1000
    assert result.seconds > 0
    assert result.peak_bytes == 0, 'numbers take no memory'
    assert nets.peak_bytes > 0
    assert result.warnings == ()


def test_forms_of_text() -> None:
    program = bend.compile('def main(x): return Maybe/Some(x)')
    assert program.run(1, readback='lambda').text == 'λa (a Maybe/Some/tag 1)'
    assert program.run(1, readback='lambda').value == bend.Some(1)
    assert program.run([1, 2], pretty=True).text == 'Maybe/Some([1 2])'


def test_without_arguments_a_function_is_the_result() -> None:
    program = bend.compile('def main(x): return x')
    assert program() == bend.Term('λa a')
    assert program(1) == 1


def test_io(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    program = bend.compile('def main(s):\n  with IO:\n    * <- IO/print(s)\n    return wrap(7)')
    sys.stdout.flush()
    assert program.run('hé\n').value == 7


# ---- errors ----------------------------------------------------------------------------------


def test_errors_carry_diagnostics() -> None:
    with pytest.raises(bend.BendError) as caught:
        bend.compile('def main(x):\n  return y')
    assert [diagnostic.code for diagnostic in caught.value.diagnostics] == ['unbound-variable']
    assert str(caught.value).startswith(
        "error[unbound-variable]: The name 'y' is not defined here.\n --> <source>:2:10\n")
    again = pickle.loads(pickle.dumps(caught.value))
    assert (type(again), str(again)) == (bend.BendError, str(caught.value))


@pytest.mark.parametrize(('act', 'code'), [
    (lambda: bend.run('def main(x): return 1 / x', 0), 'division-by-zero'),
    (lambda: bend.run('def main(x): return x', list(range(100_000)), memory=1 << 20), 'out-of-memory'),
    (lambda: bend.compile('def f(x): return x'), 'missing-main'),
    (lambda: bend.check('def main(x: u24) -> u24: return "a"'), 'type-mismatch'),
    (lambda: bend.compile('def main(): return 1\ndef f(): return 2', deny='unused-definition'), 'unused-definition'),
])
def test_kinds_of_errors(act: Callable[[], object], code: str) -> None:
    with pytest.raises(bend.BendError) as caught:
        act()
    assert caught.value.diagnostics[0].code == code


@pytest.mark.parametrize(('act', 'message'), [
    (lambda: bend.compile('main = 1', options=['fast']), "there is no compiler option 'fast'"),
    (lambda: bend.compile('main = 1', warn=['nothing']), "there is no kind of warning 'nothing'"),
    (lambda: bend.compile('main = 1', engine='gpu'), "there is no engine 'gpu'"),  # type: ignore[arg-type]
    (lambda: bend.run('main = 1', threads=-1), 'threads must be'),
    (lambda: bend.run('main = 1', memory=-1), 'memory must be'),
    (lambda: bend.compile('main = 1').run(readback='x'), "there is no readback 'x'"),  # type: ignore[arg-type]
])
def test_wrong_options(act: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError) as caught:
        act()
    assert message in str(caught.value)


@pytest.mark.parametrize(('act', 'message'), [
    (lambda: bend.run('main = 1', threads=1.5), 'threads must be an int, not 1.5'),  # type: ignore[arg-type]
    (lambda: bend.run('main = 1', memory=1e9), 'memory must be an int, not 1000000000.0'),  # type: ignore[arg-type]
    (lambda: bend.run('main = 1', memory='1G'), "memory must be an int, not '1G'"),  # type: ignore[arg-type]
    (lambda: bend.run(b'main = 1'), "a program is a path or its text, not b'main = 1'"),  # type: ignore[arg-type]
    (lambda: bend.check(None), 'a program is a path or its text, not None'),  # type: ignore[arg-type]
    (lambda: bend.compile('main = 1', entrypoint=5), 'must be the name of a function'),  # type: ignore[arg-type]
])
def test_options_of_wrong_types(act: Callable[[], object], message: str) -> None:
    with pytest.raises(TypeError) as caught:
        act()
    assert message in str(caught.value)


def test_warnings() -> None:
    assert bend.check('def main(): return 1') == ()
    program = bend.compile('def main(): return 1\ndef f(): return 2', warn='unused-definition')
    assert [warning.code for warning in program.warnings] == ['unused-definition']


# ---- threads, memory, interrupts -------------------------------------------------------------


def test_a_program_may_run_in_several_threads_at_once() -> None:
    program = bend.compile(FIB)
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda n: program.run(n % 20, threads=2).value, range(60)))
    assert results == [program(n % 20) for n in range(60)]


def test_programs_may_be_compiled_in_several_threads_at_once() -> None:
    texts = [f'def main(x): return x + {number}' for number in range(6)]
    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(lambda text: bend.run(text, 1, cache=False), texts)) == [1, 2, 3, 4, 5, 6]
    assert sys.getrecursionlimit() < 10_000


def test_memory_does_not_grow() -> None:
    _, added = growth(150)
    assert added < 4 << 20


def test_an_interrupt_ends_a_run() -> None:
    program = bend.compile(ENDLESS)
    program(0)
    timer = threading.Timer(0.5, signal.raise_signal, [signal.SIGINT])
    timer.start()
    start = time.perf_counter()
    with pytest.raises(KeyboardInterrupt):
        program(1)
    assert time.perf_counter() - start < 10
    assert program(0) == 0


def test_importing_bend_imports_little() -> None:
    code = ('import sys; before = set(sys.modules); import bend; '
            'print(sorted(name for name in set(sys.modules) - before))')
    found = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True).stdout
    assert [name for name in eval(found) if name.startswith(('bend', 'llvmlite', 'numpy'))] == ['bend']


def test_names() -> None:
    assert set(bend.__all__) <= set(dir(bend))
    assert all(hasattr(bend, name) for name in bend.__all__)
    with pytest.raises(AttributeError, match="module 'bend' has no attribute 'nothing'"):
        bend.nothing  # noqa: B018
