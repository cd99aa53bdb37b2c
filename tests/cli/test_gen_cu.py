"""`bend gen-cu`: CUDA C++ that prints what `bend run` prints, on threads of the system (`tests.gpu.cuda_emulated`), and
through nvcc. `tests/golden/standalone.py --form gpu` compares all golden programs."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from bend.codegen.states.compile import compile_gpu
from bend.deep_stack import with_deep_stack
from bend.runtime.cache import Cache
from bend.runtime.gpu_device import require_gpu
from tests.cli.conftest import Command
from tests.cli.test_gen_c import ACTIONS, ARGUMENTS, DIVISION, RESULTS, output
from tests.codegen.assembler import assemble
from tests.codegen.cuda_compiler import run_nvcc
from tests.gpu.cuda_emulated import COMPILER, FEW_LANES, build, on_threads
from tests.waves.device import book_of

needs_compiler = pytest.mark.skipif(COMPILER is None, reason='there is no C++ compiler')
ENDLESS = '''
def main(n: u24) -> u24:
  return around(n, n)

def around(n: u24, start: u24) -> u24:
  switch n:
    case 0:
      return around(start, start + 1)
    case _:
      return around(n-1, start)
'''
HELLO = 'def main():\n  with IO:\n    * <- IO/print("hello\\n")\n    return wrap(1)\n'
TREE = '''
type Tree:
  Leaf { value }
  Node { ~left, ~right }

def tree(depth: u24, x: u24) -> Tree:
  switch depth:
    case 0:
      return Tree/Leaf(x)
    case _:
      return Tree/Node(tree(depth-1, x * 2), tree(depth-1, x * 2 + 1))

def main(depth: u24) -> Tree:
  return tree(depth, 1)
'''
FLOATS = '''
def area(n, x, y, total):
  switch n:
    case 0:
      return total * x + y
    case _:
      return area(n-1, x * 1.25 - y, y * 0.5 + x / 3.0, Math/sin(total * x + y) + Math/sqrt(x * x + y * y))

def main():
  return [area(10, 0.3, 0.7, 1.0), 0.0 / 0.0, 1.0 / 0.0, 1.0 - 1.0 / 3.0 * 3.0]
'''
FORKS = (Path(__file__).parent.parent / 'golden/run/lambdas/copied_functions.bend').read_text(encoding='utf-8')
"""Here `main` has forks and is no state."""
NAMES = 'def both(operator, this):\n  return operator - this\n\ndef main():\n  return [both(n, 1) for n in [5, 6]]\n'
"""C++ keeps some for itself."""
Make = Callable[..., str]


@pytest.fixture
def made(bend: Command, tmp_path: Path) -> Callable[..., Path]:
    """The .cu file of a source, with options of `gen-cu`."""
    def make(source: str, *words: str) -> Path:
        path = tmp_path / 'made.bend'
        path.write_text(source, encoding='utf-8')
        outcome = bend('gen-cu', *words, path)
        assert outcome.code == 0, outcome.err
        path = path.with_suffix('.cu')
        path.write_text(outcome.out, encoding='utf-8')
        return path
    return make


@pytest.fixture
def emulated(made: Callable[..., Path], tmp_path: Path) -> Make:
    """The program of a source, for threads; `options` are those of the C++ compiler."""
    def make(source: str, options: Sequence[str] = ()) -> str:
        target = tmp_path / 'made'
        build(made(source), target, ('-O0', *options))
        return str(target)
    return make


def usual(bend: Command, tmp_path: Path, *words: str) -> str:
    """What `bend run` prints of the same program."""
    outcome = bend('run', tmp_path / 'made.bend', *words)
    assert outcome.code == 0, outcome.err
    return outcome.out


@needs_compiler
@pytest.mark.parametrize('source', [RESULTS, FLOATS, FORKS, NAMES],
                         ids=['all kinds', 'floats', 'forks', 'names'])
def test_results(source: str, bend: Command, emulated: Make, tmp_path: Path) -> None:
    program = emulated(source)
    assert output(program, *FEW_LANES) == (0, usual(bend, tmp_path), '')


@needs_compiler
def test_options(emulated: Make) -> None:
    program = emulated('def main():\n  return 42\n')
    assert output(program, '--help')[1].startswith('usage: ')
    code, out, err = output(program, '-ss', '--blocks=1', '--threads-per-block', '64', '--memory', '100M')
    assert (code, err) == (0, '')
    assert re.fullmatch(r'Result: 42\n- ENGINE: direct\n- DEVICE: Emulated GPU\n- TIME: 0\.\d+s\n'
                        r'- KERNEL: 0\.001000s in 1 launches of 1 blocks of 64 threads\n', out)
    for words in (['--blocks', '0'], ['--blocks'], ['--threads-per-block=many'], ['-t', '2'], ['7']):
        code, out, err = output(program, *words)
        assert (code, out) == (2, ''), words
        assert err.startswith('error[command-line]: '), words


@needs_compiler
def test_what_the_gpu_does_not_have(emulated: Make) -> None:
    program = emulated('def main():\n  return 42\n')
    for words, text in (
        (['--blocks', '5'], 'Emulated GPU cannot run 5 blocks of 32 threads at the same time.\n'
                            '  = hint: `--blocks` takes 1 to 4.'),
        (['--threads-per-block', '33'], 'Emulated GPU does not run blocks of 33 threads.\n'
                                        '  = hint: `--threads-per-block` takes multiples of 32 up to 256.'),
        (['--threads-per-block', '160'], 'Emulated GPU cannot run a block of 160 threads of this program, which needs '
                                         'too many registers or too much memory for that.\n'
                                         '  = hint: `--threads-per-block` takes up to 128 here.'),
        (['--memory', '1T'], 'The GPU has 256 MB of free memory, not 1048576 MB.'),
    ):
        code, out, err = output(program, '--threads-per-block', '32', *words)
        assert (code, out) == (1, ''), words
        assert err.startswith(f'error[gpu-failed]: {text}'), words


@needs_compiler
def test_no_gpu(emulated: Make) -> None:
    program = emulated('def main():\n  return 42\n', ['-DEMULATED_DEVICES=0'])
    code, out, err = output(program)
    assert (code, out) == (1, '')
    assert err.startswith('error[gpu-unavailable]: The NVIDIA driver finds no GPU.\n  = hint: ')


@needs_compiler
def test_a_large_result_and_memory_that_runs_out(bend: Command, emulated: Make, tmp_path: Path) -> None:
    """The result is on several pages of the device's memory; the argument is given when the program runs."""
    program = emulated(TREE)
    assert output(program, *FEW_LANES, '11') == (0, usual(bend, tmp_path, '11'), '')
    code, out, err = output(program, *FEW_LANES, '--memory', '2M', '20')
    assert (code, out) == (1, '')
    assert re.match(r'error\[out-of-memory\]: The program ran out of memory on the GPU: it had used \d MB of 2 MB', err)
    assert output(program, *FEW_LANES)[0] == 2


