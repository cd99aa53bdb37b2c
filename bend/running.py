"""Runs of compiled programs, and their results.

Imports of compiler stages are late: a program that is found in the cache runs without them.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import field
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from bend.diagnostics import BendError, Diagnostic, Report, error
from bend.options import Readback
from bend.records import dataclass, replace

if TYPE_CHECKING:
    from bend.compiling import Program
    from bend.engines import Engine
    from bend.hvm import net
    from bend.hvm.result import Term
    from bend.interface import Interface
    from bend.running_direct import DirectArguments, DirectResult, Session
    from bend.running_gpu import GpuRuns, GpuUse
    from bend.runtime.cpu import NetProgram, WorkerCount
    from bend.runtime.foreign import HostLibrary
    from bend.runtime.image import Image
    from bend.runtime.machine import Machine, NetMachine
    from bend.runtime.progress import Watcher


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run gives: the result net, and what it cost. The reference reducer measures no memory (0) and has no
    workers, nor are there any on a GPU; `by_rule` is empty where the program was not compiled to count by rule."""

    net: net.Net
    interactions: int
    seconds: float
    peak_bytes: int
    by_rule: Mapping[str, int] = field(default_factory=dict)
    workers: tuple[WorkerCount, ...] = ()
    gpu: GpuUse | None = None


@dataclass(frozen=True, slots=True)
class Resources:
    """What a run may use: threads (0: one a core) and bytes of memory (0: most of what is free), or a GPU, for which
    the program was compiled then."""

    threads: int = 0
    memory: int = 0
    gpu: GpuRuns | None = None


def is_parallel(threads: int) -> bool:
    """Whether runs with so many threads (0: one a core) have more than one."""
    return (threads or len(os.sched_getaffinity(0))) > 1


DEFAULT: tuple[Readback, ...] = ('default',)

Overflows = Counter['net.Place | None']
"""How often integers did not fit into 24 bits, by the place of the operation."""


@dataclass(frozen=True, slots=True)
class Arguments:
    """Values that the entry of nets is applied to, as the engine takes them, and the interactions that it would
    take to make them in the program."""

    ports: Sequence[Any]
    interactions: int
    image: Image | None = None


def convert_arguments(program: Program, values: Sequence[object]) -> Arguments | DirectArguments:
    """Values of Python as arguments. Raises TypeError and ValueError for what cannot be passed to nets; the direct
    engine converts values when it has memory for them."""
    from bend.hvm.construct import Data, TreeMaker
    from bend.marshal import write_arguments
    interface = program.interface
    assert interface is not None
    if program.engine == 'direct':
        from bend.running_direct import DirectArguments
        return DirectArguments(values, interface)
    if program.engine == 'reference':
        trees = Data(TreeMaker(), interface.encoding)
        return Arguments(write_arguments(values, interface, trees), trees.interactions)
    from bend.runtime.image import Image
    image = Image({name: number for number, name in enumerate(program.artifact.names)})
    data = Data(image, interface.encoding)
    return Arguments(write_arguments(values, interface, data), data.interactions, image)


def execute(artifact: Any, engine: Engine, resources: Resources, entry: str = 'main', *, acting: bool = False,
            arguments: Arguments | None = None, host: HostLibrary | None = None, overflows: Overflows | None = None,
            watcher: Watcher | None = None, session: Session | None = None) -> RunResult:
    """Runs a built program, applied to arguments if there are any, to its normal form; if that is an action and the
    program is `acting`, performs it, with functions of the host if there are any, and goes on; in a session, only after
    what has been performed there. Overflows are added to `overflows`, if the program was built to count them; the
    watcher is told how the run gets on. Raises `BendError` when it cannot end well, KeyboardInterrupt, and
    BrokenPipeError for standard output."""
    made = 0 if arguments is None else arguments.interactions
    if engine == 'reference':
        return _execute_reference(artifact, entry, acting, arguments, host, overflows)
    perform = partial(_perform, host=host, session=session) if acting and artifact.actions.possible else None
    applied = None if arguments is None or arguments.image is None else (arguments.image, arguments.ports)
    if resources.gpu is not None:
        from bend.running_gpu_nets import execute_nets
        result = execute_nets(artifact, resources.gpu, entry, applied, overflows, watcher, perform,
                              session is not None)
    else:
        result = _execute_on_cores(artifact, resources, entry, applied, overflows, watcher, perform)
    return replace(result, interactions=result.interactions + made)


