"""How the functions of a library run: directly, as nets, or directly until they turn out to need nets."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from bend import driver
from bend.building.library_api import Api, normal
from bend.building.library_nets import LibraryNets, nets_of_library
from bend.building.targets import Job
from bend.codegen.direct.choice import choose
from bend.codegen.direct.compile import Lowered, lower_direct
from bend.codegen.direct.exported import Exported
from bend.codegen.direct.ir import Unsupported
from bend.desugar import core
from bend.diagnostics import BendError, Diagnostic
from bend.engines import Choice, Engine
from bend.hvm.names import readable
from bend.interface import Interface
from bend.records import dataclass, replace
from bend.standalone import MAY_NEED_NETS, may_need_nets_suddenly

ENTRY = '%exports'
"""The entry of libraries, which no function of the user's is called like."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A program that shall be a library: its core, what its values are made of, and which functions it offers."""

    book: core.Book
    interface: Interface
    api: Api
    warnings: tuple[Diagnostic, ...]


@dataclass(frozen=True, slots=True)
class Engines:
    """The code of a library for the direct engine and as nets, at least for one of them; the choice for each function;
    and what was found on the way."""

    direct: Lowered | None
    nets: LibraryNets | None
    choices: tuple[Choice, ...]
    warnings: tuple[Diagnostic, ...] = ()


def engines_of(job: Job, ready: Ready, engine: Engine) -> Engines:
    """How the functions of a library run on an engine, or as suits each. Raises `BendError`."""
    if engine == 'net':
        return as_nets(job, ready)
    choices = choices_for(ready)
    reasons = [choice.reason for choice in choices if choice.engine == 'net']
    try:
        if reasons and (engine == 'direct' or len(reasons) == len(choices)):
            raise Unsupported(reasons[0])
        direct = lowered(job, ready, choices)
    except Unsupported as problem:
        if engine == 'direct':
            raise BendError(driver.needs_nets(readable(problem.reason))) from None
        return as_nets(job, ready)
    return beside(job, ready, engine, Engines(direct, None, choices))


def choices_for(ready: Ready) -> tuple[Choice, ...]:
    """The engine of each function."""
    names = [function.name for function in ready.api.functions]
    whole = choose(with_entry(ready.book, names)).choice
    if whole == Choice('direct'):
        return (whole,) * len(names)
    return tuple(choose(with_entry(ready.book, [name])).choice for name in names)


def as_nets(job: Job, ready: Ready) -> Engines:
    """A library all of whose functions run as nets. Raises `BendError`."""
    nets, warnings = nets_for(job, ready)
    return Engines(None, nets, tuple(Choice('net') for _ in ready.api.functions), warnings)


def beside(job: Job, ready: Ready, engine: Engine, engines: Engines) -> Engines:
    """The same with nets where directly run functions may need them, or others do. Raises `BendError`."""
    choices, direct = engines.choices, engines.direct
    assert direct is not None
    if any(choice.engine == 'net' for choice in choices):
        nets, warnings = nets_for(job, ready)
        return replace(engines, nets=nets, warnings=warnings)
    is_budgeted = any(choice.budgeted for choice in choices)
    if engine == 'auto' and (is_budgeted or may_need_nets_suddenly(direct.module)):
        # Where the nets cannot be, the library does without them.
        with suppress(BendError):
            return replace(engines, nets=nets_for(job, ready)[0])
    return replace(engines, warnings=(MAY_NEED_NETS,) if is_budgeted else ())


def nets_for(job: Job, ready: Ready) -> tuple[LibraryNets, tuple[Diagnostic, ...]]:
    """The nets of a library, and what was found in them. Raises `BendError`."""
    report = driver.PolicyReport(job.request.severities)
    book = with_entry(ready.book, [function.name for function in ready.api.functions])
    try:
        nets = nets_of_library(book, ready.interface, ready.api, report, job.manager)
    except BendError as problem:
        raise driver.with_report(problem, report) from None
    return nets, tuple(map(driver.without_marks, report.diagnostics))


def lowered(job: Job, ready: Ready, choices: Sequence[Choice]) -> Lowered:
    """The code of the functions that run directly. Raises `Unsupported`."""
    functions = [function for function, choice in zip(ready.api.functions, choices, strict=True)
                 if choice.engine == 'direct']
    exported = Exported(ready.interface, [[normal(type_) for _, type_ in function.parameters]
                                          for function in functions])
    book = with_entry(ready.book, [function.name for function in functions])
    return lower_direct(book, parallel=job.request.is_parallel, eta=job.request.options.eta, exported=exported)


def with_entry(book: core.Book, functions: Sequence[str]) -> core.Book:
    """A book whose entry gives functions in pairs."""
    body: core.Term = core.Era()
    for name in reversed(functions):
        body = core.Tup((core.Ref(name), body))
    return replace(book.with_defs({**book.defs, ENTRY: core.Def(ENTRY, (core.Rule((), body),))}), entry=ENTRY)
