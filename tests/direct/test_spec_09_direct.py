"""The rows of `spec_09` on the direct engine: what the evaluator and the compiled programs say of them."""

from __future__ import annotations

import pytest

from bend.compiling import Program, compile_program
from bend.driver import Request
from bend.engines import Engine
from bend.options import RUN_SEVERITIES, Options
from bend.passes import PassManager
from bend.running import Resources, run, show_result
from bend.runtime.cache import Cache
from bend.source import Source
from tests.direct.agreement import Sample, Verdict, evaluated, native
from tests.direct.printed import canonical
from tests.direct.spec_09 import ROWS, Row, Way

ACTING = [row for row in ROWS if row.output]
QUIET = [row for row in ROWS if not row.output]
LEFT_TO_NETS = ('C1', 'C1 without fields', 'C1 scott', 'C2', 'C2 scott', 'C3', 'C8', 'C8 scott', 'C9')
"""Rows that apply constructors or match those of another type, which compiled programs leave to nets."""


@pytest.fixture(scope='module')
def files(tmp_path_factory: pytest.TempPathFactory) -> Cache:
    """A cache, for the prelude."""
    return Cache(tmp_path_factory.mktemp('cache'))


def assert_right(row: Row, said: Verdict) -> None:
    """One of the row's results, or nets for values of a wrong shape; an error only where nets do not end."""
    if said.kind == 'nets':
        assert row.way is Way.RESTART
    elif said.kind == 'value':
        assert said.texts[1] in map(canonical, row.direct)
    else:
        assert row.net is None


@pytest.mark.parametrize('row', QUIET, ids=lambda row: row.name)
def test_row(row: Row, files: Cache) -> None:
    """Where nets do not end, compiled programs may run for ever, so only the evaluator, which counts, runs these."""
    sample = Sample(row.program.lstrip('\n'), files, Options().with_flags(row.flags))
    assert sample.is_direct == (row.way is not Way.NETS)
    if sample.is_direct:
        assert_right(row, evaluated(sample))
        if row.net is not None:
            said = native(sample, sample.program(parallel=False), 1)
            if said.kind != 'nets' or row.name not in LEFT_TO_NETS:
                assert_right(row, said)


@pytest.mark.parametrize('row', ACTING, ids=lambda row: row.name)
@pytest.mark.parametrize('engine', ['auto'])
def test_actions(row: Row, engine: Engine, files: Cache, capfd: pytest.CaptureFixture[str]) -> None:
    """Actions are performed when they are returned, once or as often as they are bound."""
    request = Request(Source('program.bend', row.program.lstrip('\n')), severities=RUN_SEVERITIES, is_run=True)
    program: Program = compile_program(request, engine, PassManager(Options()), files)
    result = run(program, Resources(1), ('lambda',))
    text, _ = show_result(program, result, Resources(1), 'lambda', False)
    assert text is not None
    assert row.net is not None
    assert canonical(text) == canonical(row.net)
    assert capfd.readouterr().out == row.output