def run(program: Program, resources: Resources, forms: Collection[Readback] = DEFAULT, *, linear: bool = False,
        arguments: Arguments | DirectArguments | None = None, host: HostLibrary | None = None,
        overflows: Overflows | None = None, watcher: Watcher | None = None,
        session: Session | None = None) -> RunResult | DirectResult:
    """Runs a program as `execute` does, with its actions. What the direct engine gives is read at once, in the given
    forms, and as `linear` says; raises `NeedsNets` where that engine cannot go on. Another run takes over its session
    then. Raises TypeError and ValueError for arguments that cannot be passed to that engine, and `Unforeseen`. On a GPU
    the direct engine takes no arguments and has no host; raises `NotOnGpu` where a CPU may do better."""
    if program.engine == 'direct':
        from bend.running_direct import Reading, execute_direct
        reading = Reading(program.options, forms, linear)
        if resources.gpu is not None:
            from bend.running_gpu import execute_waves
            return execute_waves(program.artifact, resources.gpu, reading, overflows, watcher)
        return execute_direct(program.artifact, resources, reading, overflows, host, watcher,
                              cast('DirectArguments | None', arguments))
    passed = cast('Arguments | None', arguments)
    return execute(program.artifact, program.engine, resources, acting=True, arguments=passed, host=host,
                   overflows=overflows, watcher=watcher, session=session)


def _execute_on_cores(program: NetProgram, resources: Resources, entry: str,
                      arguments: tuple[Image, Sequence[Any]] | None, overflows: Overflows | None,
                      watcher: Watcher | None, perform: Callable[[Machine], None] | None) -> RunResult:
    from bend.runtime import cpu

    def perform_here(run: cpu.Run) -> None:
        from bend.runtime.cpu_actions import CpuMachine
        assert perform is not None
        perform(CpuMachine(run))

    with problems_told():
        result = cpu.run(program, resources.threads, resources.memory, entry,
                         None if perform is None else perform_here, arguments, overflows, watcher)
    return RunResult(result.net, result.interactions, result.seconds, result.peak_bytes, result.by_rule,
                     result.workers)


@contextmanager
def problems_told() -> Iterator[None]:
    """What ends a run of nets, as `BendError`."""
    from bend.hvm.numbers import DivisionByZero
    from bend.runtime.region import OutOfMemory
    try:
        yield
    except OutOfMemory as problem:
        raise BendError(out_of_memory(problem.peak, problem.limit)) from None
    except DivisionByZero as problem:
        from bend.hvm.places import division_by_zero
        raise BendError(division_by_zero(problem.place)) from None


def out_of_memory(peak: int, limit: int) -> Diagnostic:
    """The error for a run that needed more memory than it may use."""
    return error('out-of-memory', f'The program ran out of memory: it had used {_bytes_text(peak)} of '
                                  f'{_bytes_text(limit)}.', hint='Allow it more with `--memory SIZE`.')


def overflow_warnings(overflows: Overflows | None) -> tuple[Diagnostic, ...]:
    """What to say about overflows."""
    if not overflows:
        return ()
    from bend.hvm.places import overflow_warnings as warnings
    return tuple(warnings(overflows))


def _execute_reference(nets: net.Book, entry: str, acting: bool, arguments: Arguments | None,
                       host: HostLibrary | None, overflows: Overflows | None) -> RunResult:
    from bend.hvm.actions import action_names
    from bend.hvm.construct import applied
    from bend.hvm.reduce import Reduction, reduce
    main = nets.defs[entry] if arguments is None else applied(nets.defs[entry], arguments.ports)
    book = replace(nets, defs={**nets.defs, 'main': main})
    names = action_names(book)

    def perform(reduction: Reduction) -> None:
        from bend.hvm.reduce_actions import ReferenceMachine
        _perform(ReferenceMachine(reduction, names), host)

    result = reduce(book, perform=perform if acting and names.possible else None, overflows=overflows)
    made = 0 if arguments is None else arguments.interactions
    return RunResult(result.net, result.interactions + made, result.seconds, 0, result.by_rule)


