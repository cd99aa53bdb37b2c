"""Running pipelines: named passes over one representation, with validation, dumps and timings after each.

A pass takes a book and the compilation's context and gives a new book. What a program does wrong is a `BendError`;
any other exception, and a book that does not validate, is our fault: `InternalError`, which names the guilty pass.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Iterable
from dataclasses import field
from functools import partial
from typing import Any, Generic, TypeVar

from bend.diagnostics import BendError
from bend.options import Options
from bend.records import dataclass

B = TypeVar('B')
T = TypeVar('T')


class InternalError(Exception):
    """The compiler broke its own rules in a stage; `__cause__`, where there is one, is what it stumbled over."""

    def __init__(self, stage: str, message: str) -> None:
        self.stage = stage
        self.message = message
        super().__init__(f'{stage}: {message}')


def always(options: Options) -> bool:
    """The condition of passes that no option turns off."""
    return True


@dataclass(frozen=True, slots=True)
class Late:
    """A function of a module that is imported at the first call: programs found in the cache need no compiler."""

    module: str
    name: str

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """What the function gives."""
        return self.resolve()(*arguments, **named)

    def resolve(self) -> Callable[..., Any]:
        """The function itself."""
        function: Callable[..., Any] = getattr(importlib.import_module(self.module), self.name)
        return function


@dataclass(frozen=True, slots=True)
class Pass(Generic[B]):
    """A named step of a pipeline, run where `enabled` says so."""

    name: str
    function: Callable[[B, Any], B]
    enabled: Callable[[Options], bool] = always


@dataclass(frozen=True, slots=True)
class Representation(Generic[B]):
    """What the pass manager can do with the books of one stage: print them, and check that they are well formed
    (`validate` takes the name of the stage too, and raises any exception that says what is wrong)."""

    show: Callable[[B], str]
    validate: Callable[[B, str], None]


@dataclass(frozen=True, slots=True)
class Timing:
    """How long a stage took."""

    name: str
    seconds: float


@dataclass
class PassManager:
    """Runs stages under one set of options.

    `dump_after` names the stages after which `dump` gets a title and the printed book; `validating` checks every
    book. `timings` collects the seconds of all stages in order, by `clock`.
    """

    options: Options
    validating: bool = False
    dump_after: frozenset[str] = frozenset()
    dump: Callable[[str, str], None] = lambda title, text: None
    timings: list[Timing] = field(default_factory=list)
    clock: Callable[[], float] = time.perf_counter

    def run(self, passes: Iterable[Pass[B]], book: B, context: Any, form: Representation[B]) -> B:
        """The book after all enabled passes; raises `BendError` or `InternalError`."""
        for step in passes:
            if step.enabled(self.options):
                book = self.stage(step.name, partial(step.function, book, context), form)
        return book

    def stage(self, name: str, action: Callable[[], T], form: Representation[T] | None = None) -> T:
        """Runs one stage and gives its result, validated and dumped if its form is known."""
        start = self.clock()
        result = guarded(name, action)
        self.timings.append(Timing(name, self.clock() - start))
        if form is not None:
            if self.validating:
                self._validate(name, result, form)
            if name in self.dump_after:
                self.dump(name, guarded(f'printing after {name}', lambda: form.show(result)))
        return result

    def seconds(self, name: str) -> float:
        """How long the stages of a name took together."""
        return sum(timing.seconds for timing in self.timings if timing.name == name)

    @staticmethod
    def _validate(name: str, result: T, form: Representation[T]) -> None:
        try:
            form.validate(result, name)
        except (InternalError, RecursionError, MemoryError):
            raise
        except Exception as problem:
            raise InternalError(name, f'its result is not well formed: {problem}') from problem


def guarded(stage: str, action: Callable[[], T]) -> T:
    """The action's result; whatever it raises that is not meant for the user becomes an `InternalError`."""
    try:
        return action()
    except (BendError, InternalError, RecursionError, MemoryError):
        raise
    except Exception as problem:
        raise InternalError(stage, f'{type(problem).__name__}: {problem}') from problem
