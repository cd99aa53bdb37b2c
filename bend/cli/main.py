"""The commands `bend` and `hvm`."""

from __future__ import annotations

import argparse
import errno
import gc
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, NoReturn

from bend import compiling, driver, running
from bend.cli.arguments import (
    RUNNING,
    USAGE_ERROR,
    UsageError,
    options_of,
    parse_bend,
    parse_hvm,
    requested,
    severities_of,
)
from bend.cli.phases import Phases
from bend.cli.progress import ProgressLine
from bend.cli.render import Color, in_order, render, wants_color
from bend.deep_stack import with_deep_stack
from bend.diagnostics import BendError, Diagnostic, Severity, error
from bend.engines import Engine
from bend.options import CHECK_SEVERITIES, RUN_SEVERITIES, STANDALONE_SEVERITIES, Options
from bend.passes import InternalError, PassManager
from bend.records import dataclass, replace
from bend.running_direct import DirectResult, NeedsNets, Session
from bend.runtime.cache import Cache
from bend.suggest import did_you_mean

if TYPE_CHECKING:
    from bend.running_gpu import GpuRuns

SUCCESS = 0
FAILURE = 1
CRASH = 101
INTERRUPTED = 130
BROKEN_PIPE = 141

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""What the system answers when there is no room for what is written."""


def bend() -> NoReturn:
    """The console command `bend`."""
    _console(main)


def hvm() -> NoReturn:
    """The console command `hvm`."""
    _console(hvm_main)


def main(argv: Sequence[str]) -> int:
    """Does what `bend ARGV` asks for, and gives the exit code."""
    return _guarded(lambda: _bend(parse_bend(argv)), argv)


def hvm_main(argv: Sequence[str]) -> int:
    """Does what `hvm ARGV` asks for, and gives the exit code."""
    return _guarded(lambda: _hvm(parse_hvm(argv)), argv)


def _console(command: Callable[[Sequence[str]], int]) -> NoReturn:
    # Trees of the compiler have no cycles, and the process is short: looking for garbage only costs time.
    gc.disable()
    _leave(command(sys.argv[1:]))


def _leave(code: int) -> NoReturn:
    if code == INTERRUPTED:
        # Threads may still be compiling or computing; nothing waits for them.
        os._exit(code)
    # At its end Python looks for garbage even so, among all that was made. What is frozen it does not look at.
    gc.freeze()
    sys.exit(code)


def _guarded(action: Callable[[], int], argv: Sequence[str]) -> int:
    """The action's exit code; everything that can go wrong, as an exit code and a text on stderr."""
    # Streams that the caller has closed are None; what is written to them goes nowhere.
    sys.stdout = sys.stdout or open(os.devnull, 'w')  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, 'w')  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, 'reconfigure'):
            # A result may hold characters that the terminal's encoding lacks.
            stream.reconfigure(errors='backslashreplace')
    try:
        code = action()
        sys.stdout.flush()
        return code
    except UsageError as problem:
        return _complain(_Form.requested(argv).text((problem.diagnostic,)), USAGE_ERROR)
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else SUCCESS
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _drop_output()
        return BROKEN_PIPE
    except Exception as problem:
        form = _Form.requested(argv)
        if isinstance(problem, OSError) and problem.errno in _FULL:
            _drop_output()
            return _complain(form.text((_no_space(problem),)), FAILURE)
        return _complain(form.text((_crash(problem),)) if form.error_format == 'json' else _crash_text(problem), CRASH)


def _drop_output() -> None:
    # What stands in the buffer cannot be written. Python flushes it once more at exit, and must not fail there.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _no_space(problem: OSError) -> Diagnostic:
    return error('no-space', f'The output cannot be written: {problem.strerror}.',
                 hint='Make room where it goes to, or send it elsewhere.')


def _complain(text: str, code: int) -> int:
    try:
        sys.stdout.flush()
        sys.stderr.write(text)
        sys.stderr.flush()
    except OSError:
        return code
    return code


