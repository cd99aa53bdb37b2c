"""Programs for targets that have no nets: only the direct engine makes their code."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from bend import driver
from bend.codegen.direct.ir import Unsupported
from bend.deep_stack import with_deep_stack
from bend.desugar import core
from bend.diagnostics import BendError, Diagnostic, error
from bend.hvm.names import readable
from bend.hvm.net import Book
from bend.hvm.readback import BookInfo, book_info
from bend.passes import PassManager
from bend.records import dataclass, replace
from bend.runtime.cache import Cache
from bend.standalone import MAY_NEED_NETS

T = TypeVar('T')


@dataclass(frozen=True, slots=True)
class Ready:
    """A program before code is made of it: its core, how its results are read, the types of the numbers that it takes
    when it runs, and what to warn of."""

    book: core.Book
    info: BookInfo
    given: tuple[str, ...]
    warnings: tuple[Diagnostic, ...]


def prepare(request: driver.Request, manager: PassManager, files: Cache, kind: str) -> Ready:
    """A program of a kind that has no nets. Raises `BendError`, also for what standalone programs cannot do."""
    compiled, given = driver.compile_standalone(request, manager, files)
    choice = driver.choose_engine(replace(compiled, is_applied=False), manager)
    if choice.engine != 'direct':
        raise BendError(no_nets(kind, choice.reason))
    doubts = (MAY_NEED_NETS,) if choice.budgeted else ()
    return Ready(compiled.book, book_info(compiled.book, Book({}), request.options.encoding), given,
                 (*compiled.warnings, *doubts))


def build_stage(manager: PassManager, kind: str, action: Callable[[], T]) -> T:
    """What an action makes of a program, as the stage `build`. Raises `BendError` for what only nets can do."""
    def work() -> T:
        try:
            return action()
        except Unsupported as problem:
            raise BendError(no_nets(kind, readable(problem.reason))) from None

    return with_deep_stack(lambda: manager.stage('build', work))


def no_nets(kind: str, reason: str) -> Diagnostic:
    """The error for a program that runs as nets, of a kind that has none."""
    return error('standalone', f'{kind} cannot reduce nets yet. This program runs as nets, because {reason}.',
                 hint='`bend run` can.')
