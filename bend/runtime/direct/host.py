"""Running programs of the direct engine: memory, workers, why a run ended.

The native side is the kernel (`bend.runtime.kernel.direct`) with the program's functions. Workers are native threads
that this side starts with the first request and ends with the run; between requests they sleep.
"""

from __future__ import annotations

import ctypes
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress

from bend.hvm import net
from bend.hvm.numbers import DivisionByZero
from bend.records import dataclass
from bend.runtime.direct.program import DirectProgram
from bend.runtime.direct.stack import Stack
from bend.runtime.direct.threads import PATIENCE, Time, join_thread, signals_blocked, start_thread
from bend.runtime.jit import Library, loaded
from bend.runtime.progress import Progress, Watcher
from bend.runtime.region import (
    MAX_WORKERS,
    WORD,
    OutOfMemory,
    Region,
    available_threads,
    default_memory_limit,
    give_back,
    reserve_most,
)

STOP_MEMORY, STOP_INTERRUPTED, STOP_DIVISION, STOP_SHAPE, STOP_STACK, STOP_BUDGET = 1, 2, 3, 5, 6, 7
CHUNK = 1 << 16
"""Bytes of the first chunk of a worker's memory."""
SLACK = 256 << 20
STACK_SLACK = 1 << 20
"""Bytes at the end of a stack for what does not check."""
FREE_STACK = 1 << 19
"""Bytes of each stack that are not accounted for."""
RECORDS = 64 << 20
"""Bytes for the tasks of a worker: half a million."""
RECORDS_SLACK = 1 << 20
"""Bytes of these for tasks that are forked several at a time."""
END, EVALUATE, CONSTANT, APPLY, ROOM = range(2, 7)
"""What workers are asked for (`bend.runtime.kernel.direct.main`)."""
SPINS = 200
"""How often the first worker looks for the next request before it sleeps, where there is a core to spare."""
BUDGET_SECONDS = 1.0
"""How long a program runs that nets may do with much less work."""


class WrongShape(Exception):
    """A value had a shape that this engine has no rule for: the program must run as nets. `place` is a number."""

    def __init__(self, place: int) -> None:
        self.place = place
        super().__init__(place)


class StackOverflow(Exception):
    """The recursion was too deep for the memory; `function` is the number of one that recursed."""

    def __init__(self, function: int) -> None:
        self.function = function
        super().__init__(function)


class BudgetExceeded(Exception):
    """The run did as much work as it was allowed to."""


@dataclass(frozen=True, slots=True)
class WorkerCount:
    """What one worker did: bytes of memory that it was the first to use, tasks that it forked, and tasks of others
    that it ran. Programs that are compiled to count also count functions called, cells allocated, and cells used again
    in place; all others have 0 there."""

    fresh_bytes: int
    forks: int
    steals: int
    calls: int
    allocations: int
    reused: int


@contextmanager
def open_run(program: DirectProgram, threads: int = 0, memory_limit: int = 0,
             watcher: Watcher | None = None) -> Iterator[Run]:
    """Memory and workers for a run; both are there until the `with` ends.

    `threads` is the number of workers (0: one a core), `memory_limit` a number of bytes (0: most of what is free). A
    program that is not parallel has one worker. The watcher sees how the run gets on. Raises OutOfMemory.
    """
    threads = min(threads or available_threads(), MAX_WORKERS) if program.parallel else 1
    regions: dict[str, Region] = {}
    try:
        run = Run(program, loaded(*program.all_code()), threads,
                  memory_limit or default_memory_limit(), regions, watcher)
        try:
            yield run
        finally:
            run.finish()
    finally:
        for region in regions.values():
            give_back(region)


