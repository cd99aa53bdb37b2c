"""Interactions by rule: the golden programs give the counts of the Python reducer at any number of threads."""

from __future__ import annotations

from pathlib import Path

import pytest

from bend.codegen.nets import compile_program
from bend.deep_stack import with_deep_stack
from bend.diagnostics import BendError
from bend.driver import Request, compile_source, load_nets
from bend.files import load
from bend.hvm import net
from bend.hvm.reduce import Result, reduce
from bend.options import RUN_SEVERITIES, Options
from bend.passes import PassManager
from bend.runtime import cpu
from bend.runtime.cache import Cache
from tests.golden.cases import find_cases
from tests.native.test_agreement import renamed

BUDGET = 100_000
BATCH = 60
THREADS = (1, 2, 8)
PROGRAMS = [case.source for case in find_cases() if case.stage_name in ('run', 'hvm')][::5]
"""Every fifth golden program: one takes a third of a second."""
BATCHES = [PROGRAMS[start::-(-len(PROGRAMS) // BATCH)] for start in range(-(-len(PROGRAMS) // BATCH))]


def nets_of(path: Path, files: Cache) -> net.Book | None:
    """The nets of a golden program; None for one that is wrong."""
    try:
        if path.suffix == '.hvm':
            return load_nets(str(path))
        options = Options()
        request = Request(load(str(path)), options, RUN_SEVERITIES, is_run=True)
        return compile_source(request, PassManager(options), files).final_nets
    except BendError:
        return None


def reduced(book: net.Book) -> Result | None:
    """What the reducer gives, if it ends within the budget and without an error."""
    try:
        return reduce(book, BUDGET)
    except BendError:
        return None


@pytest.mark.parametrize('batch', BATCHES, ids=range(len(BATCHES)))
def test_counts_by_rule(batch: list[Path]) -> None:
    expected: dict[str, Result] = {}
    definitions: dict[str, net.Net] = {'main': net.Net(net.Era())}
    for index, path in enumerate(batch):
        book = nets_of(path, Cache.of_user())
        result = reduced(book) if book is not None and 'main' in book.defs else None
        if book is None or result is None:
            continue
        prefix = f'b{index}.'
        expected[prefix] = result
        definitions |= {prefix + name: renamed(body, prefix.__add__) for name, body in book.defs.items()}
    program = with_deep_stack(lambda: compile_program(net.Book(definitions), 0, by_rule=True))
    assert len(expected) > len(batch) / 2
    for prefix, result in expected.items():
        for threads in THREADS:
            native = cpu.run(program, threads, 1 << 30, entry=f'{prefix}main')
            assert native.by_rule == result.by_rule, batch[int(prefix[1:-1])]
            assert sum(native.by_rule.values()) == native.interactions
            assert sum(worker.interactions for worker in native.workers) == native.interactions

