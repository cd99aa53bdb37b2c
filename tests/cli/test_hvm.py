"""The command `hvm`: its commands and options, and what is too large for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bend.cli.arguments import HVM_COMMANDS
from bend.hvm.size import MAX_PAIRS

Command = Callable[..., Any]

PROGRAM = '@main = a & 40 ~ $([+2] a)\n'


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A small program."""
    path = tmp_path / 'program.hvm'
    path.write_text(PROGRAM, encoding='utf-8')
    return path


@pytest.mark.parametrize('words', [['run'], ['run-c'], ['run', '--io'], ['run', '-t', '3'],
                                   ['run-c', '--memory', '1G']])
def test_run(words: list[str], hvm: Command, program: Path) -> None:
    outcome = hvm(words[0], program, *words[1:])
    assert (outcome.code, outcome.out, outcome.err) == (0, 'Result: 42\n', '')


def test_help(hvm: Command, bend: Command) -> None:
    """All commands are listed; without any words too, but as an error."""
    listing = hvm('--help')
    assert (listing.code, listing.err) == (0, '')
    assert all(f'\n  {command}' in listing.out for command in HVM_COMMANDS)
    for command in HVM_COMMANDS:
        assert hvm(command, '--help').out.startswith(f'usage: hvm {command} ')
    nothing = hvm()
    assert (nothing.code, nothing.out, nothing.err) == (2, '', listing.out)
    assert (bend().code, bend().out, bend().err) == (2, '', bend('--help').out)


@pytest.mark.parametrize('words', [['run'], ['walk', 'f'], ['run', 'f', 'g'], ['run', 'f', '-o', 'out'],
                                   ['run', 'f', '-t'],
                                   ['compile', 'f', '-t', '0'], ['run', 'f', '--', '1']])
def test_wrong_command_lines(words: list[str], hvm: Command) -> None:
    outcome = hvm(*words)
    assert (outcome.code, outcome.out) == (2, '')
    assert outcome.err.startswith('error[command-line]: ')


def pairs(count: int) -> str:
    """A program of one definition with so many active pairs, next to `@main`."""
    return f'@main = a\n  & @large ~ (1 a)\n\n@large = (a a){" & * ~ *" * count}\n'


def test_large_definitions(hvm: Command, tmp_path: Path) -> None:
    """Any number of nodes, and many pairs."""
    path = tmp_path / 'large.hvm'
    path.write_text('@main = r & @list ~ (* r)\n@list = ' + '(1 ' * 100_000 + '*' + ')' * 100_000, encoding='utf-8')
    assert hvm('run', path, '-t', '8').out.startswith('Result: (1 (1 (1 ')
    path.write_text(pairs(MAX_PAIRS), encoding='utf-8')
    outcome = hvm('run', path, '-t', '8', '-s')
    assert outcome.out.startswith(f'Result: 1\n- ITRS: {MAX_PAIRS + 3}\n'), outcome.err


def test_a_definition_that_is_too_large(hvm: Command, tmp_path: Path) -> None:
    """It is refused with its place."""
    path = tmp_path / 'large.hvm'
    path.write_text(pairs(MAX_PAIRS + 1), encoding='utf-8')
    outcome = hvm('run', path)
    assert (outcome.code, outcome.out) == (1, '')
    message = f'This definition has {MAX_PAIRS + 1} active pairs; at most {MAX_PAIRS} are possible.'
    assert outcome.err.startswith(f'error[net-size]: {message}\n --> {path}:4:1\n')
    assert "in definition 'large'" in outcome.err


def test_deep_results(hvm: Command, tmp_path: Path) -> None:
    """Trees of any depth are read, computed and printed."""
    depth = 100_000
    path = tmp_path / 'deep.hvm'
    path.write_text(f'@main = {"(* " * depth}7{")" * depth}\n', encoding='utf-8')
    assert hvm('run', path).out == f'Result: {"(* " * depth}7{")" * depth}\n'
