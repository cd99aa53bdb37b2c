"""The targets of `bend build` besides the executable for this machine, and that artefacts are the same each time."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bend.building.machines import machine_for, needs_of
from bend.building.targets import TARGETS
from tests.cli.conftest import Command
from tests.cli.test_build import SUM
from tests.cli.test_gen_c import RESULTS, output

needs_compiler = pytest.mark.skipif(not shutil.which('cc'), reason='there is no C compiler')
ARM_COMPILER = shutil.which('aarch64-linux-gnu-gcc') or shutil.which('zig')
PARALLEL = '''
def tree(depth):
  switch depth:
    case 0:
      return [1]
    case _:
      return List/concat(tree(depth-1), tree(depth-1))

def half(n):
  return 7 / n

def main(n):
  return (List/length(tree(6)), half(n))
'''


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder of the test's own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv('CC', raising=False)
    return tmp_path


@needs_compiler
def test_object_code_can_be_linked(bend: Command, program: Callable[[str], str], folder: Path) -> None:
    assert bend('build', program(SUM), '--target', 'object').code == 0
    subprocess.run(['cc', 'program.o', '-o', 'linked', '-lm', '-lpthread'], check=True)
    assert output(str(folder / 'linked'), '4') == (0, 'Result: 10\n', '')


def test_llvm(bend: Command, program: Callable[[str], str], folder: Path) -> None:
    assert bend('build', program(SUM), '--target', 'llvm', '--cpu', 'x86-64').code == 0
    text = (folder / 'program.ll').read_text(encoding='utf-8')
    assert 'define hidden void @bend_worker_main(' in text
    import llvmlite.binding as llvm
    llvm.parse_assembly(text).verify()


@pytest.mark.parametrize('source', [SUM, 'main = (+ 1 {2 3})'])
def test_ptx(source: str, bend: Command, program: Callable[[str], str], folder: Path) -> None:
    """Of both engines."""
    path = program(source)
    assert bend('build', path, '--target', 'ptx').code == 0
    assert '.target sm_70' in (folder / 'program.ptx').read_text(encoding='utf-8')
    text = bend('build', path, '--target', 'ptx', '--arch', 'sm_90', '-o', '-').out
    assert '.target sm_90' in text
    assert 'bend_entry' in text


@pytest.mark.parametrize(('arch', 'message'), [
    ('sm_60', "Programs cannot be built for GPUs of the kind 'sm_60'."), ('90', "'90' names no kind of GPU."),
    ('sm_9', "'sm_9' names no kind of GPU."), ('gfx906', "'gfx906' names no kind of GPU."),
])
def test_wrong_architectures(arch: str, message: str, bend: Command, program: Callable[[str], str]) -> None:
    outcome = bend('build', program(SUM), '--target', 'ptx', '--arch', arch)
    assert (outcome.code, outcome.out) == (2, '')
    assert message in outcome.err


@pytest.mark.skipif(ARM_COMPILER is None, reason='there is no C compiler for 64-bit ARM')
def test_aarch64(bend: Command, program: Callable[[str], str], folder: Path) -> None:
    path = program(RESULTS)
    usual = bend('run', path)
    assert bend('build', path, '--target', 'aarch64', '--static').code == 0
    assert (folder / 'program').read_bytes()[18:20] == b'\xb7\0'
    runner = [] if platform.machine() == 'aarch64' else [shutil.which('qemu-aarch64') or '']
    if '' in runner:
        pytest.skip('there is no emulator for 64-bit ARM (qemu-aarch64)')
    for threads in ('1', '2'):
        done = subprocess.run([*runner, './program', '-t', threads], capture_output=True, timeout=60, check=False)
        assert (done.returncode, done.stdout.decode(), done.stderr.decode()) == (0, usual.out, '')


def test_no_cross_compiler(bend: Command, program: Callable[[str], str], monkeypatch: pytest.MonkeyPatch,
                           folder: Path) -> None:
    path = program(SUM)
    monkeypatch.setenv('PATH', str(folder))
    monkeypatch.setattr('platform.machine', lambda: 'x86_64')
    monkeypatch.setattr('importlib.util.find_spec', lambda name: None)
    outcome = bend('build', path, '--target', 'aarch64')
    assert outcome.code == 1
    assert outcome.err.startswith('error[no-compiler]: There is no C compiler that links programs for machines of the '
                                  'kind aarch64.')
    assert 'apt install gcc-aarch64-linux-gnu' in outcome.err


@pytest.mark.skipif(platform.machine() != 'x86_64' or not shutil.which('qemu-x86_64'),
                    reason='there is no emulator of other x86 CPUs (qemu-x86_64)')
@needs_compiler
def test_executables_say_that_the_cpu_is_another_one(bend: Command, program: Callable[[str], str]) -> None:
    assert bend('build', program(SUM), '--cpu', 'x86-64-v3', '1').code == 0
    for cpu, code, text in (('Nehalem', 1, ''), ('max', 0, 'Result: 1\n')):
        done = subprocess.run(['qemu-x86_64', '-cpu', cpu, './program'], capture_output=True, text=True, timeout=60,
                              check=False)
        assert (done.returncode, done.stdout) == (code, text)
        assert ('error[wrong-cpu]: ' in done.stderr) == bool(code)


def test_what_cpus_need() -> None:
    assert needs_of(machine_for('x86_64', 'x86-64')) is None
    assert needs_of(machine_for('aarch64', '')) is None
    usual, later = needs_of(machine_for('x86_64', '')), needs_of(machine_for('x86_64', 'x86-64-v3'))
    assert usual is not None
    assert later is not None
    assert (usual.wide_features, usual.registers) == (0, 0)
    assert later.features & usual.features == usual.features
    assert later.registers == 6


def targets_here() -> list[str]:
    """The targets that can be built on this machine, and are the same each time: what nvcc makes is not."""
    missing = {'cuda'} if shutil.which('cc') else {'cuda', 'native', 'object'}
    return sorted(TARGETS.keys() - missing - (set() if ARM_COMPILER else {'aarch64'}))


def words_here() -> list[list[str]]:
    """What can be asked for on this machine."""
    words = [['--target', target] for target in targets_here()]
    return [*words, ['--export', 'half,tree'], ['--engine', 'net']] if shutil.which('cc') else words


@pytest.mark.parametrize('words', words_here(), ids=lambda words: '='.join(words))
def test_the_same_bytes_each_time(words: list[str], folder: Path) -> None:
    """Wherever the program lies, and in whatever order Python's sets are."""
    made = []
    for number in (1, 2):
        place = folder / f'{"long " * number}folder'
        place.mkdir()
        (place / 'made.bend').write_text(PARALLEL, encoding='utf-8')
        command = [sys.executable, '-m', 'bend', 'build', 'made.bend', *words, '-o', 'out']
        environment = {**os.environ, 'PYTHONHASHSEED': str(number), 'BEND_CACHE_DIR': '',
                       'PYTHONPATH': str(Path(__file__).resolve().parents[2])}
        subprocess.run(command, cwd=place, env=environment, check=True, timeout=120)
        made.append({path.name: path.read_bytes() for path in place.iterdir()})
    assert made[0] == made[1]
    assert not any(b'long folder' in data for data in made[0].values())


@needs_compiler
def test_the_folder_of_a_program_is_not_in_it(bend: Command, folder: Path) -> None:
    """Messages name sources as they lie beside the main file."""
    place = folder / 'some' / 'folder'
    place.mkdir(parents=True)
    (place / 'made.bend').write_text(PARALLEL, encoding='utf-8')
    assert bend('build', place / 'made.bend').code == 0
    data = (folder / 'made').read_bytes()
    assert b'made.bend:' in data
    assert b'some/folder' not in data
