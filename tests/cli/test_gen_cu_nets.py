"""`gen-cu` for nets: CUDA C++ that prints what `hvm run` and `bend run --engine net` print, with the same interactions,
on threads of the system (`tests.gpu.cuda_emulated`). `tests/golden/standalone.py --form gpu-net` and `--form gpu-hvm`
compare all golden programs."""

from __future__ import annotations

import re
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.cli.test_gen_c_nets import BUDGET, DIVISION, ENDLESS, RESTARTS, RESULTS, SUM, TERMS, output
from tests.codegen.cuda_compiler import run_nvcc
from tests.golden.cases import without_names
from tests.gpu.cuda_emulated import COMPILER, FEW_LANES, build

needs_compiler = pytest.mark.skipif(COMPILER is None, reason='there is no C++ compiler')
DEVICE = '- DEVICE: Emulated GPU\n'
MANY_ACTIONS = '''
def main():
  return echo(40)

def echo(times):
  switch times:
    case 0:
      with IO:
        return wrap(0)
    case _:
      with IO:
        line <- IO/input()
        * <- IO/print(text_of(line))
        return echo(times-1)

def text_of(line):
  match line:
    case Result/Ok:
      return line.val
    case Result/Err:
      return "none"
'''
PATIENCE = '#define PATIENCE ((u64)1000000000)'
"""How long a program that may need much less work as nets has before it begins again."""
Make = Callable[..., str]


@pytest.fixture
def made(bend: Command, hvm: Command, tmp_path: Path) -> Callable[..., Path]:
    """The .cu file of a source: of Bend with options of `gen-cu`, or of HVM core."""
    def make(source: str, *words: str, is_core: bool = False) -> Path:
        path = tmp_path / ('made.hvm' if is_core else 'made.bend')
        path.write_text(source, encoding='utf-8')
        outcome = hvm('gen-cu', path) if is_core else bend('gen-cu', *words, path)
        assert outcome.code == 0, outcome.err
        path = path.with_suffix('.cu')
        path.write_text(outcome.out, encoding='utf-8')
        return path
    return make


@pytest.fixture
def emulated(made: Callable[..., Path], tmp_path: Path) -> Make:
    """The program of a source, for threads, so many of which run in step."""
    def make(source: str, *words: str, is_core: bool = False, warp: int = 1) -> str:
        target = tmp_path / 'made'
        build(made(source, *words, is_core=is_core), target, ('-O0', f'-DEMULATED_WARP={warp}'))
        return str(target)
    return make


@needs_compiler
@pytest.mark.parametrize(('source', 'words'), [(RESULTS, ('-O', 'adt-scott')), (TERMS, ())], ids=['data', 'terms'])
def test_results(source: str, words: Sequence[str], bend: Command, emulated: Make, tmp_path: Path) -> None:
    """Of all kinds, with references that are evaluated when the result is shown; `auto` takes nets for all of these.
    Four lanes run in step."""
    program = emulated(source, *words, warp=4)
    usual = bend('run', '--engine', 'net', '-s', '-t', '1', *words, tmp_path / 'made.bend')
    assert usual.code == 0, usual.err
    code, out, err = output(program, *FEW_LANES, '-s')
    assert (code, without_device(out), err) == (0, without_times(usual.out), usual.err)


@needs_compiler
def test_arguments_and_statistics(emulated: Make) -> None:
    program = emulated('def main(x: u24, y: i24): return (y, x * 2)\n', '--engine', 'net')
    code, out, err = output(program, '-ss', *FEW_LANES, '21', '--', '-4')
    assert (code, err) == (0, '')
    assert re.fullmatch(r'Result: \(-4, 42\)\n- ITRS: \d+\n- DEVICE: Emulated GPU\n'
                        r'- KERNEL: 0\.001000s in 1 launches of 2 blocks of 32 threads\n', out)
    assert output(program, *FEW_LANES, '21')[0] == 2
    code, out, err = output(program, '--blocks', '9', '--threads-per-block', '32', '1', '2')
    assert (code, out) == (1, '')
    assert err.startswith('error[gpu-failed]: Emulated GPU cannot run 9 blocks of 32 threads at the same time.')


@needs_compiler
def test_core_results(hvm: Command, emulated: Make, tmp_path: Path) -> None:
    program = emulated(SUM, is_core=True)
    usual = hvm('run', '-s', '-t', '1', tmp_path / 'made.hvm')
    assert '- ITRS: ' in usual.out
    code, out, err = output(program, *FEW_LANES, '-s')
    assert (code, err) == (0, '')
    assert without_names(without_device(out), nets=True) == without_names(without_times(usual.out), nets=True)


