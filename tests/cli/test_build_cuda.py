"""`bend build --target cuda` and `hvm compile --cuda`: executables for GPUs, by means of nvcc."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.codegen.cuda_compiler import find_nvcc

SUM = 'def main(n: u24):\n  return n * (n + 1) / 2\n'
CORE = '@main = a\n  & 40 ~ $([+] $(2 a))\n'
FAKE = '''#!/bin/sh
echo "$@" > {folder}/words
cp program.cu {folder}/text
echo made > program
'''
"""Stands for nvcc: notes what it is asked for."""
FAILING = '#!/bin/sh\necho "nvcc fatal   : Unsupported gpu architecture \'compute_70\'" >&2\nexit 1\n'


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder of the test's own."""
    monkeypatch.chdir(tmp_path)
    for name in ('NVCC', 'CUDA_HOME', 'CUDA_PATH'):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def nvcc(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Makes a script that the environment variable NVCC names."""
    def make(text: str) -> Path:
        path = folder / 'compiler'
        path.write_text(text.format(folder=folder), encoding='utf-8')
        path.chmod(0o755)
        monkeypatch.setenv('NVCC', str(path))
        return path
    return make


@pytest.mark.skipif(find_nvcc() is None or shutil.which('g++') is None, reason='there is no nvcc, or no g++')
def test_an_executable(bend: Command, program: Callable[[str], str], folder: Path) -> None:
    outcome = bend('build', program(SUM), '--target', 'cuda')
    assert (outcome.code, outcome.out, outcome.err) == (0, '', '')
    done = subprocess.run(['./program', '--help'], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.startswith('usage: PROGRAM [OPTIONS]')
    assert '--blocks N' in done.stdout


def test_what_nvcc_is_asked_for(bend: Command, hvm: Command, nvcc: Callable[[str], Path],
                                program: Callable[[str], str], folder: Path) -> None:
    nvcc(FAKE)
    path = program(SUM)
    assert bend('build', path, '--target', 'cuda', '--engine', 'net').code == 0
    assert (folder / 'words').read_text(encoding='utf-8') == '-O2 -arch=sm_75 program.cu -o program\n'
    assert (folder / 'text').read_text(encoding='utf-8') == bend('gen-cu', '--engine', 'net', path).out
    assert (folder / 'program').read_text(encoding='utf-8') == 'made\n'
    assert os.access(folder / 'program', os.X_OK)
    (folder / 'nets.hvm').write_text(CORE, encoding='utf-8')
    outcome = hvm('compile', 'nets.hvm', '--cuda', '--arch', 'sm_90', '-o', 'other')
    assert (outcome.code, outcome.out, outcome.err) == (0, '', '')
    assert (folder / 'words').read_text(encoding='utf-8') == '-O2 -arch=sm_90 program.cu -o program\n'
    assert (folder / 'text').read_text(encoding='utf-8') == hvm('gen-cu', 'nets.hvm').out
    assert (folder / 'other').read_text(encoding='utf-8') == 'made\n'


def test_where_nvcc_is_found(bend: Command, nvcc: Callable[[str], Path], program: Callable[[str], str], folder: Path,
                             monkeypatch: pytest.MonkeyPatch) -> None:
    """By PATH, and in the folder of CUDA."""
    compiler = nvcc(FAKE)
    monkeypatch.delenv('NVCC')
    (folder / 'bin').mkdir()
    compiler.rename(folder / 'bin' / 'nvcc')
    path = program(SUM)
    monkeypatch.setattr('importlib.util.find_spec', lambda name: None)
    for name, value in (('CUDA_HOME', str(folder)), ('PATH', f'{folder}/bin:{os.environ["PATH"]}')):
        (folder / 'words').unlink(missing_ok=True)
        monkeypatch.setenv(name, value)
        assert bend('build', path, '--target', 'cuda').code == 0
        assert (folder / 'words').exists()
        monkeypatch.setenv('CUDA_HOME', str(folder / 'nowhere'))


def test_no_nvcc(bend: Command, hvm: Command, program: Callable[[str], str], folder: Path,
                 monkeypatch: pytest.MonkeyPatch) -> None:
    path = program(SUM)
    monkeypatch.setenv('NVCC', str(folder / 'nowhere'))
    outcome = bend('build', path, '--target', 'cuda')
    assert outcome.code == 1
    assert outcome.err.startswith(f"error[no-compiler]: The compiler '{folder / 'nowhere'}', which the environment")
    monkeypatch.delenv('NVCC')
    monkeypatch.setenv('PATH', str(folder))
    monkeypatch.setattr('importlib.util.find_spec', lambda name: None)
    (folder / 'nets.hvm').write_text(CORE, encoding='utf-8')
    for outcome in (bend('build', path, '--target', 'cuda'), hvm('compile', 'nets.hvm', '--cuda')):
        assert outcome.code == 1
        assert outcome.err.startswith('error[no-compiler]: There is no nvcc, which compiles programs for GPUs.')
        assert 'pip install nvidia-cuda-nvcc' in outcome.err
    assert not (folder / 'program').exists()


def test_failures(bend: Command, hvm: Command, nvcc: Callable[[str], Path], program: Callable[[str], str],
                  folder: Path) -> None:
    nvcc(FAILING)
    path = program(SUM)
    outcome = bend('build', path, '--target', 'cuda', '--arch', 'sm_70')
    assert outcome.code == 1
    assert outcome.err.startswith('error[compiler-failed]: The compiler failed (')
    assert 'name one with `--arch`' in outcome.err
    assert not (folder / 'program').exists()
    outcome = bend('build', path, '--target', 'cuda', '--arch', 'sm_60')
    assert outcome.code == 2
    assert "Programs cannot be built for GPUs of the kind 'sm_60'." in outcome.err
    (folder / 'nets.hvm').write_text(CORE, encoding='utf-8')
    assert "'--static' means nothing for the target 'cuda'" in hvm('compile', 'nets.hvm', '--cuda', '--static').err
