"""The engine of a standalone program, whatever is made of it: the direct one where that is right for the program."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from bend import driver
from bend.codegen.direct.ir import Unsupported
from bend.deep_stack import with_deep_stack
from bend.diagnostics import BendError, Report
from bend.engines import Choice, Engine
from bend.hvm.names import readable
from bend.hvm.net import Book
from bend.hvm.readback import BookInfo, book_info
from bend.passes import PassManager
from bend.records import replace
from bend.standalone import OnlyNetsPrint

T = TypeVar('T')
N = TypeVar('N')


def made_directly(compiled: driver.Compiled, request: driver.Request, manager: PassManager, engine: Engine,
                  make: Callable[[BookInfo, bool, Callable[[], N | None]], T],
                  make_nets: Callable[[Book, BookInfo], N]) -> T | None:
    """What is made of a program for the direct engine; None for what only nets can do, if any engine will do.

    `make` is given what its results are called, whether it may do much better as nets, and a function that gives what
    `make_nets` makes of its nets, for a program that may begin again; None if there cannot be any. Raises `BendError`.
    """
    info = book_info(compiled.book, Book({}), request.options.encoding)

    def nets() -> N | None:
        # Where the nets cannot be, the program does without them.
        with suppress(BendError):
            return make_nets(*driver.nets_of(compiled, request, Report(), manager))
        return None

    def work() -> T | BendError:
        choice = driver.choose_engine(replace(compiled, is_applied=False), manager)
        return manager.stage('build', lambda: built(choice))

    def built(choice: Choice) -> T | BendError:
        try:
            if choice.engine != 'direct':
                raise Unsupported(choice.reason)
            return make(info, choice.budgeted, nets if engine == 'auto' else lambda: None)
        except Unsupported as problem:
            return BendError(driver.needs_nets(readable(problem.reason)))
        except OnlyNetsPrint as problem:
            return problem

    made = with_deep_stack(work)
    if not isinstance(made, BendError):
        return made
    if engine == 'direct':
        raise made
    return None