def _perform(machine: Machine, host: HostLibrary | None, session: Session | None = None) -> None:
    from bend.runtime.io import perform, standard_streams
    streams = standard_streams() if session is None else session.streams
    streams.host = host
    record = None if session is None else session.record
    if record is not None:
        record.rewind()
    try:
        perform(machine, streams, record)
    finally:
        streams.close_all()


def show_result(program: Program, result: RunResult | DirectResult, resources: Resources, readback: Readback,
                pretty: bool, linear: bool = False,
                overflows: Overflows | None = None) -> tuple[str | None, tuple[Diagnostic, ...]]:
    """The text of a result, None where there is nothing to print, and what could not be read.

    `linear` shows duplications.
    """
    from bend.hvm.result import Eraser
    from bend.hvm.show import show_main
    term, problems, is_done = read_result(program, result, resources, readback, linear, overflows)
    if is_done and isinstance(term, Eraser):
        return None, ()
    return show_main(term, readback, pretty, program.info), problems


def read_result(program: Program, result: RunResult | DirectResult, resources: Resources,
                readback: Readback = 'default', linear: bool = False,
                overflows: Overflows | None = None) -> tuple[Term, tuple[Diagnostic, ...], bool]:
    """The term of a result, what of it could not be read, and whether it is the value of an `IO/Done` that readback
    cannot know as such.

    In the default form, folded references in the result are run once each, so that users see values.
    """
    if not isinstance(result, RunResult):
        return (*result.terms[readback], False)
    from bend.hvm.actions import scott_value
    from bend.hvm.readback import readback as read

    report = Report()
    expand = _expander(program, resources, overflows)
    value = scott_value(result.net, program.info.definitions) if readback == 'default' else None
    term = read(value or result.net, program.info, expand if readback == 'default' else None, report, linear=linear)
    return term, tuple(report.diagnostics), value is not None


def _expander(program: Program, resources: Resources,
              overflows: Overflows | None) -> Callable[[str], net.Net | None]:
    """What readback asks for the value of a definition."""
    def expand(name: str) -> net.Net | None:
        try:
            return execute(program.artifact, program.engine, resources, name, overflows=overflows).net
        except BendError:
            # What is not asked for may fail; its name says enough.
            return None
    return expand


def host_library(program: Program, resources: Resources) -> HostLibrary | None:
    """The registered functions of the host, for one run of a program that knows its data."""
    interface = program.interface
    if interface is None:
        return None
    if program.engine == 'direct':
        return _direct_host_library(program, interface)
    from bend import marshal
    from bend.hvm.construct import Data
    from bend.hvm.net import Net
    from bend.hvm.readback import readback
    from bend.runtime.foreign import HostLibrary, MachineMaker
    expand = _expander(program, resources, None)

    def read(machine: Machine, place: int) -> Any:
        tree = cast('NetMachine', machine).tree(place)
        return marshal.read(readback(Net(tree), program.info, expand), program.info)

    def write(value: Any, machine: Machine) -> int:
        maker = MachineMaker(cast('NetMachine', machine))
        return marshal.write(value, None, interface, Data(maker, interface.encoding))

    return HostLibrary(read, write)


def _direct_host_library(program: Program, interface: Interface) -> HostLibrary:
    """The same for programs of the direct engine."""
    from bend import marshal
    from bend.runtime.direct.actions import DirectMachine
    from bend.runtime.foreign import HostLibrary

    def read(machine: Machine, place: int) -> Any:
        return marshal.read(cast(DirectMachine, machine).term(place, program.options), program.info)

    def write(value: Any, machine: Machine) -> int:
        return marshal.write(value, None, interface, cast(DirectMachine, machine).maker)

    return HostLibrary(read, write)


def _bytes_text(count: int) -> str:
    return f'{count / (1 << 30):.1f} GB' if count >= 1 << 30 else f'{count / (1 << 20):.0f} MB'
