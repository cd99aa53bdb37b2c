"""Programs of several files: what is compiled again when one of them changes, and files that cannot be read."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from bend import driver
from tests.cli.conftest import Command

Files = Callable[..., None]
MAIN = 'from lib/numbers import one\n\nmain = (+ one 1)\n'


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    """Writes files into the current directory, which is a fresh one, by path."""
    monkeypatch.chdir(tmp_path)

    def write(texts: dict[str, str]) -> None:
        for name, text in texts.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding='utf-8')
    return write


@pytest.fixture
def compiling(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Collects the names of the main files that are compiled, and not taken from the cache."""
    compiled: list[str] = []
    compile_source = driver.compile_source

    def recorded(request: driver.Request, *arguments: object, **options: object) -> driver.Compiled:
        compiled.append(request.source.name)
        return compile_source(request, *arguments, **options)  # type: ignore[arg-type]
    monkeypatch.setattr('bend.compiling.compile_source', recorded)
    return compiled


def test_a_changed_import_is_compiled_again(bend: Command, files: Files, compiling: list[str]) -> None:
    files({'main.bend': MAIN, 'lib/numbers.bend': 'one = 1\n'})
    assert bend('run', 'main.bend').out == 'Result: 2\n'
    assert bend('run', 'main.bend').out == 'Result: 2\n'
    assert len(compiling) == 1
    files({'lib/numbers.bend': 'one = 100\n'})
    assert bend('run', 'main.bend').out == 'Result: 101\n'
    assert len(compiling) == 2
    files({'lib/numbers.bend': 'one = 1\n'})
    assert bend('run', 'main.bend').out == 'Result: 2\n'
    assert len(compiling) == 2


def test_a_changed_import_of_an_import(bend: Command, files: Files) -> None:
    files({'main.bend': MAIN, 'lib/numbers.bend': 'from ./base import zero\none = (+ zero 1)\n',
           'lib/base.bend': 'zero = 0\n'})
    assert bend('run', 'main.bend').out == 'Result: 2\n'
    files({'lib/base.bend': 'zero = 5\n'})
    assert bend('run', 'main.bend').out == 'Result: 7\n'
    os.remove('lib/base.bend')
    outcome = bend('run', 'main.bend')
    assert (outcome.code, outcome.out) == (1, '')
    assert 'lib/numbers.bend:1:6' in outcome.err


def test_files_that_appear(bend: Command, files: Files) -> None:
    files({'main.bend': 'from lib import *\nmain = (a, b/one)\n', 'lib/a.bend': 'a = 1\n', 'lib/b.bend': 'one = 2\n'})
    assert bend('run', 'main.bend').out == 'Result: (1, 2)\n'
    files({'lib/c.bend': 'a = 3\n', 'lib/notes.txt': 'not a program'})
    assert bend('run', 'main.bend').out == 'Result: (1, 2)\n'
    files({'lib/c.bend': 'syntax error\n'})
    assert bend('run', 'main.bend').code == 1
    os.remove('lib/c.bend')
    files({'lib.bend': 'b = 4\n'})
    assert "have 'b'" in bend('run', 'main.bend').err


def test_equal_main_files_with_other_imports(bend: Command, files: Files, monkeypatch: pytest.MonkeyPatch,
                                             compiling: list[str]) -> None:
    files({'one/main.bend': MAIN, 'one/lib/numbers.bend': 'one = 1\n',
           'two/main.bend': MAIN, 'two/lib/numbers.bend': 'one = 2\n'})
    for _ in range(2):
        for folder, result in (('one', 2), ('two', 3)):
            with monkeypatch.context() as inside:
                inside.chdir(folder)
                assert bend('run', 'main.bend').out == f'Result: {result}\n'
    assert len(compiling) == 2


def test_the_folder_of_the_main_file_counts(bend: Command, files: Files) -> None:
    files({'deep/down/main.bend': MAIN, 'deep/down/lib/numbers.bend': 'one = 7\n', 'lib/numbers.bend': 'one = 0\n'})
    assert bend('run', 'deep/down/main.bend').out == 'Result: 8\n'
    assert bend('run', os.path.abspath('deep/down/main.bend')).out == 'Result: 8\n'
    files({'deep/down/lib/numbers.bend': 'one = x\n'})
    assert 'deep/down/lib/numbers.bend:1:7' in bend('run', 'deep/down/main.bend').err


def test_links_to_one_file_are_one_file(bend: Command, files: Files) -> None:
    files({'main.bend': 'from a import Type as A\nfrom b import get\nmain = (get (A/New 3))\n',
           'a.bend': 'type Type = (New x)\nget : Type -> u24\nget (Type/New x) = x\n'})
    os.symlink('a.bend', 'b.bend')
    assert bend('run', 'main.bend').out == 'Result: 3\n'
    os.symlink('main.bend', 'c.bend')
    files({'main.bend': 'import c\nmain = 1\n'})
    assert 'main file' in bend('run', 'main.bend').err


def test_a_folder_with_the_name_of_a_file(bend: Command, files: Files) -> None:
    files({'main.bend': MAIN})
    os.makedirs('lib/numbers.bend')
    outcome = bend('run', 'main.bend')
    assert outcome.code == 1
    assert "There is no file or folder 'lib/numbers' to import from." in outcome.err


@pytest.mark.skipif(os.geteuid() == 0, reason='the superuser can read everything')
def test_an_unreadable_file(bend: Command, files: Files) -> None:
    files({'main.bend': MAIN, 'lib/numbers.bend': 'one = 1\n'})
    os.chmod('lib/numbers.bend', 0)
    assert "'lib/numbers.bend' cannot be read: Permission denied" in bend('run', 'main.bend').err


def test_a_long_chain_of_imports(bend: Command, files: Files) -> None:
    count = 300
    files({f'm{index}.bend': f'from ./m{index + 1} import f as g\ndef f(x):\n  return g(x) + 1\n'
           for index in range(count)})
    files({f'm{count}.bend': 'def f(x):\n  return x\n', 'main.bend': 'from m0 import f\nmain = (f 0)\n'})
    assert bend('run', 'main.bend').out == f'Result: {count}\n'


def test_a_crowd_of_imports_of_one_file(bend: Command, files: Files) -> None:
    files({'base.bend': 'type Box = (Of x)\ndef unbox(b):\n  match b:\n    case Box/Of:\n      return b.x\n',
           **{f'm{index}.bend': f'from base import Box\nboxed = (Box/Of {index})\n' for index in range(20)},
           'main.bend': 'from base import unbox\n' + ''.join(f'import m{index}\n' for index in range(20))
                        + 'main = [' + ', '.join(f'(unbox m{index}/boxed)' for index in range(20)) + ']\n'})
    assert bend('run', 'main.bend').out == f'Result: {list(range(20))}\n'
