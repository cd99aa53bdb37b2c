"""The way of a program, as literal lists of named passes, and the functions that send programs along it.

Command line, tests and tools all start here; `bend.running` runs what they get. Imports of compiler stages are late: a
program that is found in the cache runs without them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from bend.deep_stack import with_deep_stack
from bend.diagnostics import BendError, Diagnostic, Label, Report, Severity, error
from bend.engines import Choice, Engine
from bend.files import Disk, Look
from bend.files import load as load
from bend.fingerprint import fingerprint
from bend.hvm.names import readable
from bend.options import CHECK_SEVERITIES, Options, Severities
from bend.passes import Late, Pass, PassManager, Representation, always
from bend.prelude import load_prelude
from bend.records import dataclass, replace
from bend.runtime.cache import Cache
from bend.source import Source

if TYPE_CHECKING:
    from bend.codegen.direct.choice import Analysis
    from bend.desugar import core
    from bend.desugar.context import Context
    from bend.desugar.typecheck.types import Scheme
    from bend.hvm import net
    from bend.hvm.readback import BookInfo
    from bend.interface import Interface
    from bend.runtime.direct.program import DirectProgram
    from bend.runtime.waves.program import WavesProgram
    from bend.standalone import Parts
    from bend.syntax.ast import Expr


T = TypeVar('T')

LOADED = 'convert'
"""The stage after which a program is loaded: all in one book, and nothing simplified yet."""


# ---- pipelines -------------------------------------------------------------------------------


def _desugar(name: str, enabled: Callable[[Options], bool] = always) -> Pass[core.Book]:
    return Pass(name, Late(f'bend.desugar.{name}', name), enabled)


CORE_PIPELINE: list[Pass[core.Book]] = [
    _desugar('entry'),
    _desugar('fix_rules'),
    _desugar('open_terms'),
    _desugar('literals'),
    _desugar('resolve_names'),
    _desugar('equations'),
    _desugar('normalise_matches'),
    _desugar('check_names'),
    _desugar('lift_local_defs'),
    _desugar('lift_bend'),
    _desugar('lift_fold'),
    _desugar('with_blocks'),
    _desugar('check_scopes'),
    _desugar('prune_prelude'),
    _desugar('unique_names'),
    _desugar('inline_use'),
    _desugar('check_types', lambda options: options.type_check),
    _desugar('linearize_matches'),
    _desugar('encode_switches'),
    _desugar('check_scopes'),
    _desugar('unique_names'),
    _desugar('linear_vars'),
    _desugar('check_scopes'),
    _desugar('float_combinators', lambda options: options.float_combinators),
    _desugar('check_refs'),
    _desugar('prune'),
    _desugar('merge', lambda options: options.merge),
    _desugar('expand_main'),
    _desugar('unique_names'),
]
"""From the converted modules to the core that both engines read (02 section 1)."""

@dataclass(frozen=True, slots=True)
class NetContext:
    """What passes over nets share: where findings go, the core that the nets were made from, and the net that runs."""

    report: Report
    book: core.Book
    entry: str | None

    def stop_on(self, findings: Iterable[Diagnostic]) -> None:
        """Records findings about nets as findings about the functions that they were made from, and stops if there is
        an error among them."""
        from bend.desugar.places import placed
        for finding in findings:
            self.report.add(placed(finding, self.book))
        self.report.stop_on_errors()

    def shown_name(self, name: str) -> str:
        """How users call a definition of the nets."""
        from bend.desugar.places import shown_name
        return shown_name(self.book, name)


def _eta(book: net.Book, context: NetContext) -> net.Book:
    from bend.hvm.eta import eta_reduce
    return replace(book, defs={name: eta_reduce(definition) for name, definition in book.defs.items()})


def _cycles(book: net.Book, context: NetContext) -> net.Book:
    from bend.hvm.cycles import recursion_cycles
    context.stop_on(recursion_cycles(book, context.shown_name))
    return book


def _inline(book: net.Book, context: NetContext) -> net.Book:
    from bend.hvm.inline import inline_nets
    return inline_nets(book)


def _prune(book: net.Book, context: NetContext) -> net.Book:
    from bend.hvm.prune import prune_nets
    return prune_nets(book, context.entry) if context.entry is not None else book


def _size(book: net.Book, context: NetContext) -> net.Book:
    from bend.hvm.size import check_net_size
    context.stop_on(check_net_size(book))
    return book


def _parallel(book: net.Book, context: NetContext) -> net.Book:
    from bend.hvm.parallel import mark_parallel
    return mark_parallel(book)


NET_PIPELINE: list[Pass[net.Book]] = [
    Pass('eta', _eta, lambda options: options.eta),
    Pass('cycles', _cycles),
    Pass('eta', _eta, lambda options: options.eta),
    Pass('inline', _inline, lambda options: options.inline),
    Pass('prune', _prune, lambda options: options.prune),
    Pass('size', _size, lambda options: options.check_net_size),
    Pass('parallel', _parallel),
]
"""From the encoded core to the nets that run."""


# ---- requests --------------------------------------------------------------------------------


class PolicyReport(Report):
    """A report that gives every warning the severity that the user chose for its kind."""

    def __init__(self, severities: Severities) -> None:
        super().__init__()
        self.severities = severities

    def add(self, diagnostic: Diagnostic) -> None:
        """Records a finding; one that is allowed is dropped."""
        severity = self.severities.get(diagnostic.code, diagnostic.severity)
        if severity is not Severity.ALLOW:
            self.diagnostics.append(replace(diagnostic, severity=severity))


@dataclass(frozen=True, slots=True)
class Request:
    """A program, and what is asked of its compilation. `arguments` are terms for `main`, as text; `is_run` tells that
    the program is about to be run, `counting` that it is to count what it does (nets interactions by their rules, the
    direct engine calls and cells), `is_parallel` that several threads may run it, `is_applied` that `main` will get
    values then (None: if it has parameters), `guesses` that the direct engine may foresee what they are, and
    `capability` that it is to run on GPUs of a compute capability, whatever the engine."""

    source: Source
    options: Options = field(default_factory=Options)
    severities: Severities = field(default_factory=lambda: CHECK_SEVERITIES)
    arguments: tuple[str, ...] = ()
    is_run: bool = False
    counting: bool = False
    is_parallel: bool = True
    is_applied: bool | None = False
    guesses: bool = False
    capability: tuple[int, int] | None = None


class BadArgument(BendError):
    """One of the command line's arguments for `main` is not a term."""


