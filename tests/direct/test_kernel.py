"""The kernel of the direct engine, with a program written by hand: memory, counts, stops, forks."""

from __future__ import annotations

import functools
import pickle
import signal
import threading
import time
from pathlib import Path

import pytest

from bend.codegen.emit_llvm import emit_module
from bend.codegen.lir_layout import word_offsets
from bend.codegen.pylir import compile_kernel
from bend.hvm.net import Place
from bend.hvm.numbers import DivisionByZero
from bend.runtime.direct.host import BudgetExceeded, StackOverflow, WrongShape, open_run
from bend.runtime.direct.kernel import MODULES, kernel_parameters
from bend.runtime.direct.program import DirectProgram
from bend.runtime.jit import compile_object
from bend.runtime.region import OutOfMemory
from tests.direct.audit import free_bytes, fresh_bytes

(LIST, BACKWARDS, TREE, DAG, GIVEN, FIB, SUM, DEEP, MEMORY, LOOP, STOPS, BORROW, LARGE, DIVISION,
 WANDER, SMALL, PATHS) = range(17)
DATA_SIZE = 1000
SOURCE = Path(__file__).parent / 'kernel_program.py'
FIBONACCI = [0, 1]
while len(FIBONACCI) < 30:
    FIBONACCI.append(FIBONACCI[-1] + FIBONACCI[-2])


@functools.cache
def program(*, parallel: bool = True, yields: int = 0, budgeted: bool = False) -> DirectProgram:
    """The test program, compiled."""
    kernel = compile_kernel([*MODULES, SOURCE], {**kernel_parameters(parallel=parallel), 'YIELDS': yields})
    layouts = {struct.name: word_offsets(struct, kernel) for struct in kernel.structs}
    constants = ('',) * ((DATA_SIZE << 8) + 16)
    return DirectProgram(compile_object(emit_module(kernel)), (), (), constants, layouts, pickle.dumps(PLACES), b'',
                         0, parallel, budgeted)


PLACES: tuple[Place | None, ...] = (None, None)


def entry(kind: int, size: int = 0) -> int:
    """The number of a definition of the test program."""
    return kind | size << 8


def value(word: int) -> int:
    """The number that a word is."""
    assert word & 7 == 1
    return word >> 8


@pytest.mark.parametrize('parallel', [False, True])
@pytest.mark.parametrize(('kind', 'size', 'byte_count'), [
    (LIST, 1_000_000, 16_000_000), (BACKWARDS, 300_000, 12_000_000), (TREE, 16, 65535 * 24), (DAG, 60, 61 * 24),
    (LARGE, 300, None),
])
def test_what_is_dropped_is_free_again(kind: int, size: int, byte_count: int | None, parallel: bool) -> None:
    with open_run(program(parallel=parallel), 1, 1 << 30) as run:
        for _ in range(3):
            assert value(run.evaluate(entry(kind, size))) == 0
            fresh = fresh_bytes(run)
            assert free_bytes(run) == fresh
            assert byte_count in (fresh, None)


@pytest.mark.parametrize('parallel', [False, True])
def test_values_can_be_read(parallel: bool) -> None:
    with open_run(program(parallel=parallel), 1, 1 << 30) as run:
        word = run.evaluate(entry(GIVEN, 1000))
        found = []
        while word & 7 == 0:
            header = run.word(word)
            assert header & 0xFFFFFFFF == 1
            found.append(header >> 40)
            word = run.word(word + 8)
        assert found == list(range(1000))


def test_application() -> None:
    with open_run(program(), 2, 1 << 30) as run:
        given = run.evaluate(entry(GIVEN, 5))
        for count in range(50):
            given = run.apply(given, count << 8 | 9)
        for count in reversed(range(50)):
            assert run.word(given) == 2 << 32 | 1
            assert value(run.word(given + 16)) == count
            given = run.word(given + 8)
        assert run.seconds > 0


def test_deep_recursion() -> None:
    def expected(size: int) -> int:
        result = 1
        for number in range(2, size + 1):
            result = result * 3 + number & 0xFFFFFF
        return result

    with open_run(program(), 1, 4 << 30) as run:
        assert value(run.evaluate(entry(DEEP, 3_000_000))) == expected(3_000_000)
        assert run.peak_bytes > 3_000_000 * 16


