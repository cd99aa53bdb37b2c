"""Golden tests: each program below this directory, run as a user would, against the recorded output.

`pytest tests/golden --update-golden` records the outputs anew. Look at the difference before committing it.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bend.cli.main import hvm_main, main

sys.path.insert(0, str(Path(__file__).resolve().parent))
from cases import (
    AUTO,
    OUTPUT,
    RESULTS,
    ROOT,
    Case,
    find_cases,
    stale_files,
    transcript,
    without_names,
    without_statistics,
)

ADVICE = 'run `pytest tests/golden --update-golden` and look at what it writes'

CASES = find_cases()
AUTO_CASES = [case for case in CASES if len(case.stage.engines) > 1]
FORMS = ('run/agreement/', 'run/readback/')
"""The cases whose encoded results are compared on all engines; those of others are data, as in `test_output`."""
RESULT_CASES = [(case, suffix, engine) for case in CASES for suffix in RESULTS if case.sidecar(suffix).exists()
                for engine in case.stage.engines if engine == 'net' or case.name.startswith(FORMS)]


@pytest.fixture
def updating(request: pytest.FixtureRequest) -> bool:
    """Whether expected files are to be written."""
    return bool(request.config.getoption('--update-golden'))


def run(case: Case, words: tuple[str, ...], engine: str, capfd: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch) -> tuple[int, str, str]:
    """Runs a case's command in this process, in the directory of its source: exit code, stdout and stderr."""
    monkeypatch.chdir(case.source.parent)
    monkeypatch.setenv('NO_COLOR', '1')
    monkeypatch.setattr(sys, 'stdin', case.input())
    command = main if case.stage.program == 'bend' else hvm_main
    capfd.readouterr()
    code = command(case.command(words, engine))
    sys.stdout.flush()
    sys.stderr.flush()
    captured = capfd.readouterr()
    return code, captured.out, captured.err


@pytest.mark.parametrize('case', CASES, ids=lambda case: case.name)
def test_output(case: Case, updating: bool, capfd: pytest.CaptureFixture[str],
                monkeypatch: pytest.MonkeyPatch) -> None:
    """The output, interaction count and exit code are those recorded."""
    code, out, err = run(case, case.stage.words, 'net', capfd, monkeypatch)
    actual = transcript(code, out, err)
    assert 'internal error' not in err, actual
    expected = case.sidecar(OUTPUT)
    if updating:
        expected.write_text(actual, encoding='utf-8')
    assert expected.exists(), f'{expected.name} is missing: {ADVICE}\n{actual}'
    assert actual == expected.read_text(encoding='utf-8')


@pytest.mark.parametrize('case', AUTO_CASES, ids=lambda case: case.name)
def test_output_on_the_chosen_engine(case: Case, updating: bool, capfd: pytest.CaptureFixture[str],
                                     monkeypatch: pytest.MonkeyPatch) -> None:
    """On the engine that the compiler chooses, the output is the same, or else what is recorded."""
    actual = without_statistics(transcript(*run(case, case.stage.words, 'auto', capfd, monkeypatch)))
    usual = without_statistics(case.sidecar(OUTPUT).read_text(encoding='utf-8'))
    expected = case.sidecar(AUTO)
    if updating:
        expected.unlink(missing_ok=True)
        if actual != usual:
            expected.write_text(actual, encoding='utf-8')
    assert actual == (expected.read_text(encoding='utf-8') if expected.exists() else usual)


@pytest.mark.parametrize(('case', 'suffix', 'engine'), RESULT_CASES, ids=lambda value: getattr(value, 'name', value))
def test_result(case: Case, suffix: str, engine: str, capfd: pytest.CaptureFixture[str],
                monkeypatch: pytest.MonkeyPatch) -> None:
    """The encoded result is the reference's, up to the names of variables."""
    words = case.stage.result_words
    assert words is not None, f'the stage {case.stage_name} has no result to compare'
    code, out, err = run(case, words, engine, capfd, monkeypatch)
    assert code == 0, transcript(code, out, err)
    expected = case.sidecar(suffix).read_text(encoding='utf-8')
    nets = case.stage.program == 'hvm'
    assert without_names(out, nets).rstrip('\n') == without_names(expected, nets).rstrip('\n')


def test_no_stale_files(updating: bool) -> None:
    """Every expected file has a program."""
    stale = list(stale_files())
    if updating:
        for path in stale:
            if path.suffix == OUTPUT:
                path.unlink()
        stale = [path for path in stale if path.exists()]
    names = [path.relative_to(ROOT).as_posix() for path in stale]
    assert not names, 'files without a program; remove or rename them: ' + ', '.join(names)


@pytest.mark.parametrize(('text', 'other'), [
    ('λa λb (b a "λa a")', 'λx λy (y x "λa a")'),
    ('λa switch a = a { 0: 1; _: a-1; }', 'λc switch c = c { 0: 1; _: c-1; }'),
    ('λ$b ($b List/Nil)', 'λ$q ($q List/Nil)'),
    ('λa let {b $c} = a; (b {$c *})', 'λa let {c $b} = a; (c {$b *})'),
])
def test_renaming_makes_equal(text: str, other: str) -> None:
    """Terms that differ in names only are the same."""
    assert without_names(text) == without_names(other)


def test_renaming_of_nets() -> None:
    """In nets, all names are variables but those of definitions."""
    assert without_names('(a (b (@a b)))', nets=True) == without_names('(x (y (@a y)))', nets=True)
    assert without_names('(@a b)', nets=True) != without_names('(@b b)', nets=True)


@pytest.mark.parametrize(('text', 'other'), [
    ('λa λb (b a)', 'λa λb (a b)'), ('λa λb (a b a)', 'λa λb (a b b)'), ('λa (a f)', 'λa (a g)'),
    ('"a"', '"b"'), ('(1, compute)', '(1, other)'),
])
def test_renaming_keeps_apart(text: str, other: str) -> None:
    """Terms that differ in more than names stay different."""
    assert without_names(text) != without_names(other)