# ---- compiling -------------------------------------------------------------------------------


def parse_arguments(request: Request) -> tuple[Expr, ...]:
    """The arguments of `main` as terms; raises `BadArgument`."""
    from bend.syntax.parser import parse_term
    terms: list[Expr] = []
    for number, text in enumerate(request.arguments, 1):
        try:
            terms.append(parse_term(Source(f'<argument {number}>', text)))
        except BendError as problem:
            raise BadArgument(problem.diagnostics) from None
    return tuple(terms)


def context_of(request: Request, report: Report) -> Context:
    """The surroundings of the compilation of a request; raises `BadArgument`."""
    from bend.desugar.context import Context
    return Context(report, request.options, request.options.entrypoint, parse_arguments(request), request.is_applied,
                   request.is_run, source=request.source)


def compile_to_core(request: Request, context: Context, manager: PassManager, files: Cache, disk: Disk) -> core.Book:
    """The program as final core; raises `BendError`. Warnings go to the context's report; the disk records what was
    looked at for imports."""
    from bend.desugar.convert import convert_modules
    from bend.syntax.imports import load_program
    prelude = manager.stage('prelude', lambda: load_prelude(files, fingerprint()))
    program = manager.stage('parse', lambda: load_program(request.source, disk))
    book = manager.stage(LOADED, lambda: convert_modules(prelude, program, context), _core_form())
    book = manager.run(CORE_PIPELINE, book, context, _core_form())
    context.report.stop_on_errors()
    return book


