"""Imports: the files that a program is made of, and those that each import statement takes names from (spec 01 §3.4).

A path leads from the folder of the main file or, if it begins with `./` or `../`, from the folder of the file that it
stands in. It means the file of that name (with `.bend`), the folder of that name, or both. What names come from there
is worked out where names are (`bend.desugar.imported_names`).
"""

from __future__ import annotations

import os
import posixpath
import re
from collections import deque
from collections.abc import Mapping

from bend.diagnostics import BendError, Diagnostic, Label, error
from bend.files import SUFFIX, Disk
from bend.records import dataclass, replace
from bend.source import Source, Span
from bend.suggest import closest, did_you_mean
from bend.syntax import ast
from bend.syntax.parser import parse_module

_NAME = re.compile(r'[A-Za-z0-9_.-]+')


@dataclass(frozen=True, slots=True)
class Imported:
    """An import statement and the files that it takes names from.

    `file` is the path (see `File`) of the file that its path names, None if there is none; `members` are the paths of
    files in the folder that its path names: those that the statement lists, or all of them, by name.
    """

    statement: ast.Import
    file: str | None
    members: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class File:
    """A file of a program. Its `path` is what the full names of its definitions begin with: where it lies, seen from
    the folder of the main file, whose own path is ''."""

    path: str
    module: ast.Module
    imports: tuple[Imported, ...] = ()


@dataclass(frozen=True, slots=True)
class Program:
    """The main file, and all files that are imported, by path, in the order of loading."""

    main: File
    imported: Mapping[str, File]


def load_program(source: Source, disk: Disk) -> Program:
    """The program that begins with a main file. Raises `BendError` with all errors of syntax in all its files, and all
    imports of what is not there."""
    loader = _Loader(source, disk)
    files = loader.load()
    if loader.errors:
        raise BendError(loader.errors)
    main, *imported = files
    return Program(main, {file.path: file for file in imported})