class Run:
    """A run under way. Values are words (docs/direct.md, Values); their cells are read with `word`.

    `seconds` is what evaluation took so far.
    """

    def __init__(self, program: DirectProgram, library: Library, threads: int, memory_limit: int,
                 regions: dict[str, Region], watcher: Watcher | None) -> None:
        self.program = program
        self.library = library
        self.threads = threads
        self.memory_limit = memory_limit
        self.regions = regions
        self.watcher = watcher
        self.seconds = 0.0
        self.pool: list[int] = []
        self._stop_all = self.function('stop_all', None, 3)
        self._request_work = self.function('request_work', None, 4)
        self._await_answer = self.function('await_answer', ctypes.c_bool, 2)
        seconds, fraction = divmod(PATIENCE, 1)
        self._patience = Time(int(seconds), int(fraction * 1e9))
        self.patience_address = ctypes.addressof(self._patience)
        wanted = 1 << ((memory_limit + SLACK) // WORD).bit_length()
        self._reserve('heap', wanted, threads, SLACK // WORD)
        self._reserve('stacks', wanted, threads, SLACK // WORD)
        self._reserve('records', RECORDS // WORD, threads if threads > 1 else 0, 1)
        self._reserve('overflows', program.counted, threads, 1)
        self._reserve('constants', len(program.constants), 1, 1)
        self._reserve('shared', program.layouts['Shared'][''], 1, 1)
        self._reserve('workers', program.layouts['Worker'][''], threads, 1)
        self._initialise()
        self.base = regions['heap'].address
        self.memory = memoryview(regions['heap'].words).cast('B').cast('Q')
        # What every action of a program needs.
        self.shared = regions['shared'].address
        self.shared_words = memoryview(regions['shared'].words).cast('B').cast('Q')
        self.stop_index, self.result_index = (program.layouts['Shared'][name] for name in ('stop', 'result'))

    def function(self, name: str, result: type | None, parameters: int) -> Callable[..., int]:
        """An exported function of the native side, which takes so many words. Callers see to it that no worker is at
        work."""
        return ctypes.CFUNCTYPE(result, *[ctypes.c_uint64] * parameters)(self.library.address(name))

    def worker_address(self) -> int:
        """The address of the first worker."""
        return self.regions['workers'].address

    # ---- memory ------------------------------------------------------------------------------

    def _reserve(self, name: str, words_each: int, count: int, least: int) -> None:
        """Reserves so many words for each of so many, or at least some."""
        words = max(words_each, 1)
        self.regions[name], _ = reserve_most(words, max(count, 1), min(least, words), huge=name == 'heap')

    def _stretch(self, name: str, index: int) -> tuple[int, int]:
        """The address and the size in bytes of a worker's part of a region."""
        region = self.regions[name]
        size = region.byte_count // self.threads
        return region.address + index * size, size

    def _initialise(self) -> None:
        """Fills in the structs."""
        shared, workers = self.regions['shared'].address, self.regions['workers'].address
        spins = SPINS if available_threads() > 1 else 0
        self._set_shared(workers=self.threads, first=workers, memory_limit=self.memory_limit,
                         constants=self.regions['constants'].address, most_spins=spins, spins=spins)
        for index in range(self.threads):
            heap, heap_size = self._stretch('heap', index)
            stack, stack_size = self._stretch('stacks', index)
            records, records_size = self._stretch('records', index) if self.threads > 1 else (0, 0)
            overflows, _ = self._stretch('overflows', index)
            limit = stack + stack_size - FREE_STACK
            self._set_worker(index, {
                'shared': shared, 'id': index, 'stack_limit': limit, 'own_limit': limit, 'stack_start': limit,
                'stack_end': stack + STACK_SLACK, 'next': heap, 'end': heap, 'region_end': heap + heap_size,
                'chunk': CHUNK, 'records': records, 'records_end': records + records_size - RECORDS_SLACK,
                'seed': index + 1, 'overflows': overflows,
            })

    def word(self, address: int) -> int:
        """A word of a cell."""
        return self.memory[(address - self.base) >> 3]

    def _shared(self, name: str) -> int:
        """A field of what all workers share."""
        return self.regions['shared'].words[self.program.layouts['Shared'][name]]

    def _set_shared(self, **fields: int) -> None:
        """Sets fields of what all workers share."""
        for name, value in fields.items():
            self.regions['shared'].words[self.program.layouts['Shared'][name]] = value

    def _worker(self, index: int, name: str) -> int:
        """A field of a worker."""
        layout = self.program.layouts['Worker']
        return self.regions['workers'].words[index * layout[''] + layout[name]]

    def _set_worker(self, index: int, fields: Mapping[str, int]) -> None:
        """Sets fields of a worker."""
        layout = self.program.layouts['Worker']
        for name, value in fields.items():
            self.regions['workers'].words[index * layout[''] + layout[name]] = value

    # ---- evaluation --------------------------------------------------------------------------

    def evaluate(self, number: int) -> int:
        """The value of a definition without parameters.

        Raises OutOfMemory, DivisionByZero, WrongShape, StackOverflow, BudgetExceeded, KeyboardInterrupt; the run is
        over then.
        """
        return self._ask(EVALUATE, number)

    def constant(self, number: int) -> int:
        """The value of a definition without parameters, which is kept for ever. Raises as `evaluate` does."""
        known = self.regions['constants'].words[number]
        return known or self._ask(CONSTANT, number)

    def apply(self, function: int, argument: int) -> int:
        """A value applied to another one; both are used up. Raises as `evaluate` does."""
        return self._ask(APPLY, function, argument)

    def make_room(self, cell_size: int) -> None:
        """Sees to it that the first worker has a free cell of so many words. Raises as `evaluate` does."""
        self._ask(ROOM, cell_size)

    def finish(self) -> None:
        """Lets all threads end."""
        if not self.pool:
            return
        self._request_work(self.shared, END, 0, 0)
        while self.pool:
            with suppress(KeyboardInterrupt):
                join_thread(self.pool[-1], lambda: None)
                self.pool.pop()

    def _ask(self, request: int, subject: int, argument: int = 0) -> int:
        """Has the workers do something; gives the result."""
        words = self.shared_words
        if words[self.stop_index]:
            self._check_stop()
        begin = time.perf_counter()
        try:
            if not self.pool:
                self._start()
            self._request_work(self.shared, request, subject, argument)
            while not self._await_answer(self.shared, self.patience_address):
                if self.program.budgeted and time.perf_counter() - begin > BUDGET_SECONDS:
                    self._stop(STOP_BUDGET)
                if self.watcher is not None:
                    self.watcher.update(self.progress())
        except BaseException:
            self._stop(STOP_INTERRUPTED)
            self.finish()
            raise
        finally:
            if self.watcher is not None:
                self.watcher.hide()
        self.seconds += time.perf_counter() - begin
        if words[self.stop_index]:
            self.finish()
            self._check_stop()
        return words[self.result_index]

    def _start(self) -> None:
        """Starts a thread for each worker; if the system grants fewer, these do all the work."""
        self._set_shared(done=0)
        worker_main = self.library.address('worker_main')
        step = self.program.layouts['Worker'][''] * WORD
        with signals_blocked():
            for index in range(self.threads):
                argument = self.worker_address() + index * step
                try:
                    self.pool.append(start_thread(worker_main, argument, *self._stretch('stacks', index)))
                except OSError:
                    if index == 0:
                        raise OutOfMemory(self.peak_bytes, self.memory_limit) from None
                    return

    def _stop(self, reason: int) -> None:
        """Asks all workers to stop."""
        self._stop_all(self.worker_address(), reason, 0)

    @property
    def stop_detail(self) -> int:
        """What the worker that stopped the run said besides the reason."""
        return self._shared('stop_detail')

    def stopped_stack(self) -> Stack | None:
        """The stack of the worker that stopped the run, as long as the run is open; None if it was not a worker."""
        pointer = self._shared('stop_stack')
        for index in range(self.threads):
            start, size = self._stretch('stacks', index)
            if start <= pointer < start + size:
                words = memoryview(self.regions['stacks'].words).cast('B').cast('Q')
                first = self.regions['stacks'].address
                return Stack(pointer, words[pointer - first >> 3:start + size - first >> 3])
        return None

    def _check_stop(self) -> None:
        """Raises what the stop word says."""
        reason, detail = self._shared('stop'), self._shared('stop_detail')
        if reason == STOP_MEMORY:
            raise OutOfMemory(self.peak_bytes, self.memory_limit)
        if reason == STOP_DIVISION:
            raise DivisionByZero(self.program.places_by_number()[detail])
        if reason == STOP_SHAPE:
            raise WrongShape(detail)
        if reason == STOP_STACK:
            raise StackOverflow(detail)
        if reason == STOP_BUDGET:
            raise BudgetExceeded

    # ---- what it cost ------------------------------------------------------------------------

    @property
    def peak_bytes(self) -> int:
        """Bytes of memory that the run has used."""
        return self._shared('memory_used')

    def progress(self) -> Progress:
        """How the run gets on: a look at what workers write, while they do."""
        steals = sum(self._worker(index, 'steals') for index in range(self.threads))
        busy = self.threads - self._shared('sleepers').bit_count()
        return Progress(None, self.peak_bytes, busy, self.threads, steals)

    def workers(self) -> tuple[WorkerCount, ...]:
        """What each worker did so far."""
        names = ('forks', 'steals', 'calls', 'allocations', 'reused')
        return tuple(WorkerCount(self._worker(index, 'next') - self._stretch('heap', index)[0],
                                 *(self._worker(index, name) for name in names))
                     for index in range(self.threads))

    def overflows(self) -> Counter[net.Place | None]:
        """How often results did not fit, by place."""
        size = self.program.counted
        if not size:
            return Counter()
        words = self.regions['overflows'].words
        return self.program.by_place([sum(words[number:size * self.threads:size]) for number in range(size)])
