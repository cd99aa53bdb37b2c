"""Fixtures of the command line's tests: a cache of their own, and commands run in this process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from bend.cli.main import hvm_main, main


@dataclass(frozen=True)
class Outcome:
    """What a command did."""

    code: int
    out: str
    err: str


Command = Callable[..., Outcome]


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('BEND_CACHE_DIR', str(tmp_path_factory.getbasetemp() / 'cache'))
    monkeypatch.delenv('NO_COLOR', raising=False)


@pytest.fixture
def bend(capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs `bend` with the given arguments."""
    def run(*arguments: str) -> Outcome:
        code = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)
    return run


@pytest.fixture
def hvm(capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs `hvm` with the given arguments."""
    def run(*arguments: str) -> Outcome:
        code = hvm_main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)
    return run


@pytest.fixture
def program(tmp_path: Path) -> Callable[[str], str]:
    """Writes a program to a file and gives its path."""
    def write(text: str) -> str:
        path = tmp_path / 'program.bend'
        path.write_text(text, encoding='utf-8')
        return str(path)
    return write
