"""What the passes share besides the book: where findings go, and what the command line says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field

from bend.desugar.core import Book, Era, Rule
from bend.desugar.imported_names import ProgramNames
from bend.desugar.kinds import Kinds
from bend.desugar.shadowing import Renaming
from bend.desugar.typecheck.types import Scheme
from bend.diagnostics import Report
from bend.options import Options
from bend.records import dataclass, replace
from bend.source import Source, Span
from bend.suggest import closest, did_you_mean
from bend.syntax.ast import Expr


@dataclass
class Context:
    """The surroundings of one compilation.

    `options` decide what some passes do (`linearize_matches`, `prune`). `entry` is the name given with `-e`;
    `arguments` are the terms that `main` is applied to, `is_applied` tells that it will be applied to values when the
    program runs (None: if it has parameters, which the pass `entry` then finds out); `is_run` tells that the program is
    about to be run. `renamed` maps those names of the prelude that the program defines itself to the internal names
    under which the prelude's own definitions live on. `names` are the meanings of names in the main file, `file_names`
    those in all files, by the name of the source; `imported` are the book's names for imported definitions.
    `convert_modules` fills these in.
    `source` is the main file. `types` are what `check_types` finds. `kinds` knows what is in definitions.
    """

    report: Report = field(default_factory=Report)
    options: Options = field(default_factory=Options)
    entry: str | None = None
    arguments: tuple[Expr, ...] = ()
    is_applied: bool | None = False
    is_run: bool = False
    renamed: dict[str, str] = field(default_factory=dict)
    names: Renaming = field(default_factory=Renaming)
    file_names: dict[str, Renaming] = field(default_factory=dict)
    imported: set[str] = field(default_factory=set)
    source: Source | None = None
    types: Mapping[str, Scheme] = field(default_factory=dict)
    kinds: Kinds = field(default_factory=Kinds)

    def builtin(self, name: str) -> str:
        """The name under which a definition of the prelude is found in the book."""
        return self.renamed.get(name, name)

    def settled(self, book: Book) -> Book:
        """The book with `*` in place of each function in which an error has been found.

        So passes between two stop points go on to find what is wrong in other functions, and say nothing about what
        follows from an error that is known.
        """
        broken = {diagnostic.definition for diagnostic in self.report.errors}
        if not broken:
            return book
        return book.with_defs({
            name: replace(definition, rules=(Rule((), Era(span=definition.span), span=definition.span),))
            if definition.user_name in broken else definition for name, definition in book.defs.items()})

    def add_names(self, found: ProgramNames) -> None:
        """Fills in what names mean."""
        main, *imported = found.files
        self.renamed.update(found.prelude.values)
        self.names = main.names
        self.file_names.update((file.source.name, file.names) for file in found.files)
        self.imported.update(file.names.value(name) for file in imported for name in file.defined.values)

    def did_you_mean(self, name: str, names: Iterable[str], span: Span | None) -> str:
        """The hint for a name that means nothing at a place: what may have been meant among some names of the book,
        as it is written there, or one that only a path or an alias keeps apart; empty if there is nothing."""
        written = self.written(names, span)
        if closest(name, written):
            return did_you_mean(name, written)
        other = next((other for other, book_name in written.items()
                      if other.endswith(f'/{name}') or book_name.endswith(f'/{name}')), None)
        return f"Did you mean '{other}'?" if other else ''

    def written(self, names: Iterable[str], span: Span | None) -> dict[str, str]:
        """Those names of the book that code at a place can write, by what it writes."""
        file_names = self.names if span is None else self.file_names.get(span.source.name, self.names)
        book_names = set(names)
        found = {name: name for name in book_names if '__' not in name and name not in self.imported
                 and name not in file_names.hidden}
        for meanings in (file_names.types, file_names.values):
            found.update((name, new) for name, new in meanings.items() if new in book_names)
        return dict(sorted(found.items()))
