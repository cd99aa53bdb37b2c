"""Programs that are ready to run: compiled for an engine, and kept in the cache.

The way there is `bend.driver`; `bend.running` runs what comes of it.
"""

from __future__ import annotations

import os
import pickle
from dataclasses import field
from typing import TYPE_CHECKING, Any

from bend import __version__
from bend.deep_stack import with_deep_stack
from bend.diagnostics import BendError, Diagnostic
from bend.driver import (
    Compiled,
    Request,
    compile_source,
    disk_of,
    interface_of_program,
    missing_main,
    read_nets,
    runnable_nets,
)
from bend.engines import Choice, Engine
from bend.fingerprint import fingerprint, host
from bend.options import Options
from bend.passes import PassManager
from bend.prelude import unpickled
from bend.records import dataclass, replace
from bend.runtime.cache import Cache, key_of
from bend.source import Source

if TYPE_CHECKING:
    from bend.hvm import net
    from bend.hvm.readback import BookInfo
    from bend.interface import Interface


@dataclass(frozen=True, slots=True)
class Program:
    """A compiled program, as it lies in the cache: what the engine runs (`auto` is none), what readback must know, the
    warnings to repeat, for programs that hosts call how to pass arguments, why the engine was chosen, and the options
    that it was compiled with."""

    engine: Engine
    artifact: Any
    info: BookInfo
    diagnostics: tuple[Diagnostic, ...]
    interface: Interface | None = None
    choice: Choice | None = None
    options: Options = field(default_factory=Options)


@dataclass(frozen=True, slots=True)
class Counting:
    """What a program is built to count besides its interactions: overflows, and interactions by their rules."""

    overflows: bool = False
    by_rule: bool = False


UNCOUNTED = Counting()


def build(nets: net.Book, engine: Engine, counting: Counting = UNCOUNTED, data: frozenset[str] = frozenset(),
          on_gpu: bool = False) -> Any:
    """What `execute` needs of the nets. It can be pickled. For `data`, definitions that are no code, none is made.
    Raises `BendError` for a definition that is too large."""
    if engine == 'reference':
        return nets
    from bend.hvm.size import check_pairs
    if findings := check_pairs(nets):
        raise BendError(findings)
    if on_gpu:
        from bend.codegen.gpu_nets import compile_for_gpu
        return compile_for_gpu(nets, check_overflow=counting.overflows, by_rule=counting.by_rule, data=data)
    from bend.codegen.nets import compile_program
    return compile_program(nets, check_overflow=counting.overflows, by_rule=counting.by_rule, data=data)


def build_nets(source: Source, engine: Engine, counting: Counting, manager: PassManager, files: Cache,
               on_gpu: bool = False) -> Any:
    """What `execute` needs of HVM text, from the cache if it is there; raises `BendError`."""
    key = key_of('nets', __version__, fingerprint(), host(), repr((counting, on_gpu)), source.name, source.text)
    found = unpickled(files.get(key), _net_program_type(on_gpu)) if engine == 'net' else None
    if found is not None:
        return found
    nets = manager.stage('parse', lambda: read_nets(source))
    artifact = manager.stage('build', lambda: build(nets, engine, counting, on_gpu=on_gpu))
    if engine == 'net':
        files.put(key, pickle.dumps(artifact, pickle.HIGHEST_PROTOCOL))
    return artifact


def _net_program_type(on_gpu: bool) -> type[Any]:
    """What the net engine runs."""
    if on_gpu:
        from bend.runtime.gpu_net import GpuNetProgram
        return GpuNetProgram
    from bend.runtime.cpu import NetProgram
    return NetProgram