@needs_compiler
def test_performed_actions(emulated: Make, tmp_path: Path) -> None:
    code, out, err = output(emulated(ACTIONS), *FEW_LANES, given='Zoë\nmore\n'.encode())
    assert (code, err) == (0, '')
    assert out == ('Hello, Zoë!\n'
                   'Result: ("Zoë", (Result/Ok([105, 255, 10]), (Result/Err(+2), (Result/Err(+9), Kind/Known))))\n')
    assert (tmp_path / 'note.txt').read_bytes() == b'hi\xff\n'


@needs_compiler
def test_numbers_for_a_program_that_acts(emulated: Make) -> None:
    program = emulated(ARGUMENTS)
    assert output(program, *FEW_LANES, '2', '--', '-4') == (0, 'counting\nResult: [-4, -1, +2]\n', '')
    assert output(program, '2')[0] == 2


@needs_compiler
def test_division(bend: Command, emulated: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('NO_COLOR', '1')
    program = emulated(DIVISION)
    outcome = bend('run', tmp_path / 'made.bend')
    assert 'n / by' in outcome.err
    known = ''.join(line for line in outcome.err.splitlines(keepends=True) if 'called from' not in line)
    assert output(program, *FEW_LANES) == (1, '', known)


@needs_compiler
def test_an_interrupted_launch(emulated: Make) -> None:
    command = [emulated(ENDLESS), *FEW_LANES, '1']
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=20) == (b'', b'')
        assert process.returncode == 130


