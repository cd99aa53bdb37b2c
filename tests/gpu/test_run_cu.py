"""`bend run-cu` as a user runs it, on an emulated GPU."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bend.cli.main import main
from bend.runtime.gpu import failure_of
from bend.runtime.waves import gpu
from bend.runtime.waves.actions import DeviceMachine
from tests.golden.cases import Case, recorded, transcript
from tests.gpu.fake_driver import CudaAPIError
from tests.gpu.waves_gpu import ATTRIBUTES, MAJOR, WavesKernel, install_gpu, interrupt_launches
from tests.gpu_net.device import TurnsKernel

Run = Callable[..., tuple[int, str, str]]
GOLDEN = Path(__file__).parents[1] / 'golden' / 'run'
SUM = '''
def sum(depth, x):
  switch depth:
    case 0:
      return x
    case _:
      return sum(depth-1, x * 2) + sum(depth-1, x * 2 + 1)

def main():
  return sum(6, 0)
'''
APPLIED = 'def main(x): return [x, big]\ndef big(): return List/length([1, 2])\n'
SHAPE = 'def main(): return f(λx: x)\ndef f(x): return x + 1\n'
ACTION = 'def main() -> IO(u24):\n  with IO:\n    * <- IO/print("hello\\n")\n    return wrap(7)\n'
LATE_SHAPE = '''def main() -> _:
  with IO:
    * <- IO/print("once\\n")
    x <- IO/get_time()
    return wrap(f(λx: x))

def f(x): return x + 1
'''
PAIR = 'main = (+ 1 {2 3})\n'
COPIES = '''yes = λa λb a
not = λchoice λa λb (choice b a)
iterate 0 f = f
iterate n f = let {g h} = f (iterate (- n 1) λx (g (h x)))
main = (((iterate 60 not) yes) 1 2)
'''
"""Nets do this at once, and everything else needs as much work as 2 to the power of 60 calls."""
UNUSED = 'def unused(): return 1\n'
TREE = '''
type Tree:
  Node { ~left, ~right }
  Leaf { value }

def make(depth):
  switch depth:
    case 0:
      return Tree/Leaf { value: 1 }
    case _:
      return Tree/Node { left: make(depth-1), right: make(depth-1) }

def main(): return make(16)
'''


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Runs a program on the emulated GPU: the text of a program, and words for the command line."""
    install_gpu(monkeypatch)
    monkeypatch.setenv('NO_COLOR', '1')
    monkeypatch.chdir(tmp_path)

    def run(text: str, *words: str) -> tuple[int, str, str]:
        Path('program.bend').write_text(text, encoding='utf-8')
        capfd.readouterr()
        code = main(['run-cu', 'program.bend', *words])
        return code, *capfd.readouterr()

    return run


# ---- results ---------------------------------------------------------------------------------


