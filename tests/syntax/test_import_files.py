"""The files of a program: where paths lead, what they are called, and that each is read once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bend.diagnostics import BendError
from bend.files import Disk, Look
from bend.source import Source
from bend.syntax import ast, imports
from bend.syntax.imports import Program, load_program

Load = Callable[..., Program]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """Loads the program `project/main.bend` of some files, given by path, from the folder above it."""
    monkeypatch.chdir(tmp_path)

    def write(texts: dict[str, str]) -> Program:
        for name, text in texts.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding='utf-8')
        return load_program(Source('project/main.bend', texts['project/main.bend']), Disk('project'))
    return write


def names(program: Program) -> dict[str, str]:
    """The paths of the imported files, and the names of their sources."""
    return {path: file.module.source.name for path, file in program.imported.items()}


def test_files_and_folders(load: Load) -> None:
    program = load({'project/main.bend': 'from lib import (a, c as d)\nimport lib/sub/e\nfrom lib/a import *\n',
                    'project/lib/a.bend': 'from ./sub import *\n', 'project/lib/c.bend': '',
                    'project/lib/sub/e.bend': 'from ../a import x\nfrom lib import c\n',
                    'project/lib/sub/f.bend': 'x = 1\n', 'project/lib/sub/notes.txt': ''})
    assert names(program) == {path: f'project/{path}.bend' for path in ('lib/a', 'lib/c', 'lib/sub/e', 'lib/sub/f')}
    first, second, third = program.main.imports
    assert (first.file, dict(first.members)) == (None, {'a': 'lib/a', 'c': 'lib/c'})
    assert (second.file, dict(second.members)) == (None, {'e': 'lib/sub/e'})
    assert (third.file, dict(third.members)) == ('lib/a', {})
    (whole,) = program.imported['lib/a'].imports
    assert dict(whole.members) == {'e': 'lib/sub/e', 'f': 'lib/sub/f'}


def test_a_file_and_a_folder_of_one_name(load: Load) -> None:
    program = load({'project/main.bend': 'from both import (a, b)\n', 'project/both.bend': 'a = 1\n',
                    'project/both/b.bend': 'b = 2\n'})
    (found,) = program.main.imports
    assert (found.file, dict(found.members)) == ('both', {'b': 'both/b'})


def test_each_file_is_read_once(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []
    parse_module = imports.parse_module

    def recorded(source: Source) -> ast.Module:
        parsed.append(source.name)
        return parse_module(source)
    monkeypatch.setattr(imports, 'parse_module', recorded)
    main = 'import a\nimport ./a\nfrom lib/../a import x\nimport ../project/a\nimport b\n'
    program = load({'project/main.bend': main, 'project/a.bend': 'import b\nimport a\nx = 1\n',
                    'project/b.bend': 'import a\n'})
    assert parsed == ['project/main.bend', 'project/a.bend', 'project/b.bend']
    assert list(program.imported) == ['a', 'b']


def test_outside_of_the_main_folder(load: Load, tmp_path: Path) -> None:
    program = load({'project/main.bend': f'import ../x\nimport x\nimport ../up/y\nimport {tmp_path}/up/z\n',
                    'x.bend': '', 'project/x.bend': '', 'up/y.bend': 'import ./w\n', 'up/w.bend': '', 'up/z.bend': '',
                    'project/w.bend': 'wrong'})
    assert names(program) == {'x': 'x.bend', './x': 'project/x.bend', 'up/y': 'up/y.bend', 'up/w': 'up/w.bend',
                              f'{tmp_path}/up/z': f'{tmp_path}/up/z.bend'}


def test_imported_files_do_not_lead_out_of_the_main_folder(load: Load) -> None:
    program = load({'project/main.bend': 'import lib/a\n', 'project/lib/a.bend': 'import ../../../b\n',
                    'project/b.bend': '', 'b.bend': 'wrong\n'})
    assert names(program)['b'] == 'project/b.bend'


@pytest.mark.parametrize(('main', 'other', 'message'), [
    ('import main\n', '', 'The main file of a program cannot be imported.'),
    ('from . import *\n', '', 'The main file of a program cannot be imported.'),
    ('import a\n', 'import main', 'The main file of a program cannot be imported.'),
    ('import a\n', 'import ../../main', 'The main file of a program cannot be imported.'),
    ('import b\n', '', "There is no file 'b.bend' in the main file's folder."),
    ('from lib import *\n', '', "The folder 'lib' has no '.bend' files to import."),
    ('from lib import a\n', '', "There is no file 'a.bend' in the folder 'lib'."),
    ('import a/b\n', '', None),
    ('import c/b\n', '', "There is no file or folder 'c' to import from."),
    ('from ./a/../c import b\n', '', "There is no file or folder './a/../c' to import from."),
    ('import a\n', 'x = (\n', 'Expected'),
])
def test_what_cannot_be_loaded(load: Load, main: str, other: str, message: str | None) -> None:
    files = {'project/main.bend': main, 'project/a.bend': other, 'project/lib/notes.txt': ''}
    if message is None:
        load(files)
        return
    with pytest.raises(BendError) as caught:
        load(files)
    (finding,) = caught.value.diagnostics
    assert finding.message.startswith(message)
    assert finding.labels[0].span.source.name == ('project/a.bend' if other else 'project/main.bend')


def test_errors_of_all_files_come_at_once(load: Load) -> None:
    with pytest.raises(BendError) as caught:
        load({'project/main.bend': 'import a\nimport b\nimport nothing\n', 'project/a.bend': 'x = )\nfrom q import r\n',
              'project/b.bend': 'y = )\n'})
    assert [str(finding.labels[0].span) for finding in caught.value.diagnostics] == [
        'project/main.bend:3:8', 'project/a.bend:1:5', 'project/b.bend:1:5']


def test_what_was_looked_at(tmp_path: Path, load: Load) -> None:
    load({'project/main.bend': 'from lib import *\nfrom a import x\n', 'project/lib/b.bend': '',
          'project/a.bend': 'x = 1\n'})
    disk = Disk('project')
    load_program(Source('project/main.bend', 'from lib import *\nfrom a import x\n'), disk)
    assert set(disk.seen) == {Look('folder', 'lib'), Look('file', 'lib'), Look('file', 'lib/b'), Look('file', 'a'),
                              Look('file', 'a/x')}
    before = tuple(disk.seen.values())
    assert Disk('project').outcomes(disk.seen) == before
    for path, text in (('project/a.bend', 'x = 2\n'), ('project/lib.bend', ''), ('project/lib/c.bend', ''),
                       ('project/a.bend', '\udcff')):
        (tmp_path / path).write_text(text, encoding='utf-8', errors='surrogateescape')
        after = Disk('project').outcomes(disk.seen)
        assert after != before
        before = after