@pytest.mark.parametrize(('source', 'reason'), [
    ('def main():\n  return lambda x: x + 1', 'standalone]: Standalone programs cannot print a result that is a '
                                             'function yet.'),
    ('main = (+ 1 {2 3})', "needs-nets]: The direct engine cannot run this program, because 'main' has a "
                           'superposition'),
])
def test_what_the_direct_engine_refuses(source: str, reason: str, bend: Command, program: Callable[[str], str]) -> None:
    outcome = bend('gen-cu', '--engine', 'direct', program(source))
    assert (outcome.code, outcome.out) == (1, '')
    assert f'error[{reason}' in outcome.err


def test_build_makes_the_same(bend: Command, program: Callable[[str], str], tmp_path: Path,
                              monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = program(HELLO)
    assert bend('build', path, '--target', 'cu').code == 0
    assert (tmp_path / 'program.cu').read_text(encoding='utf-8') == bend('gen-cu', path).out


def test_memory_is_accessed_as_in_ptx(made: Callable[..., Path]) -> None:
    """Orders and scopes are those that `run-cu` has."""
    text = made(RESULTS, '--engine', 'direct').read_text(encoding='utf-8')
    pattern = re.compile(r'\b((?:ld|st|atom)\.(?:relaxed|acquire|release|acq_rel)[.\w]*|fence[.\w]+)')
    found = set(pattern.findall(text))
    ptx = with_deep_stack(lambda: compile_gpu(book_of(RESULTS), (9, 0), Cache(None))).program.object_code.decode()
    assert {'ld.acquire.gpu.b64', 'atom.acq_rel.gpu.add.u64', 'fence.sc.gpu', 'atom.relaxed.cta.add.u32'} <= found
    assert found - {'fence_sc_gpu', 'fence_acq_rel_gpu'} == set(pattern.findall(ptx))


def test_instructions_that_are_not_known() -> None:
    shared = 'extern __shared__ __align__(16) u8 block_memory[];\n'
    assert 'emulated_exit();' in on_threads(f'{shared}asm volatile("exit;" ::: "memory");')
    for instruction in ('ld.volatile.gpu.b64 %0, [%1]', 'fence.acq_rel.warp', 'atom.relaxed.gpu.inc.u32 %0, [%1], %2'):
        with pytest.raises(ValueError, match=r'volatile|warp|inc'):
            on_threads(f'{shared}asm volatile("{instruction};" :: "l"(place) : "memory");')


def test_nvcc(made: Callable[..., Path], bend: Command, tmp_path: Path) -> None:
    """It compiles without warnings, and runs if there is a GPU."""
    source = made(RESULTS, '--engine', 'direct')
    run_nvcc('-arch=sm_90', source, '-o', tmp_path / 'program')
    code, out, err = output(str(tmp_path / 'program'))
    if is_gpu_here():
        assert (code, out, err) == (0, usual(bend, tmp_path), '')
    else:
        assert (code, out) == (1, '')
        assert err.startswith('error[gpu-unavailable]: ')


def test_nvcc_for_older_gpus(made: Callable[..., Path], tmp_path: Path) -> None:
    """An action and floats; nothing is used that the oldest GPUs do not have, for which nvcc 13 makes no code itself,
    and no product and sum become one operation."""
    run_nvcc('-arch=sm_80', made(HELLO), '-o', tmp_path / 'hello')
    run_nvcc('-arch=compute_75', '-ptx', made(FLOATS), '-o', tmp_path / 'floats.ptx')
    text = (tmp_path / 'floats.ptx').read_text(encoding='utf-8')
    assert 'mul.rn.f32' in text
    assert 'fma' not in text
    text = re.sub(r'^\.version .*$', '.version 8.0', text, count=1, flags=re.MULTILINE)
    assemble(text.replace('.target sm_75', '.target sm_70'), (7, 0), tmp_path)


def is_gpu_here() -> bool:
    """Whether this machine has a GPU."""
    try:
        require_gpu()
    except Exception:
        return False
    return os.environ.get('CUDA_VISIBLE_DEVICES') != ''