class _Loader:
    """Loads files, each once. `places` says where the file of each path lies, seen from the main file's folder; that
    is the path itself, but for files outside of that folder."""

    def __init__(self, source: Source, disk: Disk) -> None:
        self.disk = disk
        self.errors: list[Diagnostic] = []
        self.main = os.path.realpath(source.name)
        self.paths: dict[str, str] = {}
        self.places = {'': ''}
        self.waiting = deque([('', source)])

    def load(self) -> list[File]:
        """All files, the main one first."""
        files = []
        while self.waiting:
            path, source = self.waiting.popleft()
            try:
                module = parse_module(source)
            except BendError as problem:
                self.errors.extend(problem.diagnostics)
                continue
            statements = [item for item in module.items if isinstance(item, ast.Import)]
            files.append(File(path, module, tuple(self.follow(statement, path) for statement in statements)))
        return files

    def follow(self, statement: ast.Import, importer: str) -> Imported:
        """Finds the files of a statement; reports what is not there."""
        place = self.place(statement.path, importer)
        if statement.names:
            wanted = {part.name: part.span for part in statement.names}
        else:
            wanted = {name: statement.span for name in self.disk.members(place)
                      if _NAME.fullmatch(name) and '__' not in name}
        file = self.file(place, statement.path_span) if place else None
        members = {}
        for name, span in wanted.items():
            member = self.file(posixpath.join(place, name), span)
            if member is not None:
                members[name] = member
        found = Imported(statement, file, members)
        if file is None and (not members or len(members) < len(wanted)):
            self.not_found(found, place, importer)
        return found

    def place(self, path: str, importer: str) -> str:
        """Where a path leads to, seen from the main file's folder: '' is that folder.

        From files in that folder, relative paths do not lead out of it; only those of the main file do.
        """
        path = path.removesuffix(SUFFIX)
        if path not in ('.', '..') and not path.startswith(('./', '../')):
            return _normal(path)
        around = self.places[importer]
        place = _normal(posixpath.join(posixpath.dirname(around), path))
        return _inside(place) if importer and around == _inside(around) else place

    def file(self, place: str, span: Span) -> str | None:
        """The path of the file at a place; None if there is none. A file that is new is put in the queue."""
        try:
            source = self.disk.source(place)
        except BendError as problem:
            self.errors.extend(replace(found, labels=(Label(span, 'imported here'),)) for found in problem.diagnostics)
            return _inside(place)
        if source is None:
            return None
        identity = self.disk.identity(place)
        if identity == self.main:
            self.errors.append(error('import', 'The main file of a program cannot be imported.', span,
                                     hint='Move what both files need to a third file, and import that one.'))
            return _inside(place)
        if identity not in self.paths:
            # A file outside of the folder and one inside it may claim one path.
            path = next(path for path in (_inside(place), place, f'./{place}') if path not in self.places)
            self.paths[identity] = path
            self.places[path] = place
            self.waiting.append((path, source))
        return self.paths[identity]

    # ---- what is not there -----------------------------------------------------------------------

    def not_found(self, found: Imported, place: str, importer: str) -> None:
        """Reports an import that leads to no file."""
        statement = found.statement
        shown = statement.path or '.'
        if place and not os.path.isdir(self.disk.name(place)):
            self.errors.append(error('import', f"There is no file or folder '{shown}' to import from.",
                                     statement.path_span, hint=self.path_hint(statement.path, place, importer)))
            return
        if not statement.names:
            self.errors.append(error('import', f"The folder '{shown}' has no '{SUFFIX}' files to import.",
                                     statement.path_span))
        for part in statement.names:
            if part.name not in found.members:
                where = f"the folder '{shown}'" if place else "the main file's folder"
                self.errors.append(error('import', f"There is no file '{part.name}{SUFFIX}' in {where}.", part.span,
                                         hint=self.name_hint(part.name, statement.path, place, importer)))

    def path_hint(self, path: str, place: str, importer: str) -> str:
        """What may have been meant by a path that leads nowhere."""
        if '.' in path.strip('./') and self.exists(self.place(path.replace('.', '/'), importer)):
            return f"Parts of a path are separated by '/': '{path.replace('.', '/')}'."
        if relative := self.relative(path, place, importer):
            return f"From this file it is '{relative}'."
        folder, name = posixpath.split(place)
        if folder and not os.path.isdir(self.disk.name(folder)):
            close = self.close(posixpath.basename(folder), posixpath.dirname(folder))
            where = f"There is no folder '{folder}'"
            return f"{where}; did you mean '{close}'?" if close else f'{where}.'
        close = self.close(name, folder)
        return f"Did you mean '{path.removesuffix(name)}{close}'?" if close else ''

    def name_hint(self, name: str, path: str, place: str, importer: str) -> str:
        """What may have been meant by a file that is not in a folder."""
        inner = posixpath.join(place, name)
        if os.path.isdir(self.disk.name(inner)):
            return f"It has a folder '{name}': write 'from {posixpath.join(path, name)} import NAME'."
        if relative := self.relative(posixpath.join(path, name), inner, importer):
            return f"From this file it is '{relative}'."
        return did_you_mean(name, self.disk.members(place))

    def relative(self, path: str, place: str, importer: str) -> str:
        """The path in the folder of the importing file, or in one around it, that leads to something; '' if there is
        none. `place` is where it leads from the main file's folder."""
        for steps in range(importer.count('/') + 1):
            relative = ('../' * steps or './') + path
            if (there := self.place(relative, importer)) != place and self.exists(there):
                return relative
        return ''

    def exists(self, place: str) -> bool:
        """Whether there is a file or folder at a place."""
        name = self.disk.name(place)
        return os.path.isfile(name + SUFFIX) or os.path.isdir(name)

    def close(self, name: str, folder: str) -> str:
        """The file or folder in a folder whose name is most like this one; '' if none is like it."""
        entries = [entry.removesuffix(SUFFIX) for entry in self.disk.entries(folder)]
        names = [entry for entry in entries if self.exists(posixpath.join(folder, entry))
                 and self.disk.identity(posixpath.join(folder, entry)) != self.main]
        return next(iter(closest(name, names)), '')


def _normal(path: str) -> str:
    """A path without `.` and empty parts, and with `..` only in front; '' for the folder itself."""
    normal = posixpath.normpath(path) if path else ''
    return '' if normal == '.' else normal


def _inside(place: str) -> str:
    """A place without the steps that lead out of the folder."""
    parts = place.split('/')
    while parts and parts[0] == '..':
        parts.pop(0)
    return '/'.join(parts)