def compile_to_nets(book: core.Book, report: Report, manager: PassManager, opens_entry: bool = True) -> net.Book:
    """Core as nets; raises `BendError`. Warnings go to the report. `opens_entry` unless the entry is a function that
    will be applied."""
    from bend.desugar.clones import find_clones
    from bend.hvm.encode import EncodeOptions, encode_book
    context = NetContext(report, book, entry_name(book))
    clones = manager.stage('clones', lambda: find_clones(book))
    context.stop_on(clones.warnings)
    options = EncodeOptions(adt=manager.options.encoding, keep_all=True,
                            float_matches=manager.options.float_combinators, opens_entry=opens_entry,
                            fresh=clones.fresh)
    try:
        nets = manager.stage('encode', lambda: encode_book(book, options), _net_form())
        nets = manager.run(NET_PIPELINE, nets, context, _net_form())
    except BendError as problem:
        from bend.desugar.places import placed
        raise BendError(placed(diagnostic, book) for diagnostic in problem.diagnostics) from None
    report.stop_on_errors()
    return nets


@dataclass(frozen=True, slots=True)
class Compiled:
    """A program after one of the pipelines, the warnings found on the way, and what was looked at for its imports.
    `types` are those of its definitions, and `is_applied` tells that the entry is a function that will be applied.
    There are nets or code of the direct engine, or neither; `choice` says why, where the compiler chose."""

    book: core.Book
    warnings: tuple[Diagnostic, ...]
    looks: Mapping[Look, str]
    types: Mapping[str, Scheme]
    is_applied: bool
    nets: net.Book | None = None
    direct: DirectProgram | WavesProgram | None = None
    choice: Choice | None = None

    @property
    def final_nets(self) -> net.Book:
        """The nets of a program that was compiled to nets."""
        assert self.nets is not None
        return self.nets


def compile_source(request: Request, manager: PassManager, files: Cache, engine: Engine | None = 'net') -> Compiled:
    """The program as core and, unless the engine is None, as what an engine runs. Raises `BendError` with all that was
    found."""
    report = PolicyReport(request.severities)
    disk = disk_of(request)

    def work() -> Compiled:
        try:
            context = context_of(request, report)
            book = compile_to_core(request, context, manager, files, disk)
            compiled = Compiled(book, (), disk.seen, context.types, bool(context.is_applied))
            if engine in ('auto', 'direct') and book.entry is not None:
                compiled = _directly(compiled, request, engine, report, manager, files)
            if engine is not None and compiled.direct is None:
                compiled = replace(compiled, nets=compile_to_nets(book, report, manager, not compiled.is_applied))
        except BendError as problem:
            raise with_report(problem, report) from None
        return replace(compiled, warnings=tuple(map(without_marks, report.diagnostics)))

    return with_deep_stack(work)


def _directly(compiled: Compiled, request: Request, engine: Engine, report: Report, manager: PassManager,
              files: Cache) -> Compiled:
    """The program with code of the direct engine, if that is right for it, and the choice. Raises `BendError` where the
    engine was asked for and is not right, and for findings about nets that users ask for."""
    direct = None
    choice = choose_engine(compiled, manager)
    if choice.engine == 'direct':
        budgeted = choice.budgeted and engine == 'auto'
        outcome = manager.stage('build', lambda: _build_direct(compiled, request, budgeted, files))
        if isinstance(outcome, str):
            choice = Choice('net', outcome)
        else:
            direct = outcome
            _look_at_nets(compiled, request, report, manager)
    if direct is None and engine == 'direct':
        raise BendError(needs_nets(choice.reason, '' if request.capability is None else ' on a GPU'))
    return replace(compiled, direct=direct, choice=choice)


