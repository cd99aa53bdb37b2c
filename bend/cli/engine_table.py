"""`bend check --explain`: which engine runs a program under `auto`, and what its functions have to do with that."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from bend.engines import Choice
from bend.hvm.names import readable
from bend.records import dataclass

if TYPE_CHECKING:
    from bend.codegen.direct.choice import Analysis
    from bend.desugar import core


@dataclass(frozen=True, slots=True)
class Row:
    """A function of the user's, or one of the prelude that the program needs: the engine that runs it, None where it
    is not run, and why; empty where there is nothing to say."""

    function: str
    engine: str | None
    reason: str


def rows(book: core.Book, analysis: Analysis) -> list[Row]:
    """A row for each function, the user's before those of the prelude. Parts that were made of a function count as the
    function."""
    from bend.desugar.places import shown_name
    definitions: dict[str, core.Def | core.NetDef] = {**book.defs, **book.nets}
    reached = set(analysis.reached)
    names: dict[str, list[str]] = {}
    for name in sorted(definitions, key=lambda name: definitions[name].builtin):
        if name in reached or not definitions[name].builtin:
            names.setdefault(readable(shown_name(book, name)), []).append(name)
    return [_row(function, parts, reached, analysis) for function, parts in names.items()]


def _row(function: str, parts: list[str], reached: set[str], analysis: Analysis) -> Row:
    engine = analysis.choice.engine
    reason = next((analysis.reasons[part] for part in parts if part in analysis.reasons), '')
    if reached.isdisjoint(parts):
        return Row(function, None, 'does not run, or was inlined')
    if engine == 'net' and not reason:
        reason = 'as the whole program'
    return Row(function, engine, reason)


def as_text(choice: Choice, found: list[Row]) -> str:
    """What is decided in words, and a table."""
    engine = {'direct': 'straight native code', 'net': 'interaction nets'}[choice.engine]
    because = f', because {choice.reason}' if choice.reason else ''
    budget = ' It starts again as nets when it takes long.' if choice.budgeted else ''
    doubt = because.replace(', because', ', but', 1) if choice.budgeted else because
    lines = [f'The program runs as {engine}{doubt}.{budget}', '']
    cells = [('function', 'engine', 'why'), *((row.function, row.engine or '-', row.reason) for row in found)]
    return '\n'.join([*lines, *_aligned(cells), ''])


def _aligned(cells: list[tuple[str, str, str]]) -> Iterator[str]:
    widths = [max(len(cell) for cell in column) for column in zip(*cells, strict=True)]
    for line in cells:
        yield '  '.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()


def as_json(choice: Choice, found: list[Row]) -> str:
    """The same as one line of JSON."""
    functions = [{'function': row.function, 'engine': row.engine, 'reason': row.reason or None} for row in found]
    return json.dumps({'engine': choice.engine, 'reason': choice.reason or None, 'budgeted': choice.budgeted,
                       'functions': functions}) + '\n'
