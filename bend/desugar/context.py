"""What the passes share besides the book: where findings go, and what the command line says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches

from bend.desugar.imported_names import ProgramNames
from bend.desugar.shadowing import Renaming
from bend.diagnostics import Report
from bend.options import Options
from bend.source import Span
from bend.syntax.ast import Expr


@dataclass
class Context:
    """The surroundings of one compilation.

    `options` decide what some passes do (`linearize_matches`, `prune`). `entry` is the name given with `-e`;
    `arguments` are the terms that `main` is applied to; `is_run` tells that the program is about to be run. `renamed`
    maps those names of the prelude that the program defines itself to the internal names under which the prelude's
    own definitions live on. `names` are the meanings of names in the main file, `file_names` those in all files, by
    the name of the source; `imported` are the book's names for imported definitions. `convert_modules` fills these in.
    """

    report: Report = field(default_factory=Report)
    options: Options = field(default_factory=Options)
    entry: str | None = None
    arguments: tuple[Expr, ...] = ()
    is_run: bool = False
    renamed: dict[str, str] = field(default_factory=dict)
    names: Renaming = field(default_factory=Renaming)
    file_names: dict[str, Renaming] = field(default_factory=dict)
    imported: set[str] = field(default_factory=set)

    def builtin(self, name: str) -> str:
        """The name under which a definition of the prelude is found in the book."""
        return self.renamed.get(name, name)

    def add_names(self, found: ProgramNames) -> None:
        """Fills in what names mean."""
        main, *imported = found.files
        self.renamed.update(found.prelude.values)
        self.names = main.names
        self.file_names.update((file.source.name, file.names) for file in found.files)
        self.imported.update(file.names.value(name) for file in imported for name in file.defined.values)

    def suggestion(self, name: str, names: Iterable[str], span: Span | None) -> str | None:
        """What may have been meant by a name that means nothing at a place: the most similar of some names of the
        book, as it is written there, or one that only a path or an alias keeps apart."""
        written = self.written(names, span)
        close = get_close_matches(name, written, 1)
        if close:
            return close[0]
        return next((other for other, book_name in written.items()
                     if other.endswith(f'/{name}') or book_name.endswith(f'/{name}')), None)

    def written(self, names: Iterable[str], span: Span | None) -> dict[str, str]:
        """Those names of the book that code at a place can write, by what it writes."""
        file_names = self.names if span is None else self.file_names.get(span.source.name, self.names)
        book_names = set(names)
        found = {name: name for name in book_names if '__' not in name and name not in self.imported
                 and name not in file_names.hidden}
        for meanings in (file_names.types, file_names.values):
            found.update((name, new) for name, new in meanings.items() if new in book_names)
        return dict(sorted(found.items()))