def _crash(problem: Exception) -> Diagnostic:
    stage = f'in {problem.stage}: ' if isinstance(problem, InternalError) else ''
    message = problem.message if isinstance(problem, InternalError) else f'{type(problem).__name__}: {problem}'
    return error('internal-error', stage + message, hint=_CRASH_HINT)


_CRASH_HINT = 'This is a fault of the compiler, not of the program. Please report it, with the program.'


def _crash_text(problem: Exception) -> str:
    message = _crash(problem).message
    text = f'internal error{" " if isinstance(problem, InternalError) else ": "}{message}\n  {_CRASH_HINT}\n'
    if os.environ.get('BEND_DEBUG'):
        import traceback
        return text + ''.join(traceback.format_exception(problem))
    return text + '  BEND_DEBUG=1 shows where it happened.\n'


# ---- bend ------------------------------------------------------------------------------------


def _bend(arguments: argparse.Namespace) -> int:
    if arguments.command == 'explain':
        return _explain(arguments)
    if arguments.command == 'doctor':
        return _doctor(arguments)
    is_run = arguments.command in RUNNING
    severities = (RUN_SEVERITIES if is_run else
                  STANDALONE_SEVERITIES if arguments.command in ('gen-c', 'gen-cu', 'build') else CHECK_SEVERITIES)
    try:
        request = driver.Request(driver.load(arguments.file), options_of(arguments),
                                 severities_of(arguments, severities), tuple(getattr(arguments, 'arguments', ())),
                                 is_run=is_run, counting=_counts(arguments), is_parallel=_is_parallel(arguments))
        manager = PassManager(request.options, validating=bool(os.environ.get('BEND_DEBUG')),
                              dump_after=_known_passes(arguments), dump=partial(_dump, arguments))
        COMMANDS[arguments.command](arguments, request, manager)
    except driver.BadArgument as problem:
        return _report(arguments, problem.diagnostics, USAGE_ERROR)
    except BendError as problem:
        return _report(arguments, problem.diagnostics, FAILURE)
    return SUCCESS


def _is_parallel(arguments: argparse.Namespace) -> bool:
    """Whether the program may run on several threads: on this machine, or on any one if it is made for others."""
    threads = getattr(arguments, 'threads', 0)
    return threads != 1 if arguments.command in ('gen-c', 'build') else running.is_parallel(threads)


def _known_passes(arguments: argparse.Namespace) -> frozenset[str]:
    """The passes to dump after; `--verbose` is a dump of the loaded program."""
    for name in arguments.dump_after:
        if name not in driver.stage_names():
            names = driver.stage_names()
            raise UsageError(f"There is no pass '{name}'.",
                             did_you_mean(name, names) or f'The passes are {", ".join(names)}.')
    return frozenset((*arguments.dump_after, *([driver.LOADED] if arguments.verbose else ())))


def _explain(arguments: argparse.Namespace) -> int:
    from bend.cli import explain
    if arguments.code is None:
        sys.stdout.write(explain.overview())
        return SUCCESS
    known = explain.codes()
    if arguments.code not in known:
        raise UsageError(f"There is no code '{arguments.code}'.",
                         did_you_mean(arguments.code, known) or "'bend explain' lists all codes.")
    sys.stdout.write(explain.as_plain_text(explain.explanation(arguments.code)))
    return SUCCESS


def _doctor(arguments: argparse.Namespace) -> int:
    from bend.cli import doctor
    checks = doctor.examine(Cache.of_user())
    sys.stdout.write(doctor.as_json(checks) if arguments.json else doctor.as_text(checks))
    return SUCCESS if doctor.is_healthy(checks) else FAILURE