def compile_program(request: Request, engine: Engine, manager: PassManager, files: Cache,
                    cached: bool = True) -> Program:
    """The program ready to run, from the cache if an unchanged one is there; raises `BendError`. Programs that `auto`
    runs as nets are those of `net`, with the reason."""
    looks = unpickled(files.get(_looks_key(request)), tuple) if cached else None
    imports = disk_of(request).outcomes(looks or ()) if cached else ()
    program = _from_cache(request, engine, imports, files) if cached else None
    if program is not None:
        return program
    compiled = compile_source(request, manager, files, engine)
    if compiled.book.entry is None:
        raise missing_main()
    program = (_direct_program(request, compiled) if compiled.direct is not None else
               _net_program(request, compiled, 'net' if engine == 'auto' else engine, manager))
    if cached:
        if compiled.looks:
            files.put(_looks_key(request), pickle.dumps(tuple(compiled.looks), pickle.HIGHEST_PROTOCOL))
        _to_cache(program, request, engine, tuple(compiled.looks.values()), files)
    return program


def _direct_program(request: Request, compiled: Compiled) -> Program:
    from bend.hvm.net import Book
    from bend.hvm.readback import book_info
    info = book_info(compiled.book, Book({}), request.options.encoding)
    interface = interface_of_program(request, compiled)
    return Program('direct', compiled.direct, info, compiled.warnings, interface, compiled.choice,
                   request.options)


def _net_program(request: Request, compiled: Compiled, engine: Engine, manager: PassManager) -> Program:
    from bend.hvm.construct import missing_data
    from bend.hvm.readback import book_info
    nets = runnable_nets(compiled)
    interface = interface_of_program(request, compiled)
    data = missing_data(nets, interface) if interface is not None else {}
    nets = replace(nets, defs={**nets.defs, **data})
    counting = Counting(request.options.check_overflow, request.counting)
    on_gpu = request.capability is not None
    artifact = manager.stage('build', lambda: build(nets, engine, counting, frozenset(data), on_gpu))
    info = book_info(compiled.book, nets, request.options.encoding)
    return Program(engine, artifact, info, compiled.warnings, interface, compiled.choice,
                   request.options)


def _looks_key(request: Request) -> str:
    """The key of what must be looked at to know that the imports of a program are still the same."""
    return key_of('looks', __version__, fingerprint(), os.path.abspath(request.source.name), request.source.text)


def _from_cache(request: Request, engine: Engine, imports: tuple[str, ...], files: Cache) -> Program | None:
    choice = None
    if engine == 'auto':
        choice = unpickled(files.get(_choice_key(request, imports)), Choice)
        engine = engine if choice is None else 'net'
    program = unpickled(files.get(program_key(request, engine, imports)), Program)
    return program if program is None or choice is None else replace(program, choice=choice)


def _to_cache(program: Program, request: Request, engine: Engine, imports: tuple[str, ...], files: Cache) -> None:
    if engine == 'auto' and program.engine != 'direct':
        files.put(_choice_key(request, imports), pickle.dumps(program.choice, pickle.HIGHEST_PROTOCOL))
        engine = program.engine
    # Programs that run as nets are the same whoever chose that.
    kept = program if program.engine == 'direct' else replace(program, choice=None)
    files.put(program_key(request, engine, imports),
              with_deep_stack(lambda: pickle.dumps(kept, pickle.HIGHEST_PROTOCOL)))


def program_key(request: Request, engine: Engine, imports: tuple[str, ...] = ()) -> str:
    """The key in the cache: all that decides what a program is compiled to. `imports` stands for what its imports lead
    to (see `bend.files.Disk`)."""
    # Nets do not depend on the number of threads, nor does what counts. Code of the direct engine for GPUs never does.
    is_direct = engine in ('auto', 'direct')
    counting = request.counting and not (is_direct and request.capability is not None)
    is_parallel = is_direct and request.is_parallel and not counting
    guesses = is_direct and request.guesses
    return key_of('program', *_identity(request), engine, repr((counting, is_parallel, guesses)), *imports)


def _choice_key(request: Request, imports: tuple[str, ...]) -> str:
    """The key of the reason why a program runs as nets under `auto`."""
    return key_of('choice', *_identity(request), *imports)


def _identity(request: Request) -> tuple[str, ...]:
    """What decides what a program is compiled to on any engine."""
    severities = sorted((kind, severity.value) for kind, severity in request.severities.items())
    return (__version__, fingerprint(), host(), request.source.name, request.source.text, repr(request.options),
            repr(severities), repr(request.is_applied), repr(request.arguments), repr(request.capability))
