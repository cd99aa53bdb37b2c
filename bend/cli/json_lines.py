"""Diagnostics for programs: one JSON object a line (the form is described in docs/diagnostics.md)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from bend.cli.render import in_order
from bend.diagnostics import Callers, Diagnostic, Label
from bend.source import Source, Span


def json_lines(diagnostics: Iterable[Diagnostic]) -> str:
    """One line for each diagnostic that is not allowed, in the order of the text form; ASCII only."""
    return ''.join(json.dumps(as_object(diagnostic)) + '\n' for diagnostic in in_order(diagnostics))


def as_object(diagnostic: Diagnostic) -> dict[str, Any]:
    """The diagnostic as what JSON can hold. All keys are always there; empty texts are None."""
    return {
        'severity': diagnostic.severity.value,
        'code': diagnostic.code,
        'message': diagnostic.message,
        'hint': diagnostic.hint or None,
        'definition': diagnostic.definition or None,
        'labels': [_label(label) for label in diagnostic.labels],
        'trace': [_callers(callers) for callers in diagnostic.trace.callers],
        'trace_end': diagnostic.trace.end or None,
    }


def _label(label: Label) -> dict[str, Any]:
    span = _span(label.span)
    return {'file': span.pop('file'), 'message': label.text or None, **span}


def _callers(callers: Callers) -> dict[str, Any]:
    calls = [{'definition': call.function, 'place': None if call.span is None else _span(call.span)}
             for call in callers.calls]
    return {'calls': calls, 'times': callers.times}


def _span(span: Span) -> dict[str, Any]:
    return {
        'file': span.source.name,
        'start': _place(span.source, span.start),
        'end': _place(span.source, span.end),
    }


def _place(source: Source, offset: int) -> dict[str, int]:
    """A place: characters and bytes (of UTF-8) before it, line and column from 1."""
    line, column = source.position(offset)
    # What the command line passes as an argument may hold bytes that are no UTF-8.
    before = source.text[:offset].encode('utf-8', 'surrogateescape')
    return {'offset': offset, 'byte': len(before), 'line': line, 'column': column}