def generate_c(request: Request, manager: PassManager, files: Cache, render: Callable[[Diagnostic], str],
               engine: Engine = 'auto') -> tuple[str, tuple[Diagnostic, ...]]:
    """A program as one C file for an engine, and the warnings found on the way; `render` makes texts of what may happen
    when it runs. Raises `BendError`, also for what standalone programs cannot do."""
    from bend.standalone import c_file
    parts, warnings = program_parts(request, manager, files, render, engine)
    return with_deep_stack(lambda: manager.stage('emit', lambda: c_file(parts, request.source.name))), warnings


def program_parts(request: Request, manager: PassManager, files: Cache, render: Callable[[Diagnostic], str],
                  engine: Engine = 'auto') -> tuple[Parts, tuple[Diagnostic, ...]]:
    """The parts of a standalone program for an engine, and the warnings found on the way. Raises as `generate_c`."""
    compiled, given = compile_standalone(request, manager, files)
    if engine != 'net':
        made = _direct_parts(compiled, request, manager, render, given, engine)
        if made is not None:
            return made
    return _net_parts(compiled, request, manager, render, given)


def compile_standalone(request: Request, manager: PassManager, files: Cache) -> tuple[Compiled, tuple[str, ...]]:
    """The core of a program that shall run by itself, and the types of the numbers that it takes when it runs."""
    from bend.interface import parameter_types
    from bend.standalone import unsupported
    # Without arguments on the command line, those of `main` come when the program runs.
    is_applied = None if not request.arguments else False
    compiled = compile_source(replace(request, is_applied=is_applied), manager, files, None)
    if compiled.book.entry is None:
        raise missing_main()
    given = parameter_types(compiled.book, compiled.types) if compiled.is_applied else ()
    if not set(given) <= {'u24', 'i24'}:
        raise BendError(unsupported('take other arguments than whole numbers', 'Give this one its arguments now.'))
    return compiled, given


def _direct_parts(compiled: Compiled, request: Request, manager: PassManager, render: Callable[[Diagnostic], str],
                  given: Sequence[str], engine: Engine) -> tuple[Parts, tuple[Diagnostic, ...]] | None:
    """The parts of a program for the direct engine; None for what only nets can do, if any engine will do."""
    from bend.standalone import standalone_parts
    from bend.standalone_choice import made_directly
    from bend.standalone_nets import nets_beside
    parts = made_directly(
        compiled, request, manager, engine,
        lambda info, budgeted, nets: standalone_parts(compiled.book, info, render, request.options, given,
                                                      parallel=request.is_parallel, budgeted=budgeted, nets=nets),
        lambda nets, info: nets_beside(nets, info, render, request.is_parallel))
    return None if parts is None else (parts, (*compiled.warnings, *parts.warnings))


def _net_parts(compiled: Compiled, request: Request, manager: PassManager, render: Callable[[Diagnostic], str],
               given: Sequence[str]) -> tuple[Parts, tuple[Diagnostic, ...]]:
    """The parts of a program that runs as nets."""
    from bend.standalone_nets import standalone_nets
    return made_of_nets(compiled, request, manager, lambda nets, info: standalone_nets(
        nets, info, render, given, parallel=request.is_parallel))


def made_of_nets(compiled: Compiled, request: Request, manager: PassManager,
                 make: Callable[[net.Book, BookInfo], T]) -> tuple[T, tuple[Diagnostic, ...]]:
    """What is made of the nets of a compiled program and what readback must know of them, and the warnings found on the
    way. Raises `BendError`."""
    report = PolicyReport(request.severities)

    def work() -> T:
        nets, info = nets_of(compiled, request, report, manager)
        return manager.stage('build', lambda: make(nets, info))

    made = with_deep_stack(work)
    return made, tuple(dict.fromkeys((*compiled.warnings, *map(without_marks, report.diagnostics))))


