"""Which engine a program gets, and why (docs/architecture.md, section 4)."""

from __future__ import annotations

from collections.abc import Mapping

from bend.codegen.direct.convert import CASTS, MATHEMATICS
from bend.codegen.direct.sharing import multiplying_definitions
from bend.desugar import core
from bend.desugar.places import shown_name
from bend.desugar.references import reachable
from bend.desugar.terms import pattern_unscoped, subterms, term_patterns
from bend.engines import Choice
from bend.records import dataclass, replace

MULTIPLYING = 'copies functions that are made of copies'


@dataclass(frozen=True, slots=True)
class Analysis:
    """The engine of a program as far as its core tells, which definitions it reaches, and what of them speaks against
    the direct engine or makes it run under a budget: a few words that go on after the definition's name."""

    choice: Choice
    reached: tuple[str, ...]
    reasons: Mapping[str, str]


def choose(book: core.Book) -> Analysis:
    """The engine of a final book. All of it counts as reached if there is no entry."""
    names = (*book.defs, *book.nets)
    needed = set(names) if book.entry is None else reachable(book, [book.entry])
    reached = tuple(name for name in names if name in needed)
    reasons = {name: reason for name in reached if (reason := _needs_nets(book, name))}
    for name, reason in reasons.items():
        return Analysis(Choice('net', f"'{shown_name(book, name)}' {reason}"), reached, reasons)
    program = replace(book, defs={name: book.defs[name] for name in reached if name in book.defs})
    reasons = dict.fromkeys(multiplying_definitions(program), MULTIPLYING)
    for name, reason in reasons.items():
        return Analysis(Choice('direct', f"'{shown_name(book, name)}' {reason}", budgeted=True), reached, reasons)
    return Analysis(Choice('direct'), reached, {})


def _needs_nets(book: core.Book, name: str) -> str:
    """What only nets can do, if a definition has such."""
    if name in book.nets:
        is_known = book.nets[name].builtin and (name in CASTS or name in MATHEMATICS)
        return '' if is_known else 'is written as a net'
    for term in subterms(book.defs[name].body):
        if isinstance(term, core.Sup):
            return 'has a superposition'
        if isinstance(term, core.Unscoped) or any(map(pattern_unscoped, term_patterns(term))):
            return 'has an unscoped variable'
    return ''