def _run(arguments: argparse.Namespace, request: driver.Request, manager: PassManager,
         gpu: GpuRuns | None = None, told: list[Diagnostic] | None = None) -> None:
    """Runs a program, on the cores of the CPU unless there is a GPU for it. Warnings that have been told already are
    left out, and others become such. Raises `NotOnGpu` where the GPU fails."""
    phases = Phases()
    resources = running.Resources(arguments.threads, arguments.memory, gpu)
    if gpu is not None:
        request = replace(request, capability=gpu.device.capability, is_parallel=True)
    told = [] if told is None else told
    program = _compiled(arguments, request, arguments.engine, manager, phases, told)
    _show_timings(arguments, manager)
    with _overflows_reported(arguments) as overflows:
        try:
            _run_and_show(arguments, program, resources, phases, overflows)
            return
        except NeedsNets as problem:
            if arguments.engine != 'auto':
                raise BendError(problem.diagnostic) from None
            session = problem.session
        # Not before the exception is gone, and with it what it holds of the run.
        nets = _compiled(arguments, request, 'net', manager, phases, told)
        _run_and_show(arguments, nets, resources, phases, overflows, session)


def _run_cu(arguments: argparse.Namespace, request: driver.Request, manager: PassManager) -> None:
    told: list[Diagnostic] = []
    _on_gpu(arguments, lambda gpu: _run(arguments, request, manager, gpu, told))


def _on_gpu(arguments: argparse.Namespace, run: Callable[[GpuRuns | None], None]) -> None:
    """Runs something on a GPU, or with a warning on the cores of the CPU if that cannot be and the user allows it.
    Raises `BendError`."""
    from bend.running_gpu import NotOnGpu, find_gpu
    from bend.runtime.gpu import Request
    try:
        run(find_gpu(Request(arguments.memory or None, arguments.blocks, arguments.threads_per_block)))
        return
    except NotOnGpu as problem:
        if arguments.fallback is None:
            raise
        found = problem.diagnostics
    _report(arguments, [replace(diagnostic, severity=Severity.WARNING, hint='') for diagnostic in found])
    run(None)


def _compiled(arguments: argparse.Namespace, request: driver.Request, engine: Engine, manager: PassManager,
              phases: Phases, told: list[Diagnostic]) -> compiling.Program:
    """The program for an engine, and in the phases how long it took to get it. Warnings are reported that have not been
    told yet, and added to these."""
    looking = manager.validating or bool(manager.dump_after) or arguments.time_passes
    before = manager.seconds('build')
    with phases.measuring('front_end'):
        program = compiling.compile_program(request, engine, manager, Cache.of_user(), cached=not looking)
    _split_compiling(phases, manager, before)
    fresh = [warning for warning in program.diagnostics if warning not in told]
    told += fresh
    _report(arguments, fresh)
    return program


def _run_and_show(arguments: argparse.Namespace, program: compiling.Program, resources: running.Resources,
                  phases: Phases, overflows: running.Overflows | None, session: Session | None = None) -> None:
    """Runs a program, and prints its result, and what it cost if that is asked for."""
    with phases.measuring('run'):
        result = running.run(program, resources, (arguments.readback,), linear=arguments.linear,
                             overflows=overflows, watcher=_watcher(arguments), session=session)
    if not isinstance(result, running.RunResult):
        phases.move(result.reading, 'run', 'readback')
    with phases.measuring('readback'):
        text, warnings = running.show_result(program, result, resources, arguments.readback, arguments.pretty,
                                             arguments.linear, overflows)
    if text is not None:
        sys.stdout.write(f'Result:{chr(10) if arguments.pretty else " "}{text}\n')
    _report(arguments, warnings)
    _show_statistics(arguments, result, phases, program.engine)


@contextmanager
def _overflows_reported(arguments: argparse.Namespace) -> Iterator[running.Overflows | None]:
    """Where overflows are counted, if the command line asks for that; they are reported however the run ends."""
    overflows: running.Overflows | None = Counter() if arguments.check_overflow else None
    try:
        yield overflows
    finally:
        _report(arguments, running.overflow_warnings(overflows))


def _split_compiling(phases: Phases, manager: PassManager, before: float = 0.0) -> None:
    """Tells the compiler's last stage, which makes native code, from the front end before it; so many seconds of it
    are those of another compilation before."""
    phases.move(manager.seconds('build') - before, 'front_end', 'compile')
    phases.cached = not manager.timings


