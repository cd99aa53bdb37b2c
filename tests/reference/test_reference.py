"""The reference's own programs, run in place and compared with what was recorded of the reference.

They need a checkout of its repository: `pytest tests/reference --reference-path DIRECTORY`, or its path in the
environment variable BEND_REFERENCE. Every difference is one of those in `differences.toml`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
from differences import load_differences
from suite import PATH_VARIABLE, RESULT_FOLDERS, Case, checkout_of, find_cases
from trial import try_case

NO_CHECKOUT = f'no checkout of the reference: name one with --reference-path or ${PATH_VARIABLE}'


def cases_of(config: pytest.Config) -> list[Case]:
    """The programs of the checkout that was named; none without one."""
    try:
        checkout = checkout_of(config.getoption('--reference-path'))
    except ValueError as problem:
        raise pytest.UsageError(str(problem)) from None
    return [] if checkout is None else find_cases(checkout)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test for each program."""
    if 'case' in metafunc.fixturenames:
        cases = cases_of(metafunc.config)
        metafunc.parametrize('case', cases or [pytest.param(None, marks=pytest.mark.skip(reason=NO_CHECKOUT))],
                             ids=[case.name for case in cases] or ['none'])


@pytest.fixture(scope='module')
def cases(request: pytest.FixtureRequest) -> list[Case]:
    """All programs."""
    found = cases_of(request.config)
    if not found:
        pytest.skip(NO_CHECKOUT)
    return found


def test_program(case: Case) -> None:
    """The program fares as with the reference, unless it is listed as a difference."""
    outcome = try_case(case)
    listed = load_differences().get(case.name)
    if listed is None:
        assert outcome.kind == 'equal', f'{outcome.kind} differs: {outcome.detail}'
    else:
        assert outcome.kind != 'equal', f'{case.name} does not differ any more: take it out of differences.toml'
        assert outcome.kind == listed.kind, outcome.detail


def test_listed_programs_exist(cases: list[Case]) -> None:
    """The list names programs of the checkout."""
    assert load_differences().keys() <= {case.name for case in cases}


def test_goals(cases: list[Case]) -> None:
    """At most 2 in 100 programs of the folders that run programs differ, and 3 in 100 verdicts of the others."""
    listed = load_differences()
    running = [case for case in cases if case.folder in RESULT_FOLDERS]
    others = [case for case in cases if case.folder not in RESULT_FOLDERS]
    assert running
    assert others
    differing = [case for case in running if case.name in listed]
    assert len(differing) <= 0.02 * len(running)
    verdicts = [case for case in others if case.name in listed and listed[case.name].kind != 'result']
    assert len(verdicts) <= 0.03 * len(others)
