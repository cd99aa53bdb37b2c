"""The harness itself, on a small suite laid out like the reference's, and its list of differences."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
from differences import CAUSES_PAGE, load_differences, section
from suite import Case, checkout_of, find_cases, same_result
from trial import Outcome, try_case

WARNINGS = '\x1b[4m\x1b[1m\x1b[33mWarnings:\x1b[0m\n\x1b[1mDuring readback:\x1b[0m\n  Something is odd.\n\n'
ERRORS = '\x1b[4m\x1b[1m\x1b[31mErrors:\x1b[0m\nSomething is wrong.\n'


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A suite without programs."""
    (tmp_path / 'tests/golden_tests').mkdir(parents=True)
    (tmp_path / 'tests/snapshots').mkdir()
    return tmp_path


def add(checkout: Path, name: str, program: str, snapshot: str, arguments: str | None = None) -> None:
    """Adds a program with its snapshot."""
    source = checkout / 'tests/golden_tests' / f'{name}.bend'
    source.parent.mkdir(exist_ok=True)
    source.write_text(program, encoding='utf-8')
    if arguments is not None:
        source.with_suffix('.args').write_text(arguments, encoding='utf-8')
    (checkout / 'tests/snapshots' / f'{name.replace("/", "__")}.bend.snap').write_text(
        f'---\nsource: tests\n---\n{snapshot}', encoding='utf-8')


def outcomes(checkout: Path, limit: float = 60) -> dict[str, Outcome]:
    """How all programs of a suite fare."""
    return {case.name: try_case(case, limit) for case in find_cases(checkout)}


def test_verdicts_and_results(checkout: Path) -> None:
    """Both sides are compared, for each part of a snapshot, without warnings."""
    add(checkout, 'run_file/same', 'main = λx (x 1 x)', f'NumScott:\n{WARNINGS}λb (b 1 b)\n\nScott:\nλc (c 1 c)')
    add(checkout, 'run_file/other', 'main = 1', 'NumScott:\n1\n\nScott:\n2')
    add(checkout, 'run_file/wrong', 'main = x', 'NumScott:\n1\n\nScott:\n1')
    add(checkout, 'check_file/right', 'main = 1', ERRORS)
    add(checkout, 'check_file/wrong', 'main = x', ERRORS)
    add(checkout, 'parse_file/partly', 'main = 1\nf 0 = 1', '(main) = 1')
    add(checkout, 'cli/with_arguments', 'main x = x', 'Result: 7\n',
        'run\ntests/golden_tests/cli/with_arguments.bend\n7')
    add(checkout, 'cli/bad_option', 'main = 1', "error: unexpected argument '-q'\n",
        'run\ntests/golden_tests/cli/bad_option.bend\n-q')
    add(checkout, 'readback_hvm/net', '(a a)', 'λx x')
    found = outcomes(checkout)
    assert {name: outcome.kind for name, outcome in found.items()} == {
        'run_file/same': 'equal', 'run_file/other': 'result', 'run_file/wrong': 'verdict',
        'check_file/right': 'verdict', 'check_file/wrong': 'equal', 'parse_file/partly': 'equal',
        'cli/with_arguments': 'equal', 'cli/bad_option': 'equal', 'readback_hvm/net': 'equal',
    }
    assert 'Scott:\n  here:      1\n  reference: 2' in found['run_file/other'].detail
    assert "unbound" in found['run_file/wrong'].detail


def test_programs_without_end_are_stopped(checkout: Path) -> None:
    """A limit of time holds for every command."""
    add(checkout, 'prelude/endless', 'loop = λx (loop (+ x 1))\nmain = (loop 0)', 'Strict mode:\n1')
    assert outcomes(checkout, 3)['prelude/endless'].kind in ('timeout', 'verdict')


def test_programs_without_snapshot_are_left_out(checkout: Path) -> None:
    """There is nothing to compare them with."""
    add(checkout, 'run_file/one', 'main = 1', 'NumScott:\n1\n\nScott:\n1')
    (checkout / 'tests/golden_tests/run_file/two.bend').write_text('main = 2', encoding='utf-8')
    assert [case.name for case in find_cases(checkout)] == ['run_file/one']


def test_paths(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkout is named by option or environment; anything else at that path is an error."""
    monkeypatch.delenv('BEND_REFERENCE', raising=False)
    assert checkout_of(None) is None
    assert checkout_of(str(checkout)) == checkout
    monkeypatch.setenv('BEND_REFERENCE', str(checkout))
    assert checkout_of(None) == checkout
    with pytest.raises(ValueError, match='no checkout'):
        checkout_of(str(checkout / 'tests'))


def test_warnings_of_the_snapshot_do_not_count(checkout: Path) -> None:
    """Only terms are compared."""
    add(checkout, 'examples/warned', 'main = 1', f'{WARNINGS}1\n')
    case = Case(checkout, 'examples', checkout, checkout / 'tests/snapshots/examples__warned.bend.snap')
    assert case.recorded().results == {'': '1'}


def test_results_are_equal_up_to_names() -> None:
    """Letters of variables do not count, everything else does."""
    assert same_result('λa λb (a b)\n', 'λx λy (x y)')
    assert not same_result('λa λb (a b)', 'λx λy (y x)')


def test_every_difference_has_a_reason() -> None:
    """The page on differences has a section for each cause, which names the programs."""
    for difference in load_differences().values():
        text = section(difference.cause)
        assert text, f'{CAUSES_PAGE.name} has no section on {difference.cause}'
        assert f'`{difference.name}`' in text, f'{CAUSES_PAGE.name} does not name {difference.name} there'
