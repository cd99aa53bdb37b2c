"""Diagnostics as text for people: what is wrong, the place in the source with the span underlined, and a hint."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Literal, TextIO

from bend.diagnostics import Diagnostic, Label, Severity, Trace

Color = Literal['auto', 'always', 'never']

_BOLD = '\x1b[1m'
_BLUE = '\x1b[1;34m'
_RESET = '\x1b[0m'
_SEVERITY_COLORS = {Severity.ERROR: '\x1b[1;31m', Severity.WARNING: '\x1b[1;33m', Severity.ALLOW: ''}
_TAB = '    '
_WIDEST_LINE = 200


def wants_color(choice: Color, stream: TextIO) -> bool:
    """Whether to colour text on a stream: as chosen, else on terminals where `NO_COLOR` is not set."""
    if choice != 'auto':
        return choice == 'always'
    return not os.environ.get('NO_COLOR') and os.environ.get('TERM') != 'dumb' and stream.isatty()


def render(diagnostics: Iterable[Diagnostic], color: bool = False) -> str:
    """Text for all of them, each followed by an empty line."""
    return ''.join(render_one(diagnostic, color) + '\n' for diagnostic in in_order(diagnostics))


def in_order(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Those that are not allowed, each once: warnings before errors, then file by file in the order of their places,
    at the end those without a place."""
    visible = list(dict.fromkeys(d for d in diagnostics if d.severity is not Severity.ALLOW))
    files = list(dict.fromkeys(diagnostic.labels[0].span.source.name for diagnostic in visible if diagnostic.labels))

    def key(diagnostic: Diagnostic) -> tuple[bool, int, int]:
        is_error = diagnostic.severity is Severity.ERROR
        if not diagnostic.labels:
            return is_error, len(files), 0
        span = diagnostic.labels[0].span
        return is_error, files.index(span.source.name), span.start

    return sorted(visible, key=key)


def render_one(diagnostic: Diagnostic, color: bool = False) -> str:
    """Text for one diagnostic, ending with a line break."""
    paint = _Painter(color)
    severity_color = _SEVERITY_COLORS[diagnostic.severity]
    head = paint(severity_color, f'{diagnostic.severity.value}[{diagnostic.code}]')
    lines = [head + paint(_BOLD, f': {_printable(diagnostic.message)}')]
    width = max((len(str(label.span.position[0])) for label in diagnostic.labels), default=1)
    gutter = ' ' * width
    for number, label in enumerate(diagnostic.labels):
        lines += _excerpt(label, width, paint, severity_color if number == 0 else _BLUE)
    if diagnostic.definition:
        lines.append(f"{gutter} {paint(_BLUE, '=')} in definition '{diagnostic.definition}'")
    lines += [f"{gutter} {paint(_BLUE, '=')} {line}" for line in _trace(diagnostic.trace)]
    if diagnostic.hint:
        for number, line in enumerate(diagnostic.hint.splitlines()):
            lines.append(f"{gutter} {paint(_BLUE, '= hint:' if number == 0 else '       ')} {_printable(line)}")
    return '\n'.join(lines) + '\n'


def _trace(trace: Trace) -> Iterator[str]:
    """The calls that led to an error."""
    for callers in trace.callers:
        for call in callers.calls:
            yield f"called from '{call.function}'" + (f' at {call.span}' if call.span is not None else '')
        count = len(callers.calls)
        if count == 0:
            yield f'… {callers.times:,} other calls …'
        elif callers.times > 1:
            again = callers.times - 1
            yield (f'… the same {"call" if count == 1 else f"{count} calls"} {again:,} more '
                   f'{"time" if again == 1 else "times"}')
    if trace.end:
        yield {'fork': 'forked: what waits for it runs on another thread', 'cut': '… and more calls'}[trace.end]


class _Painter:
    """Wraps text in a colour, or leaves it."""

    def __init__(self, color: bool) -> None:
        self.color = color

    def __call__(self, code: str, text: str) -> str:
        return f'{code}{text}{_RESET}' if self.color and code and text else text


def _excerpt(label: Label, width: int, paint: _Painter, mark_color: str) -> list[str]:
    """The place, the first line of the span, and the marks under it."""
    span = label.span
    number, column = span.position
    line = span.source.line(number)
    start = column - 1
    end = min(len(line), start + max(0, span.end - span.start))
    note = label.text
    if span.start >= len(span.source.text):
        note = note or 'the text ends here'
    elif (last := _last_line(label)) > number:
        note = f'{note} (up to line {last})'.strip()
    # Of a very long line (generated code) only the neighbourhood of the span is shown.
    first = max(0, start - _WIDEST_LINE // 2) if len(line) > _WIDEST_LINE else 0
    before = ('…' if first else '') + line[first:start]
    marked, after = line[start:end][:_WIDEST_LINE], line[end:]
    room = max(0, _WIDEST_LINE - len(before) - len(marked))
    shown = before + marked + (after if len(after) <= room else after[:room] + '…')
    marks = '^' * max(1, _columns(marked)) + (f' {_printable(note)}' if note else '')
    gutter, bar = ' ' * width, paint(_BLUE, '|')
    return [f"{gutter}{paint(_BLUE, '-->')} {span.source.name}:{number}:{column}",
            f'{gutter} {bar}',
            f'{paint(_BLUE, str(number).rjust(width))} {bar} {_printable(shown)}'.rstrip(),
            f'{gutter} {bar} {" " * _columns(before)}{paint(mark_color, marks)}']


def _last_line(label: Label) -> int:
    """The line on which a span ends, the blanks at its end left out."""
    span = label.span
    text = span.source.text[span.start:span.end].rstrip()
    return span.source.position(span.start + max(0, len(text) - 1))[0]


def _printable(text: str) -> str:
    """The text with tabs as blanks and other control characters made visible, so that a file cannot move the cursor."""
    if text.isprintable():
        return text
    return ''.join(_TAB if c == '\t' else c if c == '\n' or not _is_control(c) else '\ufffd' for c in text)


def _is_control(character: str) -> bool:
    return unicodedata.category(character) in ('Cc', 'Cf', 'Cs', 'Zl', 'Zp')


def _columns(text: str) -> int:
    """How many terminal columns the text takes as `_printable` shows it."""
    if text.isascii() and '\t' not in text:
        return len(text)
    columns = 0
    for character in text:
        if character == '\t':
            columns += len(_TAB)
        elif unicodedata.east_asian_width(character) in 'WF':
            columns += 2
        elif not unicodedata.combining(character):
            columns += 1
    return columns
