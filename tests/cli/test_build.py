"""`bend build`: executables that print what `bend run` prints, and where they go."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from tests.cli.conftest import Command
from tests.cli.test_gen_c import ACTIONS, ARGUMENTS, DIVISION, RESULTS, output

needs_compiler = pytest.mark.skipif(not shutil.which('cc'), reason='there is no C compiler')

SUM = '''
def sum(n):
  switch n:
    case 0:
      return 0
    case _:
      return n + sum(n-1)

def main(n):
  return sum(n)
'''

DEEP = '''
def count(n):
  switch n:
    case 0:
      return 0
    case _:
      return count(n-1) % 7 + 1

def main():
  return count(10000000)
'''


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder of the test's own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv('CC', raising=False)
    return tmp_path


@pytest.fixture
def built(bend: Command, folder: Path) -> Callable[..., str]:
    """Builds a source with options; gives the path of the executable."""
    def make(source: str, *words: str) -> str:
        (folder / 'made.bend').write_text(source, encoding='utf-8')
        outcome = bend('build', 'made.bend', *words)
        assert (outcome.code, outcome.out) == (0, ''), outcome.err
        return str(folder / 'made')
    return make


@needs_compiler
def test_results_of_all_kinds(bend: Command, built: Callable[..., str]) -> None:
    program = built(RESULTS)
    usual = bend('run', 'made.bend')
    assert usual.code == 0, usual.err
    for threads in ('1', '2'):
        assert output(program, '-t', threads) == (0, usual.out, '')
    code, out, _ = output(program, '-s', '--threads=2', '--memory', '1G')
    assert code == 0
    assert out.startswith(f'{usual.out}- ENGINE: direct\n- TIME: 0.')


@needs_compiler
def test_actions_in_a_static_executable(built: Callable[..., str], folder: Path) -> None:
    program = built(ACTIONS, '--static')
    code, out, err = output(program, given='Zoë\nmore\n'.encode())
    assert (code, err) == (0, '')
    assert out == ('Hello, Zoë!\n'
                   'Result: ("Zoë", (Result/Ok([105, 255, 10]), (Result/Err(+2), (Result/Err(+9), Kind/Known))))\n')
    assert (folder / 'note.txt').read_bytes() == b'hi\xff\n'
    with open(program, 'rb') as file:
        assert not any(segment.header.p_type == 'PT_INTERP' for segment in ELFFile(file).iter_segments())


@needs_compiler
def test_arguments(built: Callable[..., str]) -> None:
    """When the program runs, or when it is built."""
    program = built(ARGUMENTS)
    assert output(program, '2', '--', '-4') == (0, 'counting\nResult: [-4, -1, +2]\n', '')
    assert output(program, '1')[0] == 2
    program = built(SUM, '-t', '1', '10')
    assert output(program, '-t', '2') == (0, 'Result: 55\n', '')


@needs_compiler
def test_runs_that_fail(bend: Command, built: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('NO_COLOR', '1')
    program = built(DIVISION)
    usual = bend('run', 'made.bend')
    known = ''.join(line for line in usual.err.splitlines(keepends=True) if 'called from' not in line)
    assert output(program, '-t', '2') == (1, '', known)
    code, out, err = output(built(DEEP), '--memory', '20M')
    assert (code, out) == (1, '')
    assert err.startswith('error[stack-overflow]: Calls are nested too deeply')


@needs_compiler
@pytest.mark.parametrize('words', [(), ('--static',), ('--cpu', 'native'), ('--cpu=x86-64',)])
def test_executables_are_small_and_stripped(words: tuple[str, ...], built: Callable[..., str]) -> None:
    program = built(SUM, *words)
    assert output(program, '5') == (0, 'Result: 15\n', '')
    data = Path(program).read_bytes()
    assert len(data) < 1_000_000
    assert b'bend_worker_main' not in data


@needs_compiler
@pytest.mark.parametrize('target', ['native', 'object', 'llvm', 'c', 'cu', 'ptx'])
def test_the_same_source_gives_the_same_bytes(target: str, bend: Command, program: Callable[[str], str],
                                              folder: Path) -> None:
    source = program(SUM.replace('main(n)', 'main()').replace('sum(n)\n', 'sum(9)\n'))
    for name in ('first', 'second'):
        assert bend('build', source, '--target', target, '-o', name).code == 0
    assert (folder / 'first').read_bytes() == (folder / 'second').read_bytes()


def test_c(bend: Command, program: Callable[[str], str], folder: Path) -> None:
    path = program(SUM)
    assert bend('build', path, '--target', 'c').code == 0
    assert (folder / 'program.c').read_text(encoding='utf-8') == bend('gen-c', path).out
    assert bend('build', path, '--target=c', '-o', '-').out == bend('gen-c', path).out
    assert '#define USUAL_THREADS 2\n' in bend('build', path, '--target=c', '-t', '2', '-o', '-').out


@pytest.mark.parametrize(('words', 'message'), [
    (('-o', 'missing/made'), "there is no directory 'missing'"),
    (('-o', '.'), "The output '.' is a directory"),
    (('-o', 'program.bend'), "The output 'program.bend' would take the place of a program's source"),
    (('-o', 'link'), "The output 'link' would take the place of a program's source"),
    (('-o', 'other.hvm'), "The output 'other.hvm' would take the place of a program's source"),
    (('-o', 'file/made'), "there is no directory 'file'"),
])
def test_outputs_that_cannot_be(words: tuple[str, ...], message: str, bend: Command, program: Callable[[str], str],
                                folder: Path) -> None:
    path = Path(program(SUM))
    (folder / 'link').symlink_to(path)
    (folder / 'file').write_text('', encoding='utf-8')
    outcome = bend('build', path, '--target', 'c', *words)
    assert (outcome.code, outcome.out) == (1, '')
    assert outcome.err.startswith('error[unwritable-file]: ')
    assert message in outcome.err
    assert path.read_text(encoding='utf-8') == SUM
    assert sorted(entry.name for entry in folder.iterdir()) == ['file', 'link', 'program.bend']


def test_a_source_without_suffix_is_not_overwritten(bend: Command, folder: Path) -> None:
    (folder / 'made').write_text(SUM, encoding='utf-8')
    outcome = bend('build', 'made')
    assert outcome.code == 1
    assert outcome.err.startswith('error[unwritable-file]: ')
    assert (folder / 'made').read_text(encoding='utf-8') == SUM


def test_no_compiler(bend: Command, program: Callable[[str], str], monkeypatch: pytest.MonkeyPatch,
                     folder: Path) -> None:
    path = program(SUM)
    monkeypatch.setenv('CC', 'no-such-compiler -O2')
    outcome = bend('build', path)
    assert (outcome.code, outcome.out) == (1, '')
    assert outcome.err.startswith("error[no-compiler]: The C compiler 'no-such-compiler'")
    monkeypatch.setenv('CC', 'false')
    outcome = bend('build', path)
    assert outcome.code == 1
    assert outcome.err.startswith('error[compiler-failed]: The C compiler failed (false ')
    monkeypatch.delenv('CC')
    monkeypatch.setenv('PATH', str(folder))
    monkeypatch.setattr('importlib.util.find_spec', lambda name: None)
    outcome = bend('build', path)
    assert outcome.code == 1
    assert outcome.err.startswith('error[no-compiler]: There is no C compiler that links programs for this machine.')
    assert 'apt install gcc libc6-dev' in outcome.err
    assert not (folder / 'program').exists()


@pytest.mark.parametrize(('words', 'message'), [
    (('--target', 'natve'), "There is no target 'natve'."),
    (('--target', 'c', '--static'), "The option '--static' means nothing for the target 'c'."),
    (('--cpu', 'x86-64-v9'), "Programs cannot be built for the CPU 'x86-64-v9'."),
    (('--export', ''), "'' is not a list of names."),
])
def test_wrong_options(words: tuple[str, ...], message: str, bend: Command, program: Callable[[str], str]) -> None:
    outcome = bend('build', program(SUM), *words)
    assert (outcome.code, outcome.out) == (2, '')
    assert message in outcome.err


def test_errors_of_the_program(bend: Command, program: Callable[[str], str], folder: Path) -> None:
    outcome = bend('build', program('def main():\n  return nothing\n'))
    assert outcome.code == 1
    assert 'error[unbound-variable]: ' in outcome.err
    outcome = bend('build', program('main = (+ 1 {2 3})'), '--engine', 'direct')
    assert outcome.code == 1
    assert 'error[needs-nets]: ' in outcome.err
    assert [entry.name for entry in folder.iterdir()] == ['program.bend']


@needs_compiler
def test_nets(bend: Command, built: Callable[..., str], folder: Path) -> None:
    """Programs that only nets can do, those that shall run so, and HVM text; the threads that are usual for each."""
    assert output(built('main = (+ 1 {2 3})')) == (0, 'Result: {3 4}\n', '')
    program = built(RESULTS, '--engine', 'net', '-t', '2')
    usual = bend('run', 'made.bend', '--engine', 'net', '-s', '-t', '1')
    for words in (('-s',), ('-s', '-t', '1')):
        code, out, _ = output(program, *words)
        assert code == 0
        assert out.split('- TIME')[0] == usual.out.split('- TIME')[0]


@needs_compiler
def test_hvm_compile(hvm: Command, folder: Path) -> None:
    (folder / 'nets.hvm').write_text('@main = a\n  & 40 ~ $([+] $(2 a))\n', encoding='utf-8')
    outcome = hvm('compile', 'nets.hvm')
    assert (outcome.code, outcome.out, outcome.err) == (0, '', '')
    assert output(str(folder / 'nets')) == (0, 'Result: 42\n', '')
    assert hvm('compile', 'nets.hvm', '-o', 'other', '--static', '-t', '2').code == 0
    code, out, err = output(str(folder / 'other'), '-s')
    assert (code, err) == (0, '')
    assert out.startswith('Result: 42\n- ITRS: 3\n- TIME: ')
    (folder / 'wrong.hvm').write_text('@main = b\n', encoding='utf-8')
    assert hvm('compile', 'wrong.hvm').code == 1
    assert not (folder / 'wrong').exists()
    assert hvm('compile', 'nets.hvm', '-o', 'nets.hvm').err.startswith('error[unwritable-file]: ')
    outcome = hvm('compile', 'nets.hvm', '--arch', 'sm_90')
    assert outcome.code == 2
    assert "The option '--arch' is for GPUs." in outcome.err
