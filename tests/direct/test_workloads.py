"""Larger programs give the same on all engines: those of a folder that `pytest --workloads DIRECTORY` names.

In the folder, `workloads.tsv` has a line for each: its name, an argument of `main` in three sizes, and its results.
"""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from bend.cli.main import main


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test for each program."""
    if 'workload' not in metafunc.fixturenames:
        return
    name = metafunc.config.getoption('--workloads')
    rows: list[tuple[Path, str, str]] = []
    if name is not None:
        with open(Path(name, 'workloads.tsv'), encoding='utf-8') as table:
            rows = [(Path(name, f'{row["name"]}.bend'), row['small'], row['result small'])
                    for row in csv.DictReader(table, delimiter='\t')]
    missing = pytest.param(None, marks=pytest.mark.skip(reason='no folder named with --workloads'))
    metafunc.parametrize('workload', rows or [missing], ids=[row[0].stem for row in rows] or ['none'])


@pytest.mark.optimised
@pytest.mark.parametrize('engine', ['auto', 'net'])
@pytest.mark.parametrize('threads', ['1', '2'])
def test_small_size(workload: tuple[Path, str, str], engine: str, threads: str,
                    capfd: pytest.CaptureFixture[str]) -> None:
    """The result is the one in the table."""
    program, argument, result = workload
    assert main(['run', '--engine', engine, '-t', threads, str(program), argument]) == 0
    assert capfd.readouterr().out == f'Result: {result}\n'