@pytest.mark.parametrize('threads', [1, 2])
def test_endless_recursion(threads: int) -> None:
    with open_run(program(), threads, 100 << 20) as run, pytest.raises(StackOverflow) as caught:
        run.evaluate(entry(DEEP))
    assert caught.value.function == DEEP


@pytest.mark.parametrize('threads', [1, 2])
def test_memory_limit(threads: int) -> None:
    with open_run(program(), threads, 50 << 20) as run, pytest.raises(OutOfMemory) as caught:
        run.evaluate(entry(MEMORY))
    assert 50 << 20 < caught.value.peak < 60 << 20
    assert caught.value.limit == 50 << 20


def test_division_by_zero() -> None:
    with open_run(program(), 2, 1 << 30) as run, pytest.raises(DivisionByZero):
        run.evaluate(entry(DIVISION, 7))


@pytest.mark.parametrize('threads', [1, 2, 4])
def test_a_stop_ends_all_workers(threads: int) -> None:
    for _ in range(20):
        with open_run(program(), threads, 1 << 30) as run, pytest.raises(WrongShape) as caught:
            run.evaluate(entry(STOPS, 12))
        assert caught.value.place == 42


@pytest.mark.parametrize('threads', [1, 3])
def test_interrupt(threads: int) -> None:
    def interrupt() -> None:
        time.sleep(0.3)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    with open_run(program(), threads, 1 << 30) as run:
        thread.start()
        with pytest.raises(KeyboardInterrupt):
            run.evaluate(entry(LOOP))
    thread.join()


def test_budget() -> None:
    with open_run(program(budgeted=True), 2, 1 << 30) as run, pytest.raises(BudgetExceeded):
        run.evaluate(entry(LOOP))


@pytest.mark.parametrize('yields', [0, 50])
@pytest.mark.parametrize('threads', [1, 2, 8])
def test_forks(threads: int, yields: int) -> None:
    made = program(yields=yields)
    for _ in range(3):
        with open_run(made, threads, 1 << 30) as run:
            assert value(run.evaluate(entry(FIB, 24))) == FIBONACCI[24]
            assert value(run.evaluate(entry(SUM, 14))) == 1 << 14
            assert value(run.evaluate(entry(TREE, 14))) == 0
            assert free_bytes(run) == fresh_bytes(run)
            forks = sum(worker.forks for worker in run.workers())
            assert (forks == 0) == (threads == 1)


@pytest.mark.parametrize('threads', [2, 3])
def test_small_forks(threads: int) -> None:
    """Calls of next to nothing, forked one after the other while others want work."""
    with open_run(program(), threads, 1 << 30) as run:
        assert value(run.evaluate(entry(SMALL, 100_000))) == 500_000
        assert sum(worker.forks for worker in run.workers()) > 0


@pytest.mark.parametrize('threads', [2, 5])
def test_many_short_runs(threads: int) -> None:
    with open_run(program(yields=50), threads, 1 << 30) as run:
        for depth in range(300):
            assert value(run.evaluate(entry(SUM, depth % 10))) == 1 << depth % 10
        assert free_bytes(run) == fresh_bytes(run)


@pytest.mark.parametrize('threads', [1, 2, 4])
def test_shared_graphs(threads: int) -> None:
    """All paths through cells that are shared by all workers."""
    with open_run(program(yields=50), threads, 1 << 30) as run:
        for _ in range(5):
            assert value(run.evaluate(entry(PATHS, 14))) == 3 << 14
            assert free_bytes(run) == fresh_bytes(run)


@pytest.mark.parametrize('threads', [1, 2, 4])
def test_constants(threads: int) -> None:
    """A constant is computed once, stays as it is, and only its cells stay."""
    with open_run(program(yields=50), threads, 1 << 30) as run:
        for _ in range(5):
            assert value(run.evaluate(entry(BORROW, 12))) == 45 << 12
        held = DATA_SIZE * 16
        assert fresh_bytes(run) - free_bytes(run) == held


@pytest.mark.parametrize('threads', [2, 3])
def test_cells_that_wander_come_back(threads: int) -> None:
    """One worker makes trees, another drops them: memory stays bounded."""
    with open_run(program(), threads, 1 << 30) as run:
        assert value(run.evaluate(entry(WANDER, 10_000))) == 10_000
        assert fresh_bytes(run) < 32 << 20 < 10_000 * 255 * 24
        assert sum(worker.steals for worker in run.workers()) >= 1000
