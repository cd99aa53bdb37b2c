"""Diagnostics as data: what is wrong, where, and how to mend it. Rendered only at the edge (`bend.cli`)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field
from enum import Enum
from typing import Literal

from bend.records import dataclass
from bend.source import Span


class Severity(Enum):
    """How much a diagnostic matters; `ALLOW` means that nobody sees it."""

    ERROR = 'error'
    WARNING = 'warning'
    ALLOW = 'allow'


@dataclass(frozen=True, slots=True)
class Label:
    """A span of source with a few words on it (may be empty)."""

    span: Span
    text: str = ''


@dataclass(frozen=True, slots=True)
class Caller:
    """A call that was under way: the user's function in which it is written, and where if that is known."""

    function: str
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Callers:
    """Calls, innermost first, that follow each other so many times. Without calls, so many are left out."""

    calls: tuple[Caller, ...]
    times: int = 1


@dataclass(frozen=True, slots=True)
class Trace:
    """The calls that led to where a run ended, innermost first. `end` is why there are no more: all are there, what
    waits for the last one runs on another thread (`fork`), or there are too many (`cut`)."""

    callers: tuple[Callers, ...] = ()
    end: Literal['', 'fork', 'cut'] = ''


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding.

    `code` is stable and kebab-case (`unbound-variable`, `syntax`, `redefinition`, ...); for warnings it is
    the kind that `-W/-A/-D` name. `labels[0]`, where there is one, is the place. `definition` is the user's
    function in which it was found, `trace` how the run came there.
    """

    code: str
    message: str
    labels: tuple[Label, ...] = ()
    hint: str = ''
    severity: Severity = Severity.ERROR
    definition: str = ''
    trace: Trace = Trace()


def error(code: str, message: str, span: Span | None = None, *, hint: str = '', label: str = '',
          definition: str = '') -> Diagnostic:
    """An error with at most one place."""
    labels = (Label(span, label),) if span is not None else ()
    return Diagnostic(code, message, labels, hint, Severity.ERROR, definition)


def warning(kind: str, message: str, span: Span | None = None, *, hint: str = '', label: str = '',
            definition: str = '') -> Diagnostic:
    """A warning of one of the kinds of spec 03 section 2, with at most one place."""
    labels = (Label(span, label),) if span is not None else ()
    return Diagnostic(kind, message, labels, hint, Severity.WARNING, definition)


class BendError(Exception):
    """A program (or file, or flag) is at fault; carries the diagnostics that say why. Its text is theirs, rendered."""

    def __init__(self, diagnostics: Diagnostic | Iterable[Diagnostic]) -> None:
        if isinstance(diagnostics, Diagnostic):
            diagnostics = (diagnostics,)
        self.diagnostics: tuple[Diagnostic, ...] = tuple(diagnostics)
        super().__init__('; '.join(diagnostic.message for diagnostic in self.diagnostics))

    def __str__(self) -> str:
        from bend.cli.render import render
        return render(self.diagnostics).rstrip()

    def __reduce__(self) -> tuple[object, ...]:
        return BendError, (self.diagnostics,)


@dataclass
class Report:
    """Collects diagnostics while passes go on; `stop_on_errors` ends the compilation at a stop point."""

    diagnostics: list[Diagnostic] = field(default_factory=list)

    def add(self, diagnostic: Diagnostic) -> None:
        """Records a finding."""
        self.diagnostics.append(diagnostic)

    @property
    def errors(self) -> list[Diagnostic]:
        """The findings that stop the compilation."""
        return [d for d in self.diagnostics if d.severity is Severity.ERROR]

    def stop_on_errors(self) -> None:
        """Raises `BendError` with everything collected so far if there is an error among it."""
        if self.errors:
            raise BendError(self.diagnostics)
