"""Runs of programs of the direct engine.

What a program gives lies in the memory of its run, so it is read before that is given back.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bend.deep_stack import with_deep_stack
from bend.diagnostics import BendError, Diagnostic, error
from bend.options import Options, Readback

if TYPE_CHECKING:
    from bend.hvm.result import Term
    from bend.running import Overflows, Resources
    from bend.runtime.direct.host import Run, WorkerCount
    from bend.runtime.direct.program import DirectProgram
    from bend.runtime.foreign import HostLibrary
    from bend.runtime.io import Record, Streams
    from bend.runtime.progress import Watcher


@dataclass(frozen=True, slots=True)
class DirectResult:
    """What a run of the direct engine gives: the result as a term in the forms that were asked for, each with what of
    it could not be read, and what it cost. `reading` are the seconds that making the terms took."""

    terms: Mapping[Readback, tuple[Term, tuple[Diagnostic, ...]]]
    seconds: float
    reading: float
    peak_bytes: int
    workers: tuple[WorkerCount, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """How a result is to be read: the forms that are needed, whether they show duplications, and the options that the
    program was compiled with."""

    options: Options
    forms: Collection[Readback]
    linear: bool = False


@dataclass(frozen=True, slots=True)
class Session:
    """What a program that performs actions has open, and what it has performed so far."""

    streams: Streams
    record: Record


class NeedsNets(Exception):
    """The run has met what only nets can do. `diagnostic` is what to say if there shall be none. Nets have to go on
    with the `session` if there is one: what was performed must not be performed again."""

    def __init__(self, diagnostic: Diagnostic, session: Session | None = None) -> None:
        self.diagnostic = diagnostic
        self.session = session
        super().__init__(diagnostic.message)


def execute_direct(program: DirectProgram, resources: Resources, reading: Reading,
                   overflows: Overflows | None = None, host: HostLibrary | None = None,
                   watcher: Watcher | None = None) -> DirectResult:
    """Runs a program with its actions, for which there may be functions of the host, and reads its result. Overflows
    are added to `overflows`, if the program was compiled to count them and does not need nets, which would count the
    same ones. The watcher is told how the run gets on. Raises `BendError` when it cannot end well, `NeedsNets`,
    KeyboardInterrupt, and BrokenPipeError for standard output."""
    from bend.runtime.direct.host import open_run
    with _problems_told(program), open_run(program, resources.threads, resources.memory,
                                               watcher) as run:
        try:
            with _problems_told(program):
                return _evaluated(run, reading) if program.actions is None else _performed(run, reading, host)
        except NeedsNets:
            overflows = None
            raise
        finally:
            if overflows is not None and program.counted:
                overflows.update(run.overflows())


def _performed(run: Run, reading: Reading, host: HostLibrary | None) -> DirectResult:
    """What a program gives that performs actions."""
    from bend.runtime.direct.actions import DirectMachine
    from bend.runtime.io import Record, perform, standard_streams
    machine = DirectMachine(run, run.evaluate(0))
    streams, record = standard_streams(), Record()
    streams.host = host
    is_over = True
    try:
        with _problems_told(run.program):
            perform(machine, streams, record)
            return _read(run, machine.root, reading)
    except NeedsNets as problem:
        if record.performed == 0:
            raise
        if not record.is_complete:
            raise BendError(_too_late(problem.diagnostic)) from None
        is_over = False
        raise NeedsNets(problem.diagnostic, Session(streams, record)) from None
    finally:
        if is_over:
            streams.close_all()


def _evaluated(run: Run, reading: Reading) -> DirectResult:
    """What a program gives that performs no actions."""
    return _read(run, run.evaluate(0), reading)


def _read(run: Run, value: int, reading: Reading) -> DirectResult:
    from bend.runtime.direct.readback import Memory, ResultReader

    def evaluate(number: int) -> int:
        with _problems_told(run.program):
            return run.evaluate(number)

    seconds, start = run.seconds, time.perf_counter()
    reader = ResultReader(Memory(run.program, run.word, evaluate), reading.options)
    terms = with_deep_stack(lambda: {form: reader.read(value, form, linear=reading.linear) for form in reading.forms})
    return DirectResult(terms, seconds, time.perf_counter() - start, run.peak_bytes, run.workers())


@contextmanager
def _problems_told(program: DirectProgram) -> Iterator[None]:
    """What ends a run, as `BendError` and `NeedsNets`."""
    from bend.hvm.numbers import DivisionByZero
    from bend.runtime.direct import host
    from bend.runtime.region import OutOfMemory
    try:
        yield
    except (BendError, NeedsNets):
        raise
    except host.WrongShape as problem:
        raise NeedsNets(_wrong_shape(program, problem.place)) from None
    except host.BudgetExceeded:
        raise NeedsNets(_OUT_OF_BUDGET) from None
    except OutOfMemory as problem:
        from bend.running import out_of_memory
        raise BendError(out_of_memory(problem.peak, problem.limit)) from None
    except host.StackOverflow as problem:
        raise BendError(_stack_overflow(program, problem.function)) from None
    except DivisionByZero as problem:
        from bend.hvm.places import division_by_zero
        raise BendError(division_by_zero(problem.place)) from None
    except Exception as problem:
        # Reading functions may meet wrong shapes, too. Few results need that module, which takes long to import.
        from bend.runtime.direct.values import MaybeCopied, WrongShape
        if isinstance(problem, WrongShape):
            raise NeedsNets(_wrong_shape(program, 0, problem.reason)) from None
        if isinstance(problem, MaybeCopied):
            raise NeedsNets(_maybe_copied(problem.name)) from None
        raise


def _wrong_shape(program: DirectProgram, number: int, reason: str = '') -> Diagnostic:
    place = program.places_by_number()[number]
    function, span = ('', None) if place is None else (place.function, place.span)
    return error('wrong-shape', f'A value is used as what it is not{reason and f": {reason}"}.', span,
                 hint='Only interaction nets give that a meaning: use `--engine net`.', definition=function)


def _maybe_copied(name: str) -> Diagnostic:
    return error('needs-nets', f"Whether '{name}' shows as its name or as its value depends on what nets copy.",
                 hint='Use `--engine net`, or leave `--readback lambda` away.', definition=name)


def _stack_overflow(program: DirectProgram, number: int) -> Diagnostic:
    function = program.functions[number] if number < len(program.functions) else ''
    return error('stack-overflow', 'Calls are nested too deeply for the stack.', definition=function,
                 hint='Allow the program more memory with `--memory SIZE`, or let the function call itself last.')


def _too_late(problem: Diagnostic) -> Diagnostic:
    """The error for a program that would have to begin again after actions that cannot be repeated."""
    return replace(problem, hint='Use `--engine net`. The program cannot begin again by itself, because it has '
                                 'performed actions that must not be repeated.')


_OUT_OF_BUDGET = error('needs-nets', 'The direct engine gave up, because nets may do the same with less work.',
                       hint='Use `--engine net`.')