@needs_compiler
def test_division(hvm: Command, emulated: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('NO_COLOR', '1')
    program = emulated(DIVISION, is_core=True)
    usual = hvm('run', tmp_path / 'made.hvm')
    assert 'error[division-by-zero]' in usual.err
    assert output(program, *FEW_LANES) == (1, '', usual.err)


@needs_compiler
def test_runs_that_end_too_soon(emulated: Make) -> None:
    """Memory runs out, or is not even enough to begin; the user stops the program."""
    program = emulated(ENDLESS, is_core=True)
    for memory, told in (('2M', 'it had used 2 MB of 2 MB.'), ('20K', '')):
        code, out, err = output(program, *FEW_LANES, '--memory', memory)
        assert (code, out) == (1, '')
        assert err.startswith('error[out-of-memory]: The program ran out of memory on the GPU: ')
        assert told in err
    with subprocess.Popen([program, *FEW_LANES], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=20) == (b'', b'')
        assert process.returncode == 130


@pytest.mark.parametrize('source', ['main = (+ 1 {2 3})', 'main = λx (+ x 1)'])
def test_the_engine_is_chosen(source: str, bend: Command, made: Callable[..., Path], tmp_path: Path) -> None:
    """What only nets can do runs as nets, unless the direct engine is asked for; the rest does not."""
    assert 'nets_reduce_net' in made(source).read_text(encoding='utf-8')
    outcome = bend('gen-cu', '--engine', 'direct', tmp_path / 'made.bend')
    assert (outcome.code, outcome.out) == (1, '')
    assert 'error[' in outcome.err
    plain = 'main = (+ 1 2)'
    assert '#define HAS_NETS 0' in made(plain).read_text(encoding='utf-8')
    assert 'nets_reduce_net' not in made(plain).read_text(encoding='utf-8')
    assert 'nets_reduce_net' in made(plain, '--engine', 'net').read_text(encoding='utf-8')


@needs_compiler
@pytest.mark.parametrize(('source', 'words'), [
    ('def main(n):\n  return [n, lambda x: x]\n', ['7']), (BUDGET, []),
], ids=['function', 'budget'])
def test_a_program_begins_again_as_nets(source: str, words: list[str], bend: Command, made: Callable[..., Path],
                                        tmp_path: Path) -> None:
    """Where `bend run-cu` does, and where the result has functions; with the grid that was asked for."""
    path, program = made(source), str(tmp_path / 'made')
    text = path.read_text(encoding='utf-8')
    assert text.count(PATIENCE) == (source is BUDGET)
    path.write_text(text.replace(PATIENCE, '#define PATIENCE ((u64)1000000)'), encoding='utf-8')
    build(path, Path(program), ('-O0',))
    usual = bend('run', '--engine', 'net', '-s', '-t', '1', tmp_path / 'made.bend', *words)
    assert usual.code == 0, usual.err
    code, out, err = output(program, *FEW_LANES, '-ss', *words)
    assert (code, err) == (0, '')
    result, kernel = without_device(out).split('- KERNEL: ')
    assert result == without_times(usual.out)
    assert kernel == '0.001000s in 1 launches of 2 blocks of 32 threads\n'


@needs_compiler
def test_actions_use_cells_again(bend: Command, emulated: Make, tmp_path: Path) -> None:
    """Those of what was read, and of outcomes, also where they go back to the device; and in nets by hand."""
    (tmp_path / 'many.bend').write_text(MANY_ACTIONS, encoding='utf-8')
    program = emulated(bend('gen-hvm', tmp_path / 'many.bend').out, is_core=True)
    code, out, err = output(program, *FEW_LANES, '--memory', '2M', given=f'{"x" * 500}\n'.encode() * 40)
    assert (code, err) == (0, '')
    assert out.startswith(f'{"x" * 500 * 40}Result: ')


@needs_compiler
def test_a_program_that_has_acted_begins_again_as_nets(emulated: Make, tmp_path: Path) -> None:
    """Nothing is performed twice: input goes on, files are written once, and outcomes of all kinds are known again."""
    program = emulated(RESTARTS)
    code, out, err = output(program, *FEW_LANES, '-s', '5', given=b'first\nnext\n')
    assert (code, err) == (0, '')
    result = '(Result/Ok("first"), (Result/Ok([110, 101, 120, 116]), (λn n, (5, (0, Result/Err(+2))))))'
    assert out.startswith(f'same\nsame\nlast\nResult: {result}\n- ITRS: ')
    assert (tmp_path / 'log.txt').read_text(encoding='utf-8') == 'entry\n'


def test_nvcc(made: Callable[..., Path], tmp_path: Path) -> None:
    """It compiles without warnings."""
    run_nvcc('-arch=sm_80', made(SUM, is_core=True), '-o', tmp_path / 'program')


def without_times(text: str) -> str:
    """What a program printed without what it says of time."""
    return re.sub(r'^- (TIME|MIPS): .*\n', '', text, flags=re.MULTILINE)


def without_device(text: str) -> str:
    """What a program printed without the name of the GPU."""
    assert DEVICE in text
    return text.replace(DEVICE, '')