def _counts(arguments: argparse.Namespace) -> bool:
    """Whether the run is to count what it does: interactions by their rules, or calls and cells. The short form does
    without that."""
    return getattr(arguments, 'stats', None) in ('full', 'json')


def _watcher(arguments: argparse.Namespace) -> ProgressLine | None:
    """Who shows how the run gets on, if that is wanted and standard error is a terminal."""
    return ProgressLine(sys.stderr) if arguments.progress and sys.stderr.isatty() else None


def _show_statistics(arguments: argparse.Namespace, result: running.RunResult | DirectResult, phases: Phases,
                     engine: Engine) -> None:
    """Shows them in the form that is asked for, JSON on standard error and the others behind the result."""
    if arguments.stats is None:
        return
    from bend.cli import statistics
    if arguments.stats == 'short':
        sys.stdout.write(statistics.short(result))
    elif arguments.stats == 'full':
        sys.stdout.write(statistics.full(result, phases))
    elif arguments.stats == 'json':
        sys.stdout.flush()
        sys.stderr.write(statistics.as_json(result, phases, engine))


def _check(arguments: argparse.Namespace, request: driver.Request, manager: PassManager) -> None:
    compiled = driver.compile_source(request, manager, Cache.of_user())
    _report(arguments, compiled.warnings)
    _show_timings(arguments, manager)
    if arguments.explain:
        from bend.cli import engine_table
        analysis = driver.analyse_engines(compiled)
        show = engine_table.as_json if arguments.error_format == 'json' else engine_table.as_text
        sys.stdout.write(show(analysis.choice, engine_table.rows(compiled.book, analysis)))


def _desugar(arguments: argparse.Namespace, request: driver.Request, manager: PassManager) -> None:
    from bend.desugar.printer import print_book
    compiled = driver.compile_source(request, manager, Cache.of_user(), engine=None)
    _report(arguments, compiled.warnings)
    _show_timings(arguments, manager)
    sys.stdout.write(with_deep_stack(lambda: print_book(compiled.book, arguments.pretty)))


def _gen_hvm(arguments: argparse.Namespace, request: driver.Request, manager: PassManager) -> None:
    from bend.hvm.text import print_book
    compiled = driver.compile_source(request, manager, Cache.of_user())
    _report(arguments, compiled.warnings)
    _show_timings(arguments, manager)
    sys.stdout.write(print_book(compiled.final_nets))


def _gen_c(arguments: argparse.Namespace, request: driver.Request, manager: PassManager) -> None:
    text, warnings = driver.generate_c(request, manager, Cache.of_user(), lambda problem: render((problem,)),
                                       arguments.engine)
    _report(arguments, warnings)
    _show_timings(arguments, manager)
    sys.stdout.write(text)


def _gen_cu(arguments: argparse.Namespace, request: driver.Request, manager: PassManager) -> None:
    from bend.building.cuda import generate_cu
    text, warnings = generate_cu(request, manager, Cache.of_user(), lambda problem: render((problem,)),
                                 arguments.engine)
    _report(arguments, warnings)
    _show_timings(arguments, manager)
    sys.stdout.write(text)


def _build(arguments: argparse.Namespace, request: driver.Request, manager: PassManager) -> None:
    from bend.cli.build import build
    warnings = build(arguments, request, manager, Cache.of_user(), lambda problem: render((problem,)))
    _report(arguments, warnings)
    _show_timings(arguments, manager)


COMMANDS: dict[str, Callable[[argparse.Namespace, driver.Request, PassManager], None]] = {
    'run': _run, 'run-cu': _run_cu, 'check': _check, 'desugar': _desugar, 'gen-hvm': _gen_hvm, 'gen-c': _gen_c,
    'gen-cu': _gen_cu, 'build': _build,
}


# ---- hvm -------------------------------------------------------------------------------------


