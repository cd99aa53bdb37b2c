"""What each file's imports bind, and the names by which a book knows all definitions of a program (spec 01 §3.4).

A definition `n` of the imported file `p` is known as `p/n` where the main file imports it; otherwise as `__p/n`, which
no program can write. In each file, names mean: what the file defines, else what it imports, else the prelude's, else
full names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import field

from bend.desugar.shadowing import Renaming, TopLevel, renaming, top_level
from bend.diagnostics import Diagnostic, Label, Report, error, warning
from bend.hvm.names import HIDDEN
from bend.records import dataclass
from bend.source import Source, Span
from bend.suggest import did_you_mean
from bend.syntax import ast
from bend.syntax.imports import File, Imported, Program


@dataclass(frozen=True, slots=True)
class Target:
    """A definition of an imported file: what an import binds a name to."""

    path: str
    name: str

    def __str__(self) -> str:
        return f'{self.path}/{self.name}'


@dataclass(frozen=True, slots=True)
class FileNames:
    """A file, the names that it defines, and what the names in its code mean."""

    file: File
    defined: TopLevel
    names: Renaming

    @property
    def source(self) -> Source:
        """The file's text."""
        return self.file.module.source

    @property
    def items(self) -> tuple[ast.Item, ...]:
        """What stands in the file."""
        return self.file.module.items


@dataclass(frozen=True, slots=True)
class ProgramNames:
    """The prelude's names as its own code means them, and those of the files: the main one first, then the imported
    ones in the order in which their definitions stand in the book."""

    prelude: Renaming
    files: tuple[FileNames, ...]


def program_names(prelude: Iterable[ast.Item], program: Program, report: Report) -> ProgramNames:
    """Works out all names. Raises `BendError` for redefinitions, for names that an imported file does not define or
    that a file and a folder both have, and for definitions that end up with one full name."""
    types = [item for item in prelude if isinstance(item, ast.TypeDef)]
    prelude_names = top_level(prelude, report.add)
    main = top_level(program.main.module.items, report.add)
    tops = {path: top_level(file.module.items, report.add) for path, file in program.imported.items()}
    binder = _Binder(tops, report)
    bound = {file.path: binder.bind(file) for file in (program.main, *program.imported.values())}
    report.stop_on_errors()

    book = _BookNames(main, tops, bound[''].targets, report)
    report.stop_on_errors()
    moved = renaming(prelude_names, book.all, types)
    hidden_by_main = renaming(prelude_names, main, types)
    seen_by_main = Renaming({name: new for name, new in moved.values.items() if name not in hidden_by_main.values},
                            {name: moved.types[name] for name in prelude_names.types
                             if name in moved.types and name not in hidden_by_main.types})
    files = [FileNames(program.main, main, book.meanings('', main, bound[''], seen_by_main))]
    files += [FileNames(file, tops[file.path], book.meanings(file.path, tops[file.path], bound[file.path], moved))
              for file in _in_book_order(program)]
    return ProgramNames(moved, tuple(files))


def _in_book_order(program: Program) -> Iterator[File]:
    """The imported files, each after the one that imports it first, depth first."""
    done: set[str] = set()
    waiting = [*reversed(list(_sources(program.main)))]
    while waiting:
        path = waiting.pop()
        if path not in done:
            done.add(path)
            yield program.imported[path]
            waiting += reversed(list(_sources(program.imported[path])))


def _sources(file: File) -> Iterator[str]:
    for found in file.imports:
        if found.file is not None:
            yield found.file
        yield from found.members.values()


# ---- what imports bind -----------------------------------------------------------------------


@dataclass
class Bound:
    """What the imports of a file bind: for each name its target and the name that was imported, which is another one
    for constructors, as they come with their type. `targets` is all that was ever bound."""

    names: dict[str, tuple[Target, str]] = field(default_factory=dict)
    targets: set[Target] = field(default_factory=set)

    def add(self, written: str, target: Target, imported: str) -> None:
        """Binds a name; an earlier binding is lost."""
        self.names[written] = (target, imported)
        self.targets.add(target)