def nets_of(compiled: Compiled, request: Request, report: Report, manager: PassManager) -> tuple[net.Book, BookInfo]:
    """The nets of a compiled program that has an entry, and what readback must know; raises `BendError`."""
    from bend.hvm.readback import book_info
    try:
        nets = compile_to_nets(compiled.book, report, manager, not compiled.is_applied)
    except BendError as problem:
        raise with_report(problem, report) from None
    nets = runnable_nets(replace(compiled, nets=nets))
    return nets, book_info(compiled.book, nets, request.options.encoding)


def runnable_nets(compiled: Compiled) -> net.Book:
    """The nets of a program that has an entry, with what runs need: engines start at `main`, whatever the function is
    called that `-e` names."""
    from bend.hvm.actions import with_tags
    from bend.hvm.prune import prune_nets
    entry = entry_name(compiled.book)
    assert entry is not None
    nets = compiled.final_nets
    nets = prune_nets(replace(nets, defs={**nets.defs, 'main': nets.defs[entry]}), 'main')
    return with_tags(nets, {name: constructor.tag for name, constructor in compiled.book.constructors.items()})


def generate_c_of_nets(source: Source, render: Callable[[Diagnostic], str]) -> str:
    """HVM text as one C file; raises `BendError`. `render` as in `generate_c`."""
    from bend.standalone import c_file
    parts = parts_of_nets(source, render)
    return with_deep_stack(lambda: c_file(parts, source.name))


def parts_of_nets(source: Source, render: Callable[[Diagnostic], str]) -> Parts:
    """HVM text as the parts of a standalone program; raises `BendError`."""
    from bend.standalone_nets import standalone_core
    nets = read_nets(source)
    return with_deep_stack(lambda: standalone_core(nets, render))


def needs_nets(reason: str, where: str = '') -> Diagnostic:
    """The error for a program that the direct engine was asked to run, and cannot."""
    return error('needs-nets', f'The direct engine cannot run this program{where}, because {reason}.',
                 hint='Leave `--engine` away, or use `--engine net`.')


def missing_main() -> BendError:
    """There is nothing to run."""
    return BendError(error('missing-main', 'There is nothing to run: the program has no `main`.',
                           hint='Define `main`, or name another function with `-e NAME`.'))


def choose_engine(compiled: Compiled, manager: PassManager) -> Choice:
    """The engine for a program, as far as it is known before its code is made."""
    from bend.codegen.direct.choice import choose
    choice = manager.stage('choice', lambda: choose(compiled.book).choice)
    return replace(choice, reason=readable(choice.reason))


def analyse_engines(compiled: Compiled) -> Analysis:
    """Which engine runs a program under `auto`, and what each definition has to do with that."""
    from bend.codegen.direct.choice import choose
    from bend.codegen.direct.convert import convert
    from bend.codegen.direct.ir import Unsupported

    def work() -> Analysis:
        analysis = choose(compiled.book)
        choice = replace(analysis.choice, reason=readable(analysis.choice.reason))
        if choice.engine == 'direct' and compiled.book.entry is not None:
            try:
                convert(compiled.book)
            except Unsupported as problem:
                choice = Choice('net', readable(problem.reason))
        return replace(analysis, choice=choice)

    return with_deep_stack(work)


def interface_of_program(request: Request, compiled: Compiled) -> Interface | None:
    """What a host needs to know of the program, if there is one."""
    if request.is_applied is False:
        return None
    from bend.interface import interface_of
    return interface_of(compiled.book, compiled.types, request.options.encoding, compiled.is_applied)


def _build_direct(compiled: Compiled, request: Request, budgeted: bool,
                  files: Cache) -> DirectProgram | WavesProgram | str:
    """Code of the direct engine, or why there is none."""
    from bend.codegen.direct.compile import compile_direct
    from bend.codegen.direct.ir import Unsupported
    try:
        if request.capability is not None:
            return _build_waves(compiled, request, request.capability, budgeted, files)
        # Code for several threads may do calls that other code leaves out, and counts shall be the same with one.
        return compile_direct(compiled.book, check_overflow=request.options.check_overflow,
                              parallel=request.is_parallel or request.counting, budgeted=budgeted,
                              eta=request.options.eta, interface=interface_of_program(request, compiled),
                              guesses=request.guesses, counting=request.counting, files=files)
    except Unsupported as problem:
        return readable(problem.reason)