def _hvm(arguments: argparse.Namespace) -> int:
    try:
        if arguments.command == 'gen-c':
            sys.stdout.write(driver.generate_c_of_nets(driver.load(arguments.file), lambda problem: render((problem,))))
        elif arguments.command == 'gen-cu':
            from bend.building.cuda import generate_cu_of_nets
            sys.stdout.write(generate_cu_of_nets(driver.load(arguments.file), lambda problem: render((problem,))))
        elif arguments.command == 'compile':
            from bend.cli.build import compile_core
            compile_core(arguments, driver.load(arguments.file), lambda problem: render((problem,)))
        elif arguments.command == 'run-cu':
            _on_gpu(arguments, lambda gpu: _run_nets(arguments, gpu))
        else:
            _run_nets(arguments)
    except BendError as problem:
        return _report(arguments, problem.diagnostics, FAILURE)
    return SUCCESS


def _run_nets(arguments: argparse.Namespace, gpu: GpuRuns | None = None) -> None:
    """Runs the nets of a file, on the cores of the CPU unless there is a GPU for them. Raises `BendError`."""
    manager = PassManager(Options())
    phases = Phases()
    with phases.measuring('front_end'):
        source = driver.load(arguments.file)
        counting = compiling.Counting(arguments.check_overflow, _counts(arguments))
        artifact = compiling.build_nets(source, arguments.engine, counting, manager, Cache.of_user(), gpu is not None)
    _split_compiling(phases, manager)
    resources = running.Resources(arguments.threads, arguments.memory, gpu)
    with _overflows_reported(arguments) as overflows:
        with phases.measuring('run'):
            result = running.execute(artifact, arguments.engine, resources, acting=True, overflows=overflows,
                                     watcher=_watcher(arguments))
        from bend.hvm.text import print_net
        with phases.measuring('readback'):
            text = print_net(result.net)
        sys.stdout.write(f'Result: {text}\n')
        _show_statistics(arguments, result, phases, arguments.engine)


# ---- reporting -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Form:
    """How the command line wants diagnostics."""

    error_format: str
    color: Color

    @staticmethod
    def requested(argv: Sequence[str]) -> _Form:
        """The form for a command line that cannot be understood otherwise."""
        choices: dict[str, Color] = {'always': 'always', 'never': 'never'}
        return _Form(requested(argv, '--error-format', 'text'), choices.get(requested(argv, '--color', ''), 'auto'))

    def text(self, diagnostics: Iterable[Diagnostic]) -> str:
        """The diagnostics as text for stderr. People are told once where to read on."""
        if self.error_format == 'json':
            from bend.cli.json_lines import json_lines
            return json_lines(diagnostics)
        shown = in_order(diagnostics)
        text = render(shown, wants_color(self.color, sys.stderr))
        if shown and sys.stderr.isatty():
            text += f"'bend explain {shown[-1].code}' tells more.\n"
        return text


def _report(arguments: argparse.Namespace, diagnostics: Iterable[Diagnostic], code: int = SUCCESS) -> int:
    """Shows diagnostics on stderr, after what is already on its way to stdout; gives the exit code back."""
    text = _Form(arguments.error_format, arguments.color).text(diagnostics)
    if text:
        sys.stdout.flush()
        sys.stderr.write(text)
        sys.stderr.flush()
    return code


def _dump(arguments: argparse.Namespace, title: str, text: str) -> None:
    if arguments.verbose and title == driver.LOADED:
        sys.stdout.write(text)
    if title in arguments.dump_after:
        sys.stderr.write(f'---- after {title} ----\n{text.rstrip()}\n\n')


def _show_timings(arguments: argparse.Namespace, manager: PassManager) -> None:
    if not arguments.time_passes:
        return
    for timing in manager.timings:
        sys.stderr.write(f'{timing.seconds * 1000:10.2f} ms  {timing.name}\n')
    sys.stderr.write(f'{sum(timing.seconds for timing in manager.timings) * 1000:10.2f} ms  in all\n')