@pytest.mark.parametrize('name', [
    'arguments/one', 'fold/rebuild', 'imports/whole_folder', 'maps/nested_get', 'readback/functions_in_lists',
    'io/argument_is_a_reference', 'io/folded_main', 'io/input_lines', 'io/kept_action', 'io/primitive_errors',
    'io/scott',
])
def test_golden_programs(name: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The output is the one that is recorded for the CPU."""
    install_gpu(monkeypatch)
    case = Case('run', GOLDEN / f'{name}.bend')
    monkeypatch.chdir(case.source.parent)
    monkeypatch.setattr(sys, 'stdin', case.input())
    capfd.readouterr()
    code = main(case.command(('run-cu',), 'auto'))
    sys.stdout.flush()
    assert transcript(code, *capfd.readouterr()) == recorded(case)


@pytest.mark.parametrize(('text', 'words'), [
    (APPLIED, ('7', '-p')), (APPLIED, ('7', '--readback', 'lambda', '-l')),
    ('def other(): return 3\n', ('-e', 'other')),
])
def test_forms_of_results(text: str, words: tuple[str, ...], run: Run, capfd: pytest.CaptureFixture[str]) -> None:
    """Everything is shown as the command `run` shows it."""
    found = run(text, *words)
    assert main(['run', 'program.bend', *words, '--engine', 'direct']) == 0
    assert found == (0, *capfd.readouterr())
    assert 'Result:' in found[1]


def test_overflows(run: Run) -> None:
    code, out, err = run('def main(): return f(16777215)\ndef f(x): return x + 1\n', '--check-overflow')
    assert (code, out) == (0, 'Result: 0\n')
    assert err.startswith('warning[overflow]: ')


def test_a_warm_start_compiles_nothing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def compile_source(*arguments: object) -> None:
        raise AssertionError

    first = run(SUM)
    monkeypatch.setattr('bend.compiling.compile_source', compile_source)
    assert run(SUM) == first == (0, 'Result: 2016\n', '')
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(ATTRIBUTES, MAJOR, 8)
        assert run(SUM)[0] == 101


def test_statistics(run: Run) -> None:
    code, out, err = run(SUM, '-s')
    assert (code, err) == (0, '')
    assert re.fullmatch(r'Result: 2016\n- ENGINE: direct\n- DEVICE: Emulated\n- TIME: \d+\.\d{6}s\n', out)
    assert '  grid      1 blocks of 64 threads\n' in run(SUM, '-ss', '--blocks', '1', '--threads-per-block', '64')[1]
    code, out, err = run(SUM, '--stats', 'json')
    found = json.loads(err)
    assert (code, out, found['engine'], found['device']) == (0, 'Result: 2016\n', 'direct', 'Emulated')
    assert (found['blocks'], found['launches']) == (2, 1)
    assert found['seconds']['kernel'] == 0.001
    assert min(found['waves'], found['peak_bytes']['values']) > 0


def test_many_actions(run: Run, capfd: pytest.CaptureFixture[str]) -> None:
    """What goes from one action to the next is used several times, and changed in place where it is not."""
    text = '''
def many(n, done):
  with IO:
    switch n:
      case 0:
        return wrap((done, List/length(done)))
      case _:
        * <- IO/print(line)
        x <- IO/get_time()
        return many(n-1, List/Cons((n, done), done))

def line():
  return "ab\\n"

def main() -> _:
  return many(4, [])
'''
    found = run(text)
    assert main(['run', 'program.bend', '--engine', 'direct']) == 0
    assert found == (0, *capfd.readouterr())
    assert found[1].startswith('ab\n' * 4 + 'Result: ')


# ---- the engine ------------------------------------------------------------------------------


@pytest.mark.parametrize(('text', 'words', 'result', 'is_direct'), [
    (SUM, (), 'Result: 2016\n', True),
    (SUM, ('--engine', 'net'), 'Result: 2016\n', False),
    (ACTION, (), 'hello\nResult: 7\n', True),
    (ACTION, ('--engine', 'net'), 'hello\nResult: 7\n', False),
    (PAIR, (), 'Result: {3 4}\n', False),
    (SHAPE, (), 'Result: λa a\n', False),
    (COPIES, (), 'Result: 1\n', False),
])
def test_the_engine_is_chosen(text: str, words: tuple[str, ...], result: str, is_direct: bool, run: Run,
                              monkeypatch: pytest.MonkeyPatch) -> None:
    """Nets do what they alone can do, also what turns out while the program runs, and actions. This is so from the
    cache, too."""
    monkeypatch.setattr(gpu, 'BUDGET_SECONDS', 0.0)
    for _ in range(2):
        code, out, err = run(text, *words, '--stats', 'json')
        assert (code, out) == (0, result), err
        found = json.loads(err)
        assert (found['engine'], found['device']) == ('direct' if is_direct else 'net', 'Emulated')
        assert ('waves' in found) == is_direct
        assert ('interactions' in found) != is_direct


def test_nets_have_the_memory_of_a_run_before(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, 'BUDGET_SECONDS', 0.0)
    assert run(COPIES, '--memory', '60M') == (0, 'Result: 1\n', '')


def test_warnings_are_told_once(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also if nets have to do what the direct engine began, and then the CPU what the GPU began."""
    words = ('-W', 'unused-definition', '--fallback', 'cpu')
    assert run(SHAPE + UNUSED, *words)[2].count('[unused-definition]') == 1
    monkeypatch.setattr(TurnsKernel, 'launch', fails)
    code, out, err = run(SHAPE + UNUSED, *words)
    assert (code, out) == (0, 'Result: λa a\n')
    assert err.count('[unused-definition]') == 1
    assert err.count('warning[gpu-failed]: The GPU failed: ') == 1


def test_overflows_are_counted_once(run: Run) -> None:
    """Those of a run that begins again as nets are theirs."""
    text = 'def main(): return (g(16777215), f(λx: x))\ndef g(x): return x + 1\ndef f(x): return x + 1\n'
    code, out, err = run(text, '--check-overflow')
    assert (code, out) == (0, 'Result: (0, λa a)\n')
    assert err.count('warning[overflow]') == 1


def test_actions_are_not_repeated(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nets go on after what the direct engine has performed, and what a GPU has performed is not done by a CPU."""
    assert run(LATE_SHAPE) == (0, 'once\nResult: λb b\n', '')
    assert run(LATE_SHAPE, '--engine', 'direct', '--fallback', 'cpu')[:2] == (1, 'once\n')
    monkeypatch.setattr(TurnsKernel, 'launch', fails)
    code, out, err = run(LATE_SHAPE, '--fallback', 'cpu')
    assert (code, out) == (1, 'once\n')
    assert err.startswith('error[gpu-failed]: ')
    monkeypatch.setattr(DeviceMachine, 'go_on', fails)
    code, out, err = run(ACTION, '--fallback', 'cpu')
    assert (code, out) == (1, 'hello\n')
    assert err.startswith('error[gpu-failed]: ')


def test_there_is_no_reference_reducer(run: Run) -> None:
    code, _, err = run(SUM, '--engine', 'reference')
    assert code == 2
    assert "There is no engine 'reference'." in err


# ---- errors ----------------------------------------------------------------------------------


def test_division_by_zero(run: Run) -> None:
    code, out, err = run('def main():\n  return f(0)\n\ndef f(x):\n  return 5 / x\n')
    assert (code, out) == (1, '')
    assert err.startswith('error[division-by-zero]: An integer is divided by zero.\n --> program.bend:5:10\n')


def test_out_of_memory(run: Run) -> None:
    code, out, err = run(TREE, '--memory', '1M')
    assert (code, out) == (1, '')
    assert err.startswith('error[out-of-memory]: The program ran out of memory on the GPU: it had used ')
    assert 'Allow it more with `--memory SIZE`. The command `run` ' in err
    code, _, err = run(TREE, '--memory', '5G', '--error-format', 'json')
    assert code == 1
    assert json.loads(err)['code'] == 'gpu-failed'
    assert json.loads(err)['message'] == 'The GPU has 64 MB of free memory, not 5120 MB.'


@pytest.mark.parametrize(('words', 'message', 'hint'), [
    (('--blocks', '9'), 'Emulated cannot run 9 blocks of 32 threads at the same time.', '`--blocks` takes 1 to 4.'),
    (('--threads-per-block', '100'), 'Emulated does not run blocks of 100 threads.', 'multiples of 32 up to 64.'),
])
def test_grids_that_do_not_fit(run: Run, words: tuple[str, ...], message: str, hint: str) -> None:
    code, out, err = run(SUM, *words)
    assert (code, out) == (1, '')
    assert err.startswith(f'error[gpu-failed]: {message}\n')
    assert hint in err


def test_numbers_of_blocks(run: Run) -> None:
    for option, what in (('--blocks', 'blocks'), ('--threads-per-block', 'threads')):
        code, _, err = run(SUM, option, '0')
        assert code == 2
        assert f"'0' is not a number of {what}." in err


@pytest.mark.parametrize(('text', 'message'), [
    (PAIR, "needs-nets]: The direct engine cannot run this program on a GPU, because 'main' has a superposition."),
    (SHAPE, 'wrong-shape]: A value is used as what it is not.'),
])
def test_what_needs_nets_without_them(text: str, message: str, run: Run) -> None:
    """A CPU would not help."""
    code, out, err = run(text, '--engine', 'direct', '--fallback', 'cpu')
    assert (code, out) == (1, '')
    assert err.startswith(f'error[{message}')
    assert '`--engine net`' in err


def test_an_interrupt(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    interrupt_launches(monkeypatch)
    assert run('def main(): return f(1)\ndef f(x): return f(x) + f(x)\n') == (130, '', '')


def fails(*arguments: object) -> None:
    raise failure_of(CudaAPIError(700))


def test_a_kernel_that_fails(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(WavesKernel, 'launch', fails)
    code, out, err = run(SUM)
    assert (code, out) == (1, '')
    assert 'error[gpu-failed]: The GPU failed: the program accessed memory that is not there (CUDA error 700).' in err
    code, out, err = run(SUM, '--fallback', 'cpu')
    assert (code, out) == (0, 'Result: 2016\n')
    assert 'warning[gpu-failed]: The GPU failed: ' in err
    assert 'hint' not in err