class _Binder:
    """Binds the names of the imports of files, whose top-level names are given by path; `defined` are all that a
    file defines, in order."""

    def __init__(self, tops: Mapping[str, TopLevel], report: Report) -> None:
        self.tops = tops
        self.report = report
        self.defined = {path: dict.fromkeys((*top.values, *top.types)) for path, top in tops.items()}

    def bind(self, file: File) -> Bound:
        """The names that the imports of a file bind."""
        bound = Bound()
        for found in file.imports:
            if found.statement.names:
                for part in found.statement.names:
                    self.named(bound, found, part)
            else:
                self.everything(bound, found)
        return bound

    def named(self, bound: Bound, found: Imported, part: ast.ImportedName) -> None:
        """Binds one name of a statement: something that the file defines, or a file of the folder."""
        member = found.members.get(part.name)
        defines = found.file is not None and part.name in self.defined[found.file]
        if defines and member is not None:
            self.clash(found, part.name, part.span)
        elif found.file is not None and defines:
            self.add(bound, part.alias or part.name, Target(found.file, part.name), part.span)
        elif member is not None:
            self.add_file(bound, part.name, member, part.alias or part.name, part.span)
        else:
            self.missing(found, part)

    def everything(self, bound: Bound, found: Imported) -> None:
        """Binds all that a path leads to."""
        span = found.statement.span
        for name, member in found.members.items():
            if found.file is not None and name in self.defined[found.file]:
                self.clash(found, name, span)
            self.add_file(bound, name, member, name, span)
        if found.file is not None:
            for name in self.defined[found.file]:
                self.add(bound, name, Target(found.file, name), span)

    def add_file(self, bound: Bound, name: str, path: str, prefix: str, span: Span) -> None:
        """Binds all names of a file of a folder as `prefix/name`, and the one that is called like the file as
        `prefix`."""
        for defined in self.defined[path]:
            written = prefix if defined == name else f'{prefix}/{defined}'
            self.add(bound, written, Target(path, defined), span)

    def add(self, bound: Bound, written: str, target: Target, span: Span) -> None:
        """Binds a name, and the constructors of a type under it; warns if that hides what another import has bound."""
        hidden = bound.names.get(written)
        self.warn_of_hiding(bound, written, target, span)
        if hidden is not None and hidden[0] != target:
            for name in [name for name, (_, imported) in bound.names.items() if imported == written]:
                del bound.names[name]
        bound.add(written, target, written)
        for constructor in self.tops[target.path].variants.get(target.name, ()):
            if constructor != target.name:
                under, brought = written + constructor.removeprefix(target.name), Target(target.path, constructor)
                if bound.names.get(under, (None, ''))[0] == brought:
                    continue  # It was imported by its own name, and stays even if the type's name is hidden.
                self.warn_of_hiding(bound, under, brought, span)
                bound.add(under, brought, written)

    def warn_of_hiding(self, bound: Bound, written: str, target: Target, span: Span) -> None:
        """Warns if a name is about to lose its meaning."""
        hidden, _ = bound.names.get(written, (target, ''))
        if hidden != target:
            self.report.add(warning('import-shadow', f"The import of '{target}' as '{written}' hides that of "
                                    f"'{hidden}'.", span, hint="Give one of them another name with 'as'."))

    def clash(self, found: Imported, name: str, span: Span) -> None:
        """Reports a name that both the file and the folder have."""
        path = found.file
        self.report.add(error('import', f"Both the file '{path}.bend' and the folder '{path}' have '{name}'.", span,
                              hint='Rename one of them.'))

    def missing(self, found: Imported, part: ast.ImportedName) -> None:
        """Reports a name that is neither in the file nor in the folder (the loader reports those without file)."""
        assert found.file is not None
        self.report.add(error('import', f"The file '{found.file}.bend' does not define '{part.name}'.", part.span,
                              hint=did_you_mean(part.name, self.defined[found.file])))


# ---- the names of the book -------------------------------------------------------------------


class _BookNames:
    """The names by which the book knows what the files define; `exported` is what the main file imports. Definitions
    of one name are reported."""

    def __init__(self, main: TopLevel, tops: Mapping[str, TopLevel], exported: Set[Target], report: Report) -> None:
        self.tops = tops
        self.exported = exported
        self.report = report
        self.main = main
        self.all = TopLevel(dict(main.values), dict(main.types), dict(main.variants))
        for path, top in tops.items():
            self.collect(path, top)

    def name(self, target: Target) -> str:
        """The name of a definition of an imported file."""
        return str(target) if target in self.exported else f'{HIDDEN}{target}'

    def collect(self, path: str, top: TopLevel) -> None:
        """Adds the names of an imported file to those of the book."""
        for value, (kind, span) in top.values.items():
            name = self.name(Target(path, value))
            if name in self.all.values:
                self.conflict(kind, Target(path, value), span, *self.all.values[name])
            self.all.values[name] = (kind, span)
        for type_, span in top.types.items():
            name = self.name(Target(path, type_))
            if name in self.all.types:
                self.conflict('type', Target(path, type_), span, 'type', self.all.types[name])
            self.all.types[name] = span

    def conflict(self, kind: str, target: Target, span: Span, other_kind: str, other: Span) -> None:
        """Reports two definitions with one full name."""
        self.report.add(Diagnostic(
            'import', f"The imported {kind} '{target}' has the name of another {other_kind}.",
            (Label(span, 'defined here'), Label(other, 'and here')), 'Rename one of them, or one of the files.'))

    def meanings(self, path: str, own: TopLevel, bound: Bound, prelude: Renaming) -> Renaming:
        """What names mean in a file, given what it defines and imports, and what is called otherwise in the prelude."""
        values, types = dict(prelude.values), dict(prelude.types)
        for written, (target, imported) in bound.names.items():
            if not {written, imported}.isdisjoint(own.values) or not {written, imported}.isdisjoint(own.types):
                continue
            if target.name in self.tops[target.path].values:
                values[written] = self.name(target)
            if target.name in self.tops[target.path].types:
                types[written] = self.name(target)
        if not path:
            return Renaming(values, types)
        values.update((name, self.name(Target(path, name))) for name in own.values)
        types.update((name, self.name(Target(path, name))) for name in own.types)
        return Renaming(values, types, frozenset(self.main.values).difference(values))
