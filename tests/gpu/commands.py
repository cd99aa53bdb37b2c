"""Programs on a GPU as users run them, by `bend run-cu`, for `run_all`."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from bend.cli.main import main
from tests.golden.cases import Case, find_cases, recorded, transcript

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ('bitonic_sort', 'church_numerals', 'expression_evaluator', 'fibonacci', 'mandelbrot', 'merge_sort',
            'n_queens', 'parallel_sum', 'quicksort', 'shapes', 'tree_sum', 'word_count')
"""Those that perform no actions."""
REPEATS = 10
WORKERS = 12
MEMORY = ('--memory', '1G')
"""So that several processes can use the GPU."""
TIMEOUT = 60
ONE_LINE = 'main = (+ 1 2)\n'
ENDLESS = 'def main(): return f(1)\n\ndef f(x):\n  if x == 0:\n    return 0\n  else:\n    return f(x + 2)\n'
"""It takes no memory."""
ERRORS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    'division-by-zero': ('def main(): return f(0)\ndef f(x): return 5 / x\n', ()),
    'out-of-memory': ('def main(): return f(24)\n\ndef f(n):\n  switch n:\n    case 0:\n      return [1]\n    case _:\n'
                      '      return (f(n-1), f(n-1))\n', ('--memory', '4M', '--blocks', '1')),
    'wrong-shape': ('def main(): return f(λx: x)\ndef f(x): return x + 1\n', ('--engine', 'direct')),
    'needs-nets': ('main = (+ 1 {2 3})\n', ('--engine', 'direct')),
    'gpu-failed': (ONE_LINE, ('--blocks', '100000')),
}
"""Programs and options, by the code of the error."""
SIZES = ('small', 'medium', 'large')


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command did."""

    code: int
    out: str
    err: str
    seconds: float


Command = Callable[..., Outcome]


