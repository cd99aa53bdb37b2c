"""What the passes share besides the book: where findings go, and what the command line says."""

from __future__ import annotations

from dataclasses import dataclass, field

from bend.diagnostics import Report
from bend.options import Options
from bend.syntax.ast import Expr


@dataclass
class Context:
    """The surroundings of one compilation.

    `options` decide what some passes do (`linearize_matches`, `prune`). `entry` is the name given with `-e`;
    `arguments` are the terms that `main` is applied to; `is_run` tells that the program is about to be run. `renamed`
    maps those names of the prelude that the program defines itself to the internal names under which the prelude's
    own definitions live on (filled in by `convert_modules`).
    """

    report: Report = field(default_factory=Report)
    options: Options = field(default_factory=Options)
    entry: str | None = None
    arguments: tuple[Expr, ...] = ()
    is_run: bool = False
    renamed: dict[str, str] = field(default_factory=dict)

    def builtin(self, name: str) -> str:
        """The name under which a definition of the prelude is found in the book."""
        return self.renamed.get(name, name)
