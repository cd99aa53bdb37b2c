"""`run-cu` for nets, on an emulated GPU."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from bend.cli.main import hvm_main, main
from bend.runtime.gpu import GpuFailure
from bend.runtime.gpu_actions import GpuMachine
from tests.golden.cases import OUTPUT, Case, find_cases, transcript
from tests.golden.test_golden import run as run_case
from tests.gpu.waves_gpu import install_gpu
from tests.gpu_net.device import TurnsKernel

TREE = '''
def tree(depth):
  switch depth:
    case 0:
      return 1
    case _:
      return tree(depth-1) + tree(depth-1)

def main():
  return (tree(8), [tree(1), tree(2)])
'''
NETS = '@main = r & @half ~ (DIVISOR r)\n@half = (n r) & 12 ~ $([/] $(n r))\n'
OPTIONS = ('--memory', '64M', '--blocks', '2', '--threads-per-block', '32')
ACTING = '''
def greet(times):
  switch times:
    case 0:
      with IO:
        return wrap(4)
    case _:
      with IO:
        * <- IO/print("Anna and Ben, ")
        return greet(times-1)

def main():
  with IO:
    x <- greet(TIMES)
    return wrap(x)
'''
ACTIONS = [case for case in find_cases() if case.name in {f'run/io/{name}' for name in (
    'bytes_of_input', 'folded_main', 'kept_action', 'primitive_errors', 'scott')}]
Result = tuple[int, str, str]


@pytest.fixture
def on_gpu(monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
           capfd: pytest.CaptureFixture[str]) -> Callable[..., Result]:
    """Runs a program with `run-cu`, or with another command."""

    def run(text: str, *options: str, nets: bool = False, command: str = 'run-cu') -> Result:
        path = tmp_path / ('program.hvm' if nets else 'program.bend')
        path.write_text(text, encoding='utf-8')
        code = (hvm_main if nets else main)([command, *options, str(path)])
        captured = capfd.readouterr()
        return code, captured.out, captured.err

    install_gpu(monkeypatch)
    return run


def test_a_program(on_gpu: Callable[..., Result]) -> None:
    """Folded references in a result are run on the GPU, too; a second run takes the program from the cache."""
    expected = on_gpu(TREE, '--engine', 'net', '-s', '-t', '1', command='run')
    assert expected[1].startswith('Result: (256, [2, 4])\n- ITRS: ')
    for _ in range(2):
        found = on_gpu(TREE, '--engine', 'net', '-s', *OPTIONS)
        assert found[0] == 0
        assert found[1].splitlines()[:3] == [*expected[1].splitlines()[:2], '- DEVICE: Emulated']


def test_statistics(on_gpu: Callable[..., Result]) -> None:
    """The interactions of each rule are those of the CPU."""
    words = ('--engine', 'net', '--stats', 'json')
    found = json.loads(on_gpu(TREE, *words, *OPTIONS)[2])
    expected = json.loads(on_gpu(TREE, *words, command='run')[2])
    assert (found['engine'], found['device'], found['blocks'], found['launches']) == ('net', 'Emulated', 2, 1)
    assert found['tasks'] >= found['turns'] > 0
    assert found['seconds']['kernel'] == 0.001
    assert found['interactions'] == expected['interactions']
    assert found['by_rule'] == expected['by_rule']


def test_nets(on_gpu: Callable[..., Result]) -> None:
    assert on_gpu(NETS.replace('DIVISOR', '4'), *OPTIONS, nets=True) == (0, 'Result: 3\n', '')
    code, out, err = on_gpu(NETS.replace('DIVISOR', '0'), *OPTIONS, nets=True)
    assert (code, out) == (1, '')
    assert err.startswith('error[division-by-zero]: ')


def test_too_little_memory(on_gpu: Callable[..., Result]) -> None:
    code, _, err = on_gpu(TREE, '--engine', 'net', '--blocks', '2', '--threads-per-block', '32', '--memory', '40K')
    assert code == 1
    assert err.startswith('error[out-of-memory]: ')


def test_requests_that_the_gpu_cannot_meet(on_gpu: Callable[..., Result]) -> None:
    code, _, err = on_gpu(TREE, '--engine', 'net', '--blocks', '60000')
    assert code == 1
    assert err.startswith('error[gpu-failed]: ')
    code, _, err = on_gpu(TREE, '--engine', 'net', '--blocks', 'many')
    assert code == 2
    assert "'many' is not a number of blocks." in err


@pytest.mark.parametrize('case', ACTIONS, ids=lambda case: case.name)
def test_actions(case: Case, on_gpu: Callable[..., Result], capfd: pytest.CaptureFixture[str],
                 monkeypatch: pytest.MonkeyPatch) -> None:
    """The host performs them, and the GPU goes on: output and interactions are those of the CPU."""
    words = ('run-cu', '-s', *OPTIONS)
    actual = transcript(*run_case(case, words, 'net', capfd, monkeypatch)).replace('- DEVICE: Emulated\n', '')
    assert actual == case.sidecar(OUTPUT).read_text(encoding='utf-8')


def test_actions_on_threads(on_gpu: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    """Lanes that run in any order take up what they had in the launch before."""
    install_gpu(monkeypatch, threaded_nets=True)
    found = on_gpu(ACTING.replace('TIMES', '3'), '--engine', 'net', *OPTIONS)
    assert found == (0, 'Anna and Ben, ' * 3 + 'Result: 4\n', '')


def test_actions_use_memory_again(on_gpu: Callable[..., Result]) -> None:
    """What one action leaves serves the next one, also what lanes and blocks have kept."""
    peaks = []
    for times in (100, 400):
        code, out, err = on_gpu(ACTING.replace('TIMES', str(times)), '--engine', 'net', '--stats', 'json', *OPTIONS)
        assert (code, out) == (0, 'Anna and Ben, ' * times + 'Result: 4\n')
        peaks.append(json.loads(err)['peak_bytes']['nets'])
    assert peaks[1] - peaks[0] < 300 * 50


def failing(*arguments: object) -> None:
    raise GpuFailure('The GPU failed: another program has the GPU for itself (CUDA error 46).', 'Wait.')


def test_a_gpu_that_fails(on_gpu: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TurnsKernel, 'launch', failing)
    for text, nets in ((TREE, False), (NETS.replace('DIVISOR', '4'), True)):
        code, out, err = on_gpu(text, '--engine', 'net', nets=nets)
        assert (code, out) == (1, '')
        assert err.startswith('error[gpu-failed]: The GPU failed: another program')
        code, out, err = on_gpu(text, '--engine', 'net', '--fallback', 'cpu', nets=nets)
        assert (code, out) == (0, 'Result: 3\n' if nets else 'Result: (256, [2, 4])\n')
        assert err.startswith('warning[gpu-failed]: The GPU failed: another program')


def test_a_gpu_that_fails_after_actions(on_gpu: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    """What has been performed is not performed again by the CPU."""
    monkeypatch.setattr(GpuMachine, 'run', failing)
    code, out, err = on_gpu(ACTING.replace('TIMES', '3'), '--engine', 'net', '--fallback', 'cpu', *OPTIONS)
    assert (code, out) == (1, 'Anna and Ben, ')
    assert err.startswith('error[gpu-failed]: ')
