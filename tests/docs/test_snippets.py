"""Every program in the documentation does what the documentation says.

`pytest tests/docs --update-golden` writes what the programs print into the pages. Look at the difference before
committing it.
"""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest

from bend.cli.main import hvm_main, main
from bend.hvm.text import parse_net
from bend.source import Source
from bend.syntax.parser import parse_module

sys.path.insert(0, str(Path(__file__).resolve().parent))
from snippets import LANGUAGES, Snippet, pages, rewrite, snippets, without_times

SNIPPETS = [snippet for page in pages() for snippet in snippets(page)]
PROGRAMS = [snippet for snippet in SNIPPETS if snippet.expected is not None]
PARTS = [snippet for snippet in SNIPPETS if snippet.expected is None]


def _parameters(found: list[Snippet]) -> list[object]:
    waiting = pytest.mark.xfail(reason='waits for a part of the compiler', strict=True)
    return [pytest.param(snippet, id=snippet.title, marks=[waiting] if snippet.is_pending else [])
            for snippet in found]


def run(command: str, capfd: pytest.CaptureFixture[str]) -> str:
    """All that a command prints. Where no time is shown, the reducer in Python runs the programs: they are short, and
    it is there sooner than native code."""
    words = shlex.split(command)
    assert words[0] in LANGUAGES, command
    capfd.readouterr()
    engine = ['--engine', 'reference'] if words[1] == 'run' and '-s' not in words else []
    code = (main if words[0] == 'bend' else hvm_main)([*words[1:2], *engine, *words[2:]])
    sys.stdout.flush()
    sys.stderr.flush()
    captured = capfd.readouterr()
    output = captured.out + captured.err.rstrip('\n') + ('\n' if captured.err.strip() else '')
    assert (code == 0) == ('error[' not in output), f'exit code {code}\n{output}'
    assert 'internal error' not in output, output
    return output


@pytest.mark.parametrize('snippet', _parameters(PROGRAMS))
def test_program(snippet: Snippet, tmp_path: Path, request: pytest.FixtureRequest,
                 capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A program prints what stands below it."""
    for name, text in {**snippet.files, snippet.file: snippet.program.text}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding='utf-8')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv('NO_COLOR', '1')
    outputs = [run(command, capfd) for command, _ in snippet.commands()]
    if [without_times(output) for output in outputs] != [without_times(text) for _, text in snippet.commands()]:
        if request.config.getoption('--update-golden') and not snippet.is_pending:
            rewrite(snippet, snippet.expectation(outputs))
        else:
            assert snippet.expectation(outputs) == snippet.expectation([text for _, text in snippet.commands()])


@pytest.mark.parametrize('snippet', _parameters(PARTS))
def test_part(snippet: Snippet) -> None:
    """What has no result below it is marked as a fragment, or is a file for the programs after it; it parses."""
    assert snippet.is_fragment or snippet.file in snippet.program.words, (
        f'{snippet.title}: show below the program what it prints, or mark it as a fragment')
    source = Source(snippet.title, snippet.program.text)
    if snippet.language == 'bend':
        parse_module(source)
    else:
        parse_net(source, linear=False)
