"""Bend from Python: compile a program once, run it with any arguments, get values back (docs/python.md).

A thin user of `bend.driver` and `bend.running`, as the command line is. Everything here may be called from several
threads: runs share nothing, and compilations wait for each other.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from bend import compiling, driver, marshal, running
from bend.diagnostics import BendError, Diagnostic, Severity
from bend.engines import ENGINES, Engine
from bend.files import SUFFIX
from bend.options import CHECK_SEVERITIES, RUN_SEVERITIES, Options, Readback, Severities, with_severity
from bend.passes import PassManager
from bend.records import replace
from bend.running_direct import DirectResult, NeedsNets, Session, Unforeseen
from bend.runtime.cache import Cache
from bend.source import Source
from bend.values import whole

MAX_THREADS = 1024

_COMPILING = threading.RLock()
"""The compiler raises the recursion limit of the whole process while it works."""


@dataclass(frozen=True)
class Result:
    """What a run gave.

    `value` is the result as a Python value, `text` what `bend run` prints after `Result:`, and None where it prints
    nothing. `engine` is what ran the program ('direct', 'net' or 'reference'), `interactions` are those of nets (None
    on the direct engine), `seconds` are those of the run itself, `peak_bytes` is the most memory that it used, and
    `warnings` tell of parts of the result that are no proper terms, and that it may be wrong.
    """

    value: Any
    engine: Engine
    interactions: int | None
    seconds: float
    peak_bytes: int
    warnings: tuple[Diagnostic, ...]
    _shown: tuple[compiling.Program, running.RunResult | DirectResult, running.Resources, Readback, bool] = field(
        repr=False, compare=False)

    @cached_property
    def text(self) -> str | None:
        """The result as `bend run` prints it."""
        return running.show_result(*self._shown)[0]


class Program:
    """A compiled program. Calling it runs it, with arguments for its entry, and gives the result's value.

    >>> import bend
    >>> add = bend.compile('def main(x, y): return x + y')
    >>> add(3, 4), add(5, 6)
    (7, 11)
    """

    def __init__(self, request: driver.Request, engine: Engine, cached: bool) -> None:
        """Compiles at once; raises `BendError`."""
        self._request = request
        self._engine = engine
        self._cached = cached
        self._variants: dict[tuple[bool, Engine, bool, bool], compiling.Program] = {}
        self._guesses = True
        parallel = running.is_parallel(0) or engine in ('net', 'reference')
        program = self._compile(None, engine, parallel, True)
        applied = program.interface is not None and program.interface.is_applied
        self._variants[applied, engine, parallel, applied] = program
        self.warnings = program.diagnostics

    def __call__(self, *arguments: object, threads: int = 0, memory: int = 0) -> Any:
        """The value of the result. Everything else is as for `run`."""
        return self.run(*arguments, threads=threads, memory=memory).value

    def run(self, *arguments: object, threads: int = 0, memory: int = 0, readback: Readback = 'default',
            pretty: bool = False) -> Result:
        """Runs the program, with its actions if it is an `IO` program.

        `threads` is how many threads it may use (0: one a core), `memory` how many bytes (0: most of what is free).
        `readback` and `pretty` are about the text of the result. Raises TypeError and ValueError for arguments that
        cannot be passed, `BendError` when the program does not end well, and KeyboardInterrupt.

        >>> import bend
        >>> result = bend.compile('def main(x): return (x * 2, "ok")').run(21)
        >>> result.value, result.text, result.engine
        ((42, 'ok'), '(42, "ok")', 'direct')
        """
        resources = _resources(threads, memory)
        if readback not in ('default', 'lambda'):
            raise ValueError(f"there is no readback '{readback}': it is 'default' or 'lambda'")
        forms: tuple[Readback, ...] = tuple(dict.fromkeys((*running.DEFAULT, readback)))
        try:
            program, result = self._run(arguments, resources, forms, self._engine)
            restarted: tuple[Diagnostic, ...] = ()
        except NeedsNets as problem:
            if self._engine != 'auto':
                raise BendError(problem.diagnostic) from None
            program, result = self._run(arguments, resources, forms, 'net', problem.session)
            restarted = tuple(warning for warning in program.diagnostics if warning not in self.warnings)
        term, problems, _ = running.read_result(program, result, resources)
        from bend.hvm.show import done_value
        value = marshal.read(done_value(term) or term, program.info)
        interactions = result.interactions if isinstance(result, running.RunResult) else None
        return Result(value, program.engine, interactions, result.seconds, result.peak_bytes, restarted + problems,
                      (program, result, resources, readback, pretty))

    def _run(self, arguments: Sequence[object], resources: running.Resources, forms: Sequence[Readback],
             engine: Engine, session: Session | None = None,
             ) -> tuple[compiling.Program, running.RunResult | DirectResult]:
        parallel = running.is_parallel(resources.threads)
        program = self._variant(bool(arguments), engine, parallel)
        passed = running.convert_arguments(program, arguments) if arguments else None
        host = running.host_library(program, resources)
        try:
            return program, running.run(program, resources, forms, arguments=passed, host=host, session=session)
        except Unforeseen:
            # From now on all arguments are taken as they come.
            self._guesses = False
            return self._run(arguments, resources, forms, engine)

    def __repr__(self) -> str:
        return f'<bend.Program {self._request.source.name}>'

    def _variant(self, applied: bool, engine: Engine, parallel: bool) -> compiling.Program:
        """The program for a run with arguments, or without; compiled when it is first asked for. Without arguments,
        an entry that is a function is itself the result, and is simplified in other ways."""
        # Nets do not depend on the number of threads, nor on arguments.
        is_net = engine in ('net', 'reference')
        key = (applied, engine, parallel or is_net, applied and (self._guesses or is_net))
        program = self._variants.get(key)
        if program is None:
            program = self._variants[key] = self._compile(*key)
        return program

    def _compile(self, applied: bool | None, engine: Engine, parallel: bool, guesses: bool) -> compiling.Program:
        request = replace(self._request, is_applied=applied, is_parallel=parallel, guesses=guesses)
        with _COMPILING:
            return compiling.compile_program(request, engine, PassManager(request.options), Cache.of_user(),
                                             self._cached)


def compile(program: str | os.PathLike[str], *, entrypoint: str | None = None, options: Iterable[str] = (),
            warn: Iterable[str] = (), deny: Iterable[str] = (), allow: Iterable[str] = (),
            engine: Engine = 'auto', cache: bool = True) -> Program:
    """Compiles a program, given as a path or as text, to be run any number of times.

    A string is a path if it ends in `.bend`, or if it is a single word that names a file. `entrypoint` is the function
    to start from instead of `main`, `options` are those of the command line's `-O` (such as 'no-eta'), `warn`, `deny`
    and `allow` take kinds of warnings. `engine` is 'direct' for straight native code, 'net' for interaction nets, or
    'auto', which takes the one that suits the program. `cache` tells whether to keep the compiled program on disk, and
    to look for it there.
    Raises `BendError`, which carries the diagnostics, ValueError for an option that there is not, and TypeError for
    what is no program.

    >>> import bend
    >>> try:
    ...     bend.compile('def main(): return x')
    ... except bend.BendError as problem:
    ...     print(problem.diagnostics[0].message)
    The name 'x' is not defined here.
    """
    request = _request(program, entrypoint, options, _severities(RUN_SEVERITIES, warn, deny, allow), is_run=True)
    if engine not in ENGINES:
        raise ValueError(f"there is no engine '{engine}': it is 'auto', 'direct', 'net' or 'reference'")
    return Program(request, engine, cache)


def run(program: str | os.PathLike[str], *arguments: object, threads: int = 0, memory: int = 0,
        entrypoint: str | None = None, options: Iterable[str] = (), cache: bool = True) -> Any:
    """Runs a program, given as a path or as text, and gives the value of its result.

    Arguments go to its entry. Everything else is as for `compile` and `Program.run`.

    >>> import bend
    >>> bend.run('def main(xs): return List/reverse(xs)', [1, 2, 3])
    [3, 2, 1]
    """
    compiled = compile(program, entrypoint=entrypoint, options=options, cache=cache)
    return compiled(*arguments, threads=threads, memory=memory)


def check(program: str | os.PathLike[str], *, entrypoint: str | None = None, options: Iterable[str] = (),
          warn: Iterable[str] = (), deny: Iterable[str] = (), allow: Iterable[str] = ()) -> tuple[Diagnostic, ...]:
    """The warnings about a program, given as a path or as text; raises `BendError` if there are errors.

    >>> import bend
    >>> [warning.code for warning in bend.check('def main(): return 1\\ndef unused(): return 2')]
    ['unused-definition']
    """
    request = _request(program, entrypoint, options, _severities(CHECK_SEVERITIES, warn, deny, allow), is_run=False)
    with _COMPILING:
        return driver.compile_source(request, PassManager(request.options), Cache.of_user()).warnings


# ---- requests --------------------------------------------------------------------------------


def _request(program: str | os.PathLike[str], entrypoint: str | None, options: Iterable[str], severities: Severities,
             is_run: bool) -> driver.Request:
    if entrypoint is not None and not isinstance(entrypoint, str):
        raise TypeError(f'entrypoint must be the name of a function, not {entrypoint!r}')
    chosen = Options(entrypoint=entrypoint)
    for flag in _words(options):
        try:
            chosen = chosen.with_flag(flag)
        except ValueError:
            raise ValueError(f"there is no compiler option '{flag}'") from None
    return driver.Request(_source(program), chosen, severities, is_run=is_run)


def _source(program: str | os.PathLike[str]) -> Source:
    """The text of a program, given as a path or as text."""
    if not isinstance(program, str | os.PathLike):
        raise TypeError(f'a program is a path or its text, not {program!r}')
    if not isinstance(program, str):
        return driver.load(os.fspath(program))
    text = program.strip()
    is_path = '\n' not in text and (text.endswith(SUFFIX) or (text and len(text.split()) == 1 and os.path.isfile(text)))
    return driver.load(text) if is_path else Source('<source>', program)


def _severities(base: Severities, warn: Iterable[str], deny: Iterable[str], allow: Iterable[str]) -> Severities:
    for kinds, severity in ((warn, Severity.WARNING), (deny, Severity.ERROR), (allow, Severity.ALLOW)):
        for kind in _words(kinds):
            try:
                base = with_severity(base, kind, severity)
            except ValueError:
                raise ValueError(f"there is no kind of warning '{kind}'") from None
    return base


def _words(words: Iterable[str]) -> Iterable[str]:
    """One word, or several."""
    return words.split() if isinstance(words, str) else words


def _resources(threads: int, memory: int) -> running.Resources:
    """What a run may use; raises TypeError and ValueError."""
    threads, memory = whole(threads, 'threads'), whole(memory, 'memory')
    if not 0 <= threads <= MAX_THREADS:
        raise ValueError(f'threads must be from 0 to {MAX_THREADS}, not {threads}')
    if memory < 0:
        raise ValueError(f'memory must be a number of bytes, not {memory}')
    return running.Resources(threads, memory)
