"""Names across files: what imports bind, what hides what, and the names by which the book knows definitions."""

from __future__ import annotations

from pathlib import Path

import pytest
from front import PASSES, prelude

from bend.desugar.check_scopes import check_scopes
from bend.desugar.context import Context
from bend.desugar.convert import convert_modules
from bend.desugar.core import Book
from bend.desugar.printer import print_term
from bend.diagnostics import BendError, Diagnostic
from bend.files import Disk
from bend.source import Source
from bend.syntax.imports import load_program

OPT = 'type Opt = (Some value) | None\n'


class Project:
    """A folder of files; `main` is the text of the main file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.context = Context()

    def write(self, **texts: str) -> None:
        """Writes files; `lib__a` stands for `lib/a`."""
        for name, text in texts.items():
            path = self.folder / f'{name.replace("__", "/")}.bend'
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding='utf-8')

    def book(self, main: str) -> Book:
        """The book of the program after the first half of desugaring."""
        self.context = Context()
        program = load_program(Source(str(self.folder / 'main.bend'), main), Disk(str(self.folder)))
        book = convert_modules(prelude(), program, self.context)
        for function in (*PASSES, check_scopes):
            book = function(book, self.context)
        return book

    def body(self, main: str, name: str = 'main') -> str:
        """The body of a function, as text."""
        return print_term(self.book(main).defs[name].body)

    def findings(self, main: str) -> list[Diagnostic]:
        """What is reported."""
        try:
            self.book(main)
        except BendError as problem:
            return list(problem.diagnostics)
        return self.context.report.diagnostics

    def messages(self, main: str) -> list[str]:
        """The messages of what is reported."""
        return [finding.message for finding in self.findings(main)]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """An empty project."""
    return Project(tmp_path)


def test_full_names(project: Project) -> None:
    project.write(lib__a='f = g\ng = (+ h 1)\nh = 2\n')
    book = project.book('from lib/a import f\nmain = f\n')
    assert [name for name in book.defs if 'lib' in name] == ['lib/a/f', '__lib/a/g', '__lib/a/h']
    assert print_term(book.defs['lib/a/f'].body) == '__lib/a/g'
    assert print_term(book.defs['main'].body) == 'lib/a/f'


def test_equal_names_in_several_files(project: Project) -> None:
    project.write(a='f = h\nh = 1\n', b='f = h\nh = 2\n')
    main = 'from a import f\nimport b\nmain = (f, b/f, h)\nh = 3\n'
    assert project.body(main) == '(a/f, b/f, h)'
    assert project.body(main, 'a/f') == '__a/h'
    assert project.body(main, 'b/f') == 'b/h'


@pytest.mark.parametrize(('statement', 'names'), [
    ('from lib/a import *', 'one two'),
    ('from lib/a import (one, two as deux)', 'one deux'),
    ('from lib/a import one as un, two', 'un two'),
    ('from lib import a', 'a/one a/two'),
    ('from lib import (a as z)', 'z/one z/two'),
    ('import lib/a', 'a/one a/two'),
    ('import (lib/a as q, lib/b)', 'q/one q/two b b/extra'),
    ('from lib import *', 'a/one a/two b b/extra'),
    ('from ./lib/a import one', 'one'),
    ('from lib/../lib/./a import one', 'one'),
    ('from lib/a.bend import one', 'one'),
    ('from ./ import top', 'top top/other'),
    ('from . import top', 'top top/other'),
    ('import top', 'top top/other'),
    ('import ./top', 'top top/other'),
    ('from lib/b import b', 'b'),
])
def test_forms(project: Project, statement: str, names: str) -> None:
    project.write(lib__a='one = 1\ntwo = 2\n', lib__b='b = 3\nextra = 4\n', top='top = 5\nother = 6\n')
    assert not project.findings(f'{statement}\nmain = [{names}]\n')
    assert set(project.context.names.values) == set(names.split())


def test_types_bring_their_constructors(project: Project) -> None:
    project.write(a=OPT + 'object Point {x, y}\n')
    book = project.book('from a import (Opt as O, Point as P)\nmain = ((O/Some 1), O/None, (P 1 2))\n'
                        'f (O/Some x) = x\nf O/None = 0\n'
                        'def g(p):\n  open P: p\n  return p.x\n')
    assert print_term(book.defs['main'].body) == '((a/Opt/Some 1), a/Opt/None, (a/Point 1 2))'
    assert print_term(book.defs['f'].body) == 'λa match a { a/Opt/Some b: b; a/Opt/None: 0; }'
    assert print_term(book.defs['g'].body) == 'λa match a { a/Point b c: b; }'


def test_constructors_without_their_type(project: Project) -> None:
    project.write(a=OPT + 'none = Opt/None\n')
    book = project.book('from a import (Opt/Some, none)\nmain = (Opt/Some none)\n')
    assert set(book.constructors) >= {'a/Opt/Some', '__a/Opt/None'}
    assert print_term(book.defs['main'].body) == '(a/Opt/Some a/none)'
    assert project.messages('from a import Opt/Some\nmain = Opt/None\n') == [
        "The name 'Opt/None' is not defined here."]


def test_types_in_annotations(project: Project) -> None:
    project.write(a=OPT + 'f : Opt -> T -> (List T)\nf x y = [y]\n')
    book = project.book('type T = (A)\nfrom a import Opt as O\nmain : O -> T\nmain x = T/A\n')
    assert str(book.defs['main'].type).count("'a/Opt'") == 1
    type_ = str(book.defs['__a/f'].type)
    assert "'a/Opt'" in type_ and "name='T'" not in type_


LOCAL = [
    ('def f(one):\n  return one\n', 'λa a'),
    ('def f(x):\n  one = x\n  return one\n', 'λa let b = a; b'),
    ('def f(x):\n  return lambda one: one + x\n', 'λa λb (+ b a)'),
    ('def f(x):\n  def one(y):\n    return y\n  return one(x)\n', 'λa (f__local_0_one a)'),
    ('def f(x):\n  use one = x\n  return one\n', 'λa a'),
    ('f one = one\n', 'λa a'),
    ('f x = let (one, y) = x; (+ one y)\n', 'λa let (b, c) = a; (+ b c)'),
    ('def f(x):\n  return [one for one in x]\n',
     'λa fold a { List/Nil: []; List/Cons b c: let d = b; (List/Cons d c); }'),
    ('def f(x):\n  match one = x:\n    case List/Nil:\n      return one\n    case List/Cons:\n      return one.head\n',
     'λa match a { List/Nil: []; List/Cons b c: b; }'),
    ('def f(n):\n  switch n:\n    case 0:\n      return 0\n    case _:\n      return n-1\n',
     'λa switch a { 0: 0; _ b: b; }'),
    ('def f(l):\n  match l:\n    case List/Nil:\n      return 0\n    case List/Cons:\n      return l.head\n',
     'λa match a { List/Nil: 0; List/Cons b c: b; }'),
]


@pytest.mark.parametrize(('text', 'expected'), LOCAL)
def test_local_names_hide_imports(project: Project, text: str, expected: str) -> None:
    project.write(a='one = 1\nn-1 = 2\nl.head = 3\n')
    assert project.body(f'from a import *\n{text}main = f\n', 'f') == expected


def test_values_of_imports_in_statements(project: Project) -> None:
    project.write(a='map = Map/empty\ntotal = 1\nlist = [1]\nobject P {x}\npoint = (P 1)\n')
    text = ('from a import *\ndef f():\n  map[1] = 2\n  total += map[1]\n  return total\n'
            'def g():\n  match list:\n    case List/Nil:\n      return 0\n    case List/Cons:\n      return list.head\n'
            'def h():\n  open P: point\n  return point.x\n'
            'def k():\n  x = map[1] + map[2]\n  return x\nmain = 1\n')
    assert project.body(text, 'f') == ('let a = (Map/set a/map 1 2); let (b, c) = (Map/get a 1); '
                                       'let d = (+ a/total b); d')
    assert project.body(text, 'g') == 'match a/list { List/Nil: 0; List/Cons a b: a; }'
    assert project.body(text, 'h') == 'match a/point { a/P a: a; }'
    assert 'Map/get a/map 1' in project.body(text, 'k')


def test_own_definitions_hide_imports(project: Project) -> None:
    project.write(a=OPT + 'one = 1\n')
    main = 'from a import (one, Opt)\none = 2\ntype Opt = (Mine) | (None x)\nmain = (one, Opt/Mine, Opt/None)\n'
    assert project.body(main) == '(one, Opt/Mine, Opt/None)'
    assert project.messages(main.replace('Opt/None)', 'Opt/Some)')) == ["The name 'Opt/Some' is not defined here."]


def test_constructors_imported_by_name_outlive_a_hidden_type(project: Project) -> None:
    project.write(a=OPT)
    assert project.body('from a import *\ntype Opt = Mine\nmain = (Opt/Mine, Opt/None)\n') == '(Opt/Mine, a/Opt/None)'


def test_imports_hide_the_prelude(project: Project) -> None:
    project.write(a='type List = (Nil) | (Cons x)\nundefer = 1\nmine = (List/Cons [1])\n')
    main = 'from a import (List, undefer)\nmain = (List/Nil, undefer, List/length, [2])\n'
    assert project.body(main) == '(a/List/Nil, a/undefer, List/length, [2])'
    assert project.body(main, '__a/mine') == '(a/List/Cons [1])'


def test_what_the_main_file_takes_from_the_prelude(project: Project) -> None:
    project.write(a='f = (Tree/Leaf 1)\ng (List/Cons h *) = h\ng * = 0\n')
    main = 'import a\ntype Tree = Leaf\ntype List = Cons\nmain = (a/f, Tree/Leaf)\n'
    assert project.body(main, 'a/f') == '(Tree__builtin/Leaf 1)'
    assert project.body(main, 'a/g') == 'λa match a { List__builtin/Nil: 0; List__builtin/Cons b c: b; }'


def test_full_names_of_the_prelude(project: Project) -> None:
    project.write(Tree='Node = 1\nf = ![1, 2]\n')
    main = 'from Tree import Node\nmain = (Node, Tree/Leaf, ![1, 2])\n'
    assert project.body(main) == '(Tree/Node, Tree__builtin/Leaf, (Tree__builtin/Node 1 2))'


def test_constructors_of_the_main_file_are_none_elsewhere(project: Project) -> None:
    project.write(a='f x = x\ndef g(x):\n  return x\n')
    main = 'import a\nobject x {field}\nobject xs {field}\nmain = (a/f, a/g, (x 1), List/length)\n'
    assert project.body(main, 'a/f') == 'λa a'
    assert project.body(main, 'a/g') == 'λa a'
    assert not project.findings(main)


def test_full_names_can_be_written(project: Project) -> None:
    project.write(lib__a='one = 1\ntwo = 2\n')
    assert project.body('from lib/a import one as x\nmain = (x, lib/a/one)\n') == '(lib/a/one, lib/a/one)'
    assert project.messages('from lib/a import one\nmain = lib/a/two\n') == [
        "The name 'lib/a/two' is not defined here."]


def test_a_local_variable_cannot_capture_a_full_name(project: Project) -> None:
    project.write(lib__a='one = 1\n')
    main = 'from lib/a import one\ndef f(lib/a/one):\n  return one\nmain = f\n'
    assert project.body(main, 'f') == 'λa lib/a/one'


def test_keyword_arguments(project: Project) -> None:
    project.write(a='def f(x, y):\n  return x - y\nobject P {u, v}\n')
    main = 'from a import (f as g, P as Q)\ndef main():\n  return (g(y=1, x=2), Q {v: 3, u: 4}, Q(v=5, u=6))\n'
    assert project.body(main) == '((a/f 2 1), (a/P 4 3), (a/P 6 5))'


def test_nets_see_the_names_of_their_file(project: Project) -> None:
    project.write(a='from ./b import two as zwei\nhvm f:\n  x & @one ~ (@zwei x)\none x = x\n', b='two = 2\n')
    book = project.book('from a import f\nmain = f\n')
    assert 'a/f' in book.nets
    assert '__a/one' in str(book.nets['a/f']) and '__b/two' in str(book.nets['a/f'])


def test_shadowing_warnings(project: Project) -> None:
    project.write(a=OPT + 'one = 1\n', b=OPT + 'one = 1\n')
    assert project.messages('from a import one\nfrom a import one\nfrom a import *\nmain = one\n') == []
    findings = project.findings('from a import one\nfrom b import one\nmain = one\n')
    assert [(f.code, f.message) for f in findings] == [
        ('import-shadow', "The import of 'b/one' as 'one' hides that of 'a/one'.")]
    assert len(project.findings('from a import Opt\nfrom b import Opt\nmain = Opt/None\n')) == 1
    assert project.body('from a import Opt\nfrom b import Opt\nmain = Opt/None\n') == 'b/Opt/None'
    assert len(project.findings('from a import Opt/None\nfrom b import Opt\nmain = Opt/None\n')) == 1


def test_warnings_in_imported_files(project: Project) -> None:
    project.write(a='from b import x\nfrom c import x\ny = x\n', b='x = 1\n', c='x = 2\n')
    (finding,) = project.findings('from a import y\nmain = y\n')
    assert str(finding.labels[0].span).endswith('a.bend:2:15')


def test_conflicts(project: Project) -> None:
    project.write(lib='type a = b\n', lib__a='b = 1\n')
    (finding,) = project.findings('from lib import (a, a/b)\nfrom lib/a import b\nmain = 1\n')
    assert finding.code == 'import'


def test_redefinitions_point_into_their_file(project: Project) -> None:
    project.write(a='one = 1\ndef one():\n  return 2\n')
    (finding,) = project.findings('import a\nmain = 1\n')
    assert finding.code == 'redefinition'
    assert str(finding.labels[0].span).endswith('a.bend:2:1')