def in_process(folder: Path, words: Sequence[str]) -> Outcome:
    """Runs `bend` in this process. It cannot tell what actions print."""
    out, err = io.StringIO(), io.StringIO()
    begin = time.perf_counter()
    with contextlib.chdir(folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main([str(word) for word in words])
    return Outcome(code, out.getvalue(), err.getvalue(), time.perf_counter() - begin)


def as_process(folder: Path, words: Sequence[str], given: bytes = b'') -> Outcome:
    """Runs `bend` in a process of its own, with some standard input."""
    begin = time.perf_counter()
    try:
        done = subprocess.run([sys.executable, '-m', 'bend', *map(str, words)], cwd=folder, env=_environment(),
                              capture_output=True, timeout=TIMEOUT, check=False, input=given)
    except subprocess.TimeoutExpired:
        return Outcome(-1, '', f'took longer than {TIMEOUT} s', TIMEOUT)
    out, err = (data.decode('utf-8', 'replace') for data in (done.stdout, done.stderr))
    return Outcome(done.returncode, out, err, time.perf_counter() - begin)


def _environment() -> dict[str, str]:
    return {**os.environ, 'NO_COLOR': '1', 'PYTHONPATH': str(ROOT)}


@contextlib.contextmanager
def _place(is_emulated: bool) -> Iterator[tuple[Command, Path]]:
    """How commands are run, and a folder for programs. They share a cache that is empty at first."""
    before = os.environ.get('BEND_CACHE_DIR')
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        os.environ['BEND_CACHE_DIR'] = str(Path(folder, 'cache'))
        stack.callback(_set_cache, before)
        if is_emulated:
            import pytest

            from tests.gpu.waves_gpu import install_gpu
            install_gpu(stack.enter_context(pytest.MonkeyPatch.context()))
        yield (in_process if is_emulated else as_process), Path(folder)


def _set_cache(directory: str | None) -> None:
    if directory is None:
        del os.environ['BEND_CACHE_DIR']
    else:
        os.environ['BEND_CACHE_DIR'] = directory


# ---- sections --------------------------------------------------------------------------------


def golden(is_emulated: bool) -> dict[str, Any]:
    """Golden programs, many times each, in several processes side by side. What they print is what is recorded."""
    cases = _golden_cases()[:2 if is_emulated else None]
    with _place(is_emulated):
        if is_emulated:
            found = [_repeated(case, (), 1) for case in cases]
        else:
            with ProcessPoolExecutor(WORKERS, get_context('spawn')) as pool:
                found = list(pool.map(_repeated, cases, repeat(MEMORY), repeat(REPEATS)))
    wrong = {case.name: text for case, (text, _) in zip(cases, found, strict=True) if text is not None}
    return {'ok': not wrong, 'programs': len(cases), 'times': 1 if is_emulated else REPEATS, 'wrong': wrong,
            'seconds_of_first_start': statistics.median(seconds for _, seconds in found)}


def examples(is_emulated: bool) -> dict[str, Any]:
    """Examples print the same as on the CPU, each time that they are started."""
    names = EXAMPLES[:1] if is_emulated else EXAMPLES
    with _place(is_emulated) as (command, _), ThreadPoolExecutor(1 if is_emulated else WORKERS) as pool:
        memory = () if is_emulated else MEMORY

        def tried(name: str) -> str | None:
            path = ROOT / 'examples' / f'{name}.bend'
            expected = command(ROOT, ['run', path]).out
            outcomes = [command(ROOT, ['run-cu', *memory, path]) for _ in range(1 if is_emulated else 3)]
            return next((_transcript(outcome) for outcome in outcomes if (outcome.code, outcome.out) != (0, expected)),
                        None)

        found = dict(zip(names, pool.map(tried, names), strict=True))
    wrong = {name: text for name, text in found.items() if text is not None}
    return {'ok': not wrong, 'programs': len(names), 'wrong': wrong}


def actions(is_emulated: bool) -> dict[str, Any]:
    """Golden programs that perform actions print what is recorded."""
    if is_emulated:
        return {'ok': True, 'message': 'not tried: it would print here'}
    cases = [case for case in find_cases() if _acts(case) and 'endless' not in case.name]
    with _place(is_emulated) as (command, _), ThreadPoolExecutor(WORKERS) as pool:
        inputs = [case.input() for case in cases]
        outcomes = pool.map(lambda case, given: command(case.source.parent, _golden_words(case, MEMORY),
                                                        given.buffer.read()), cases, inputs)
        wrong = {case.name: _transcript(outcome) for case, outcome in zip(cases, outcomes, strict=True)
                 if _transcript(outcome) != recorded(case)}
    return {'ok': not wrong, 'programs': len(cases), 'wrong': wrong}


def startup(is_emulated: bool) -> dict[str, Any]:
    """How long the shortest program takes, the first time and later, and where that goes."""
    with _place(is_emulated) as (command, folder):
        _write(folder, ONE_LINE)
        outcomes = [command(folder, ['run-cu', 'program.bend', '--stats', 'json']) for _ in range(6)]
    times = [outcome.seconds for outcome in outcomes]
    return {'ok': all((outcome.code, outcome.out) == (0, 'Result: 3\n') for outcome in outcomes), 'first': times[0],
            'later': statistics.median(times[1:]), 'last': _statistics(outcomes[-1])}


def errors(is_emulated: bool) -> dict[str, Any]:
    """Each error is told by its code."""
    found = {}
    with _place(is_emulated) as (command, folder):
        for code, (text, words) in ERRORS.items():
            _write(folder, text)
            found[code] = _transcript(command(folder, ['run-cu', 'program.bend', *words]))
    return {'ok': all(text.startswith(f'--- stderr\nerror[{code}]') and text.endswith('--- exit code 1\n')
                      for code, text in found.items()), 'found': found}


def interrupt(is_emulated: bool) -> dict[str, Any]:
    """How soon Ctrl-C ends a program that would go on for ever."""
    if is_emulated:
        return {'ok': True, 'message': 'not tried: it would interrupt this process'}
    with _place(is_emulated) as (_, folder):
        _write(folder, ENDLESS)
        process = subprocess.Popen([sys.executable, '-m', 'bend', 'run-cu', 'program.bend'], cwd=folder,
                                   env=_environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(15)
        begin = time.perf_counter()
        process.send_signal(signal.SIGINT)
        text, _ = process.communicate(timeout=30)
    return {'ok': process.returncode == 130, 'code': process.returncode, 'text': text,
            'seconds_to_stop': time.perf_counter() - begin}


def workloads(folder: Path) -> dict[str, Any]:
    """All programs of a folder with a table of results, `workloads.tsv`, in all sizes, with times."""
    found: dict[str, Any] = {}
    lines = (folder / 'workloads.tsv').read_text(encoding='utf-8').splitlines()
    with _place(False) as (command, _):
        for name, *cells in (line.split('\t') for line in lines[1:]):
            for size, argument, result in zip(SIZES, cells[:3], cells[3:], strict=True):
                outcome = command(folder, ['run-cu', f'{name}.bend', argument, '--stats', 'json'])
                is_right = (outcome.code, outcome.out) == (0, f'Result: {result}\n')
                told = _statistics(outcome) if outcome.code == 0 else {'text': outcome.err}
                found[f'{name} {size}'] = {'ok': is_right, 'process': outcome.seconds, **told}
    return {'ok': all(run['ok'] for run in found.values()), 'runs': found}


SECTIONS: Mapping[str, Callable[[bool], dict[str, Any]]] = {
    f'run-cu {function.__name__}': function for function in (startup, golden, actions, examples, errors, interrupt)}


# ---- parts of sections -----------------------------------------------------------------------


def _golden_cases() -> list[Case]:
    """Golden programs without those that perform actions."""
    return [case for case in find_cases() if case.stage_name == 'run' and not _acts(case)]


def _repeated(case: Case, memory: Sequence[str], times: int) -> tuple[str | None, float]:
    """Runs a program some times in this process. Gives the first output that is not the recorded one, and how many
    seconds the first run took."""
    outcomes = [in_process(case.source.parent, _golden_words(case, memory)) for _ in range(times)]
    expected = recorded(case)
    wrong = (text for text in map(_transcript, outcomes) if text != expected)
    return next(wrong, None), outcomes[0].seconds


def _acts(case: Case) -> bool:
    return case.name.startswith('run/io/')


def _golden_words(case: Case, memory: Sequence[str]) -> list[str]:
    command, *rest = case.command(('run-cu',), 'auto')
    return [command, *memory, *rest]


def _write(folder: Path, text: str) -> None:
    (folder / 'program.bend').write_text(text, encoding='utf-8')


def _transcript(outcome: Outcome) -> str:
    return transcript(outcome.code, outcome.out, outcome.err)


def _statistics(outcome: Outcome) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(outcome.err.splitlines()[-1])
    return found
