"""The rows of `spec_09` on nets: what the reducer and the native net engine say of them.

Programs are compiled to native code many at a time and without optimisation, since that takes most of the time.
"""

from __future__ import annotations

from functools import cache

import pytest

from bend import compiling, driver, running
from bend.codegen.nets import compile_program
from bend.deep_stack import with_deep_stack
from bend.diagnostics import BendError, Report
from bend.engines import Engine
from bend.hvm import net
from bend.hvm.numbers import DivisionByZero
from bend.hvm.readback import book_info, readback
from bend.hvm.reduce import OutOfBudget, reduce
from bend.hvm.show import show_main
from bend.options import RUN_SEVERITIES, Options
from bend.passes import PassManager
from bend.runtime import cpu
from bend.runtime.cache import Cache
from bend.runtime.region import OutOfMemory
from bend.source import Source
from tests.direct.printed import canonical
from tests.direct.spec_09 import ROWS, Row
from tests.native.test_agreement import renamed

BUDGET = 20_000
"""Interactions, of which rows that end take less than a tenth."""
MEMORY = 64 << 20
BATCHES = 2

ACTING = [row for row in ROWS if row.output]
QUIET = [row for row in ROWS if not row.output]


def request_of(row: Row) -> driver.Request:
    """The row as a program to be run."""
    return driver.Request(Source('program.bend', row.program.lstrip('\n')), Options().with_flags(row.flags),
                          RUN_SEVERITIES, is_run=True)


@cache
def compiled(row: Row) -> driver.Compiled:
    """The row's nets."""
    request = request_of(row)
    return driver.compile_source(request, PassManager(request.options), Cache.of_user())


def shown(row: Row, result: net.Net) -> tuple[str, bool]:
    """A result as it is compared, and whether there was something in it that could not be read."""
    program, report = compiled(row), Report()
    info = book_info(program.book, program.final_nets, Options().with_flags(row.flags).encoding)
    text = show_main(readback(result, info, report=report), 'lambda', False, info)
    assert text is not None
    return canonical(text), bool(report.diagnostics)


def assert_right(row: Row, result: net.Net) -> None:
    """The result is the row's."""
    assert row.net is not None, f'{row.name} ends'
    assert shown(row, result) == (canonical(row.net), row.is_unreadable), row.name


@pytest.mark.parametrize('row', QUIET, ids=lambda row: row.name)
def test_reducer(row: Row) -> None:
    """Rows that end give their result, and those that do not are still going on after a while."""
    nets = compiled(row).final_nets
    if row.fails is not None:
        with pytest.raises(BendError) as failure:
            reduce(nets, BUDGET)
        assert [problem.code for problem in failure.value.diagnostics] == [row.fails]
    elif row.net is None:
        with pytest.raises(OutOfBudget):
            reduce(nets, BUDGET)
    else:
        assert_right(row, reduce(nets, BUDGET // 10).net)


class Impatient:
    """Ends a run at the first look at it, a tenth of a second after its start."""

    def update(self, progress: cpu.Progress) -> None:
        """See `cpu.Watcher`."""
        raise KeyboardInterrupt

    def hide(self) -> None:
        """See `cpu.Watcher`."""


@pytest.mark.parametrize('batch', range(BATCHES))
@pytest.mark.parametrize('threads', [2])
def test_net_engine(batch: int, threads: int) -> None:
    """The same natively. What grows without an end runs out of memory."""
    rows = QUIET[batch::BATCHES]
    program = batch_program(batch)
    for index, row in enumerate(rows):
        prefix = f'r{index}.'
        if row.fails is not None:
            with pytest.raises(DivisionByZero):
                cpu.run(program, threads, MEMORY, f'{prefix}main')
        elif row.net is None:
            with pytest.raises((KeyboardInterrupt, OutOfMemory)):
                cpu.run(program, threads, MEMORY, f'{prefix}main', watcher=Impatient())
        else:
            result = cpu.run(program, threads, MEMORY, f'{prefix}main').net
            assert_right(row, renamed(result, lambda name, prefix=prefix: name.removeprefix(prefix)))


@cache
def batch_program(batch: int) -> cpu.NetProgram:
    """Many rows as one program; the names of each begin with a prefix."""
    definitions = {'main': net.Net(net.Era())}
    for index, row in enumerate(QUIET[batch::BATCHES]):
        prefix = f'r{index}.'
        for name, body in compiled(row).final_nets.defs.items():
            definitions[prefix + name] = renamed(body, prefix.__add__)
    return with_deep_stack(lambda: compile_program(net.Book(definitions), 0))


def test_what_grows_runs_out_of_memory() -> None:
    """The end of a list without an end is an error."""
    number, row = next((index, row) for index, row in enumerate(QUIET) if row.name == 'A3')
    with pytest.raises(OutOfMemory):
        cpu.run(batch_program(number % BATCHES), 1, MEMORY, f'r{number // BATCHES}.main')
    assert row.net is None


@pytest.mark.parametrize('engine', ['reference', 'net'])
@pytest.mark.parametrize('row', ACTING, ids=lambda row: row.name)
def test_actions(row: Row, engine: Engine, capfd: pytest.CaptureFixture[str]) -> None:
    """Actions are performed when they are returned, once or as often as they are bound."""
    program = compiling.compile_program(request_of(row), engine, PassManager(Options()), Cache.of_user())
    result = running.execute(program.artifact, engine, running.Resources(1, MEMORY), acting=True)
    text, _ = running.show_result(program, result, running.Resources(), 'lambda', False)
    assert text is not None
    assert row.net is not None
    assert canonical(text) == canonical(row.net)
    assert capfd.readouterr().out == row.output
