"""Commands and options: exit codes, streams, and what is said about wrong ones."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bend import __version__, driver
from bend.cli.arguments import BEND_COMMANDS, UsageError, options_of, parse_bend, severities_of
from bend.diagnostics import Severity
from bend.options import CHECK_SEVERITIES, RUN_SEVERITIES

ROOT = Path(__file__).resolve().parents[2]
Command = Callable[..., Any]
Write = Callable[[str], str]


# ---- parsing ---------------------------------------------------------------------------------


def test_options_may_stand_anywhere() -> None:
    for words in (['run', '-s', 'f.bend', '1', '2'], ['run', 'f.bend', '-s', '1', '2'],
                  ['run', 'f.bend', '1', '2', '-s'], ['run', 'f.bend', '1', '-s', '2'],
                  ['-v', 'run', 'f.bend', '-s', '1', '--', '2'], ['run-c', '-s', 'f.bend', '--', '1', '2']):
        parsed = parse_bend(words)
        assert (parsed.command, parsed.file, parsed.arguments, parsed.stats) == ('run', 'f.bend', ['1', '2'], 'short')
    assert parse_bend(['run', 'f.bend', '--', '-5', '-s']).arguments == ['-5', '-s']
    assert parse_bend(['-e', 'start', 'check', 'f.bend']).entrypoint == 'start'


def test_compiler_options_apply_left_to_right() -> None:
    options = options_of(parse_bend(['run', 'f.bend', '-Oall', '-O', 'no-eta no-merge', '-Ono-inline', '-Oinline']))
    assert (options.prune, options.eta, options.merge, options.inline) == (True, False, False, True)


def test_severities_apply_left_to_right() -> None:
    parsed = parse_bend(['check', 'f.bend', '-D', 'all', '-A', 'repeated-bind unused-definition', '-Wrepeated-bind'])
    severities = severities_of(parsed, CHECK_SEVERITIES)
    assert severities['repeated-bind'] is Severity.WARNING
    assert severities['unused-definition'] is Severity.ALLOW
    assert severities['redundant-match'] is Severity.ERROR
    assert severities_of(parse_bend(['run', 'f.bend']), RUN_SEVERITIES)['redundant-match'] is Severity.ALLOW


@pytest.mark.parametrize(('text', 'size'), [('200M', 200 << 20), ('4G', 4 << 30), ('4gb', 4 << 30), ('1GiB', 1 << 30),
                                            ('65536', 65536), ('64k', 65536)])
def test_memory_sizes(text: str, size: int) -> None:
    assert parse_bend(['run', 'f.bend', '--memory', text]).memory == size


@pytest.mark.parametrize('words', [
    ['-v'], ['walk', 'f.bend'], ['run'], ['run', 'f.bend', '--fast'], ['run', 'f.bend', '-Ofast'],
    ['run', 'f.bend', '-O', 'eta,prune'], ['check', 'f.bend', '-W', 'everything'], ['run', 'f.bend', '-t', '0'],
    ['run', 'f.bend', '-t', 'many'], ['run', 'f.bend', '--memory', 'much'], ['run', 'f.bend', '--memory', '0'],
    ['check', 'f.bend', '1'], ['check', 'f.bend', '--', '1'], ['run', 'f.bend', '--engine', 'steam'],
    ['run', 'f.bend', '--readback', 'aloud'], ['help', 'me'],
])
def test_wrong_command_lines(words: list[str], bend: Command) -> None:
    with pytest.raises(UsageError):
        parse_bend(words)
    outcome = bend(*words)
    assert outcome.code == 2
    assert outcome.out == ''
    assert outcome.err.startswith('error[command-line]: ')
    assert 'Traceback' not in outcome.err


@pytest.mark.parametrize(('words', 'text'), [
    (['doctor', 'x'], "'bend doctor' takes no file; there is no place for 'x'."),
    (['check', 'f.bend', 'x'], "'bend check' takes one file; there is no place for 'x'."),
    (['run-cu', 'f.bend', '--fallback', 'steam'], 'There is cpu.'),
    (['run', 'f.bend', '--engine', 'reference', '--memory', '1G'], "'reference' knows no limit of memory."),
])
def test_what_wrong_command_lines_are_told(words: list[str], text: str, bend: Command) -> None:
    assert text in bend(*words).err


def test_help_and_version(bend: Command, hvm: Command) -> None:
    assert bend('--version').out.startswith(f'bend {__version__} ')
    assert bend('-V').code == 0
    assert hvm('-V').out.startswith(f'hvm {__version__} ')
    for command in BEND_COMMANDS:
        assert command in bend('--help').out
        assert bend('help', command).out == bend(command, '--help').out
        assert bend(command, '-h').code == 0


# ---- files -----------------------------------------------------------------------------------


def test_files_that_cannot_be_read(bend: Command, tmp_path: Path) -> None:
    missing = bend('check', tmp_path / 'none.bend')
    assert (missing.code, missing.out) == (1, '')
    assert 'error[file-not-found]: There is no file' in missing.err
    (tmp_path / 'a.bend').write_text('')
    folder = bend('run', tmp_path)
    assert folder.code == 1
    assert 'is a directory' in folder.err
    assert 'a.bend' in folder.err
    latin = tmp_path / 'latin.bend'
    latin.write_bytes(b'main = 1\n# caf\xe9\n')
    outcome = bend('run', latin)
    assert outcome.code == 1
    assert 'is not UTF-8 text (line 2, byte 14)' in outcome.err


@pytest.mark.skipif(os.geteuid() == 0, reason='the superuser can read everything')
def test_a_file_without_permission(bend: Command, tmp_path: Path) -> None:
    path = tmp_path / 'secret.bend'
    path.write_text('main = 1')
    path.chmod(0)
    assert 'cannot be read: Permission denied' in bend('run', path).err


def test_a_name_with_a_zero_byte(bend: Command) -> None:
    assert bend('run', 'a\0b').code == 1


# ---- faults and interruptions ----------------------------------------------------------------


def test_an_unexpected_exception_is_an_internal_error(bend: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(path: str) -> None:
        raise KeyError(path)
    monkeypatch.setattr(driver, 'load', broken)
    monkeypatch.delenv('BEND_DEBUG', raising=False)
    outcome = bend('check', 'f.bend')
    assert outcome.code == 101
    assert outcome.err.startswith("internal error: KeyError: 'f.bend'\n")
    assert 'Please report it' in outcome.err
    assert 'Traceback' not in outcome.err
    monkeypatch.setenv('BEND_DEBUG', '1')
    assert 'Traceback' in bend('check', 'f.bend').err


def test_interruption(bend: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(path: str) -> None:
        raise KeyboardInterrupt
    monkeypatch.setattr(driver, 'load', interrupted)
    outcome = bend('check', 'f.bend')
    assert (outcome.code, outcome.out, outcome.err) == (130, '', '')


def test_a_reader_that_goes_away() -> None:
    script = f'{sys.executable} -m bend --help | true; exit ${{PIPESTATUS[0]}}'
    outcome = subprocess.run(['bash', '-c', script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert outcome.returncode in (0, 141)
    assert outcome.stderr == ''


@pytest.mark.skipif(not os.path.exists('/dev/full'), reason='the system has no /dev/full')
def test_a_full_disk_is_no_fault_of_the_compiler(program: Write) -> None:
    with open('/dev/full', 'w') as full:
        outcome = subprocess.run([sys.executable, '-m', 'bend', 'desugar', program('main = 1\n')],
                                 cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    assert outcome.returncode == 1
    assert outcome.stderr.startswith('error[no-space]: The output cannot be written: ')


# ---- hvm -------------------------------------------------------------------------------------


@pytest.mark.parametrize('engine', ['net', 'reference'])
def test_hvm_run(engine: str, hvm: Command, tmp_path: Path) -> None:
    path = tmp_path / 'sum.hvm'
    path.write_text('@main = a & $(41 a) ~ [+ 1]\n')
    outcome = hvm('run', path, '-s', '--engine', engine)
    assert outcome.code == 0
    assert outcome.out.startswith('Result: 42\n- ITRS: 2\n- TIME: ')
    assert outcome.err == ''


def test_hvm_run_of_a_wrong_file(hvm: Command, tmp_path: Path) -> None:
    path = tmp_path / 'wrong.hvm'
    path.write_text('@main = (a b\n')
    outcome = hvm('run', path)
    assert outcome.code == 1
    assert 'error[' in outcome.err
    assert f'{path}:' in outcome.err
    assert hvm('gen-cu', path).code == 1
    assert hvm().code == 2


# ---- house -----------------------------------------------------------------------------------


def test_the_readme_and_the_ci_run_the_same_tests() -> None:
    command = ".venv/bin/pip install --quiet --editable '.[test]' && .venv/bin/pytest -n auto"
    assert command in (ROOT / 'README.md').read_text()
    assert command in (ROOT / '.ci' / 'run').read_text()