def _build_waves(compiled: Compiled, request: Request, capability: tuple[int, int], budgeted: bool,
                 files: Cache) -> WavesProgram:
    """Code of the direct engine for GPUs. Raises `Unsupported`."""
    from bend.codegen.states import compile as states
    code = states.compile_gpu(compiled.book, capability, files, eta=request.options.eta,
                              check_overflow=request.options.check_overflow)
    return replace(code, program=replace(code.program, budgeted=budgeted))


CYCLE, CLONES = 'recursion-cycle', 'clones-cloning-function'


def _look_at_nets(compiled: Compiled, request: Request, report: Report, manager: PassManager) -> None:
    """Compiles to nets that nobody runs if users ask for what only nets tell: dumps, and cycles of calls."""
    stages = {'encode', *(step.name for step in NET_PIPELINE)}
    severity = request.severities.get(CYCLE, Severity.ALLOW)
    if severity is Severity.ALLOW and not manager.dump_after & stages:
        return
    aside = PolicyReport({CYCLE: severity, CLONES: Severity.ALLOW})
    try:
        compile_to_nets(compiled.book, aside, manager, not compiled.is_applied)
        findings: Iterable[Diagnostic] = aside.diagnostics
    except BendError as problem:
        findings = problem.diagnostics
    for finding in findings:
        if finding.code == CYCLE:
            report.add(finding)
    report.stop_on_errors()


def with_report(problem: BendError, report: Report) -> BendError:
    """The problem with everything else that has been found before it."""
    return type(problem)(tuple(map(without_marks, dict.fromkeys((*report.diagnostics, *problem.diagnostics)))))


def without_marks(diagnostic: Diagnostic) -> Diagnostic:
    """A diagnostic without the marks of names that the main file does not import."""
    labels = tuple(replace(label, text=readable(label.text)) for label in diagnostic.labels)
    return replace(diagnostic, message=readable(diagnostic.message), labels=labels, hint=readable(diagnostic.hint),
                   definition=readable(diagnostic.definition))


def disk_of(request: Request) -> Disk:
    """Where the files lie that a program imports."""
    return Disk(os.path.dirname(request.source.name))


def load_nets(path: str) -> net.Book:
    """The nets in a file of HVM text; raises `BendError` for text that is wrong and for nets that cannot run."""
    return read_nets(load(path))


def read_nets(source: Source) -> net.Book:
    """The nets in HVM text; raises as `load_nets`."""
    from bend.hvm.loops import check_loops
    from bend.hvm.size import check_pairs
    from bend.hvm.text import parse_book_text

    def work() -> net.Book:
        text = parse_book_text(source)
        too_large = [replace(finding, labels=(Label(text.names[finding.definition]),))
                     for finding in check_pairs(text.book)]
        if findings := [*too_large, *check_loops(text)]:
            raise BendError(findings)
        return text.book

    return with_deep_stack(work)


def stage_names() -> list[str]:
    """The names that `--dump-after` knows, in order."""
    names = [LOADED, *(step.name for step in CORE_PIPELINE), 'encode', *(step.name for step in NET_PIPELINE)]
    return list(dict.fromkeys(names))


def entry_name(book: core.Book) -> str | None:
    """What the entry of a book is called as a net; None if it has none."""
    from bend.hvm.encode import net_name
    return None if book.entry is None else net_name(book, book.entry)


def _core_form() -> Representation[core.Book]:
    return Representation(partial(Late('bend.desugar.printer', 'print_book'), pretty=False),
                          Late('bend.desugar.validate', 'validate'))


def _net_form() -> Representation[net.Book]:
    from bend.hvm.text import check_book, print_book
    return Representation(print_book, lambda book, stage: check_book(book))
