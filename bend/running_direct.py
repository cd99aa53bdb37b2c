"""Runs of programs of the direct engine.

What a program gives lies in the memory of its run, so it is read before that is given back.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from bend.diagnostics import BendError, Diagnostic, Label, error
from bend.options import Options, Readback
from bend.records import dataclass, replace

if TYPE_CHECKING:
    from bend.hvm.result import Term
    from bend.interface import Interface
    from bend.running import Overflows, Resources
    from bend.running_gpu import GpuUse
    from bend.runtime.direct.actions import DirectMachine
    from bend.runtime.direct.host import Run, WorkerCount
    from bend.runtime.direct.program import DirectProgram
    from bend.runtime.direct.stack import Stack
    from bend.runtime.direct.trace import Stopped
    from bend.runtime.foreign import HostLibrary
    from bend.runtime.io import Record, Streams
    from bend.runtime.progress import Watcher
    from bend.runtime.waves.gpu import GpuRun


@dataclass(frozen=True, slots=True)
class DirectResult:
    """What a run of the direct engine gives: the result as a term in the forms that were asked for, each with what of
    it could not be read, and what it cost. `reading` are the seconds that making the terms took. On a GPU there are no
    workers."""

    terms: Mapping[Readback, tuple[Term, tuple[Diagnostic, ...]]]
    seconds: float
    reading: float
    peak_bytes: int
    workers: tuple[WorkerCount, ...]
    gpu: GpuUse | None = None


@dataclass(frozen=True, slots=True)
class DirectArguments:
    """Values of Python that the entry is applied to. They are converted in the memory of a run."""

    values: Sequence[object]
    interface: Interface


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


class Unforeseen(Exception):
    """An argument is not what the program was compiled for with a guess. Nothing has been done yet."""


class NeedsNets(Exception):
    """The run has met what only nets can do. Nets have to go on with the `session` if there is one: what was performed
    must not be performed again."""

    def __init__(self, diagnostic: Diagnostic, stopped: Callable[[], Stopped | None] = lambda: None) -> None:
        self._diagnostic = diagnostic
        self._stopped = stopped
        self.session: Session | None = None
        super().__init__(diagnostic.message)

    @property
    def diagnostic(self) -> Diagnostic:
        """What to say if there shall be no nets. Where the run was is found out only if somebody asks."""
        return _traced(self._diagnostic, self._stopped())


def execute_direct(program: DirectProgram, resources: Resources, reading: Reading,
                   overflows: Overflows | None = None, host: HostLibrary | None = None,
                   watcher: Watcher | None = None, arguments: DirectArguments | None = None) -> DirectResult:
    """Runs a program, applied to arguments if there are any, with its actions, for which there may be functions of the
    host, and reads its result. Overflows
    are added to `overflows`, if the program was compiled to count them and does not need nets, which would count the
    same ones. The watcher is told how the run gets on. Raises TypeError and ValueError for arguments that cannot
    be passed, `Unforeseen`, `BendError` when the run cannot end well, `NeedsNets`, KeyboardInterrupt, and
    BrokenPipeError for standard output."""
    from bend.runtime.direct.host import open_run
    with problems_told(program), open_run(program, resources.threads, resources.memory, watcher) as run:
        try:
            with problems_told(program, run):
                value = _given(run, arguments)
                if program.actions is not None:
                    from bend.runtime.direct.actions import DirectMachine
                    return performed(DirectMachine(run, value), reading, host)
                return read_value(run, value, reading)
        except NeedsNets:
            overflows = None
            raise
        finally:
            if overflows is not None and program.counted:
                overflows.update(run.overflows())


def _given(run: Run, arguments: DirectArguments | None) -> int:
    """What the entry gives."""
    if arguments is None:
        return run.evaluate(0)
    from bend.marshal import write_arguments
    from bend.runtime.direct.making import CellMaker
    maker = CellMaker(run, run.program.foreseen)
    passed = write_arguments(arguments.values, arguments.interface, maker)
    maker.check_arguments(passed)
    function = run.program.entry_function()
    # An entry with parameters is no work for anybody; a request would take longer than what most programs do.
    value = run.evaluate(0) if function is None else function
    for argument in passed:
        value = run.apply(value, argument)
    return value


def performed(machine: DirectMachine, reading: Reading, host: HostLibrary | None = None) -> DirectResult:
    """What a program gives that performs actions, of which the machine's root may be the first. Raises as
    `execute_direct`."""
    from bend.runtime.io import Record, perform, standard_streams
    run = machine.run
    streams, record = standard_streams(), Record()
    streams.host = host
    is_over = True
    try:
        with problems_told(run.program, run):
            perform(machine, streams, record)
            return read_value(run, machine.root, reading)
    except NeedsNets as problem:
        if record.performed == 0:
            raise
        if not record.is_complete:
            raise BendError(too_late(problem.diagnostic)) from None
        is_over = False
        problem.session = Session(streams, record)
        raise
    finally:
        if is_over:
            streams.close_all()


def read_value(run: Run | GpuRun, value: int, reading: Reading) -> DirectResult:
    """What a run gave, read; it may have to evaluate more for that. Raises as `execute_direct`."""
    from bend.runtime.direct.readback import Memory, ResultReader

    def evaluate(number: int) -> int:
        with problems_told(run.program, run):
            return run.evaluate(number)

    seconds, start = run.seconds, time.perf_counter()
    reader = ResultReader(Memory(run.program, run.word, evaluate), reading.options)
    terms = {form: reader.read(value, form, linear=reading.linear) for form in reading.forms}
    return DirectResult(terms, seconds, time.perf_counter() - start, run.peak_bytes, run.workers())


@contextmanager
def problems_told(program: DirectProgram, run: Run | GpuRun | None = None) -> Iterator[None]:
    """What ends a run, as `BendError` and `NeedsNets`; with the calls that led there while it is open."""
    from bend.hvm.numbers import DivisionByZero
    from bend.runtime.direct import host
    from bend.runtime.region import OutOfMemory
    try:
        yield
    except (BendError, NeedsNets):
        raise
    except host.WrongShape as problem:
        raise NeedsNets(wrong_shape(program, problem.place), _later(run, problem.place)) from None
    except host.BudgetExceeded:
        raise NeedsNets(OUT_OF_BUDGET) from None
    except OutOfMemory as problem:
        from bend.running import out_of_memory
        diagnostic, stopped = out_of_memory(problem.peak, problem.limit), _now(run)
        if stopped is not None:
            diagnostic = replace(diagnostic, definition=stopped.function)
        raise BendError(_traced(diagnostic, stopped)) from None
    except host.StackOverflow as problem:
        stopped = _now(run)
        raise BendError(_traced(stack_overflow(program, problem.function, stopped), stopped)) from None
    except DivisionByZero as problem:
        from bend.hvm.places import division_by_zero
        stopped = _now(run, 0 if run is None else run.stop_detail)
        raise BendError(_traced(division_by_zero(problem.place), stopped)) from None
    except Exception as problem:
        # Reading functions may meet wrong shapes, too. Few results need that module, which takes long to import.
        from bend.runtime.direct.values import MaybeCopied, WrongShape
        if isinstance(problem, WrongShape):
            raise NeedsNets(wrong_shape(program, 0, problem.reason)) from None
        if isinstance(problem, MaybeCopied):
            raise NeedsNets(_maybe_copied(problem.name)) from None
        raise


def wrong_shape(program: DirectProgram, number: int, reason: str = '') -> Diagnostic:
    """The error for a value that only nets know what to do with, at a place of the program by its number."""
    place = program.places_by_number()[number]
    function, span = ('', None) if place is None else (place.function, place.span)
    return error('wrong-shape', f'A value is used as what it is not{reason and f": {reason}"}.', span,
                 hint='Only interaction nets give that a meaning: use `--engine net`.', definition=function)


def _maybe_copied(name: str) -> Diagnostic:
    return error('needs-nets', f"Whether '{name}' shows as its name or as its value depends on what nets copy.",
                 hint='Use `--engine net`, or leave `--readback lambda` away.', definition=name)


def _traced(diagnostic: Diagnostic, stopped: Stopped | None) -> Diagnostic:
    """The diagnostic with the calls that led there, and with the place of a call if it has none yet."""
    if stopped is None:
        return diagnostic
    if stopped.call is not None and not diagnostic.labels:
        labels = () if stopped.call.span is None else (Label(stopped.call.span),)
        diagnostic = replace(diagnostic, definition=stopped.call.function, labels=labels)
    return replace(diagnostic, trace=stopped.trace)


def _later(run: Run | GpuRun | None, place: int) -> Callable[[], Stopped | None]:
    """What finds out where a run was stopped, also when it is not open any more."""
    stack = None if run is None else run.stopped_stack()
    if run is None or stack is None or run.library is None:
        return lambda: None
    return partial(_where, run.program, run.library.address, stack.kept(), place)


def _now(run: Run | GpuRun | None, place: int = 0) -> Stopped | None:
    """Where an open run was stopped, None if that cannot be known; `place` is the number of the place if that is."""
    stack = None if run is None else run.stopped_stack()
    if run is None or stack is None or run.library is None:
        return None
    return _where(run.program, run.library.address, stack, place)


def _where(program: DirectProgram, address_of: Callable[[str], int], stack: Stack, place: int) -> Stopped | None:
    """Where a run was stopped. The error is told anyway, so that nothing here may fail."""
    try:
        from bend.runtime.direct.trace import trace_of
        return trace_of(program, address_of, stack, place)
    except Exception:
        if os.environ.get('BEND_DEBUG'):
            raise
        return None


def stack_overflow(program: DirectProgram, number: int, stopped: Stopped | None = None) -> Diagnostic:
    """The error for a recursion that was too deep, in a function by its number."""
    function = program.functions[number] if number < len(program.functions) else ''
    head = None
    if stopped is not None and function == stopped.function:
        head = stopped.head
    return error('stack-overflow', 'Calls are nested too deeply for the stack.', head, definition=function,
                 hint='Allow the program more memory with `--memory SIZE`, or let the function call itself last.')


def too_late(problem: Diagnostic) -> Diagnostic:
    """The error for a program that would have to begin again after actions that cannot be repeated."""
    return replace(problem, hint='Use `--engine net`. The program cannot begin again by itself, because it has '
                                 'performed actions that must not be repeated.')


OUT_OF_BUDGET = error('needs-nets', 'The direct engine gave up, because nets may do the same with less work.',
                       hint='Use `--engine net`.')
