"""Large programs that are compiled in parts are the same programs."""

from __future__ import annotations

import pytest

import bend
from bend import BendError
from bend.codegen import lir
from bend.codegen.direct import compile as compile_module
from bend.codegen.direct import parts
from bend.codegen.direct.parts import parts_of
from bend.passes import InternalError

PROGRAM = """\
type Tree:
  Node { ~left, ~right }
  Leaf { value }

def grow(depth, x):
  switch depth:
    case 0:
      return Tree/Leaf(x)
    case _:
      return Tree/Node(grow(depth-1, x * 2), grow(depth-1, x * 2 + 1))

def total(tree):
  fold tree:
    case Tree/Node:
      return tree.left + tree.right
    case Tree/Leaf:
      return DIVIDE

def mirror(tree):
  fold tree:
    case Tree/Node:
      return Tree/Node(tree.right, tree.left)
    case Tree/Leaf:
      return tree

def first(tree):
  match tree:
    case Tree/Node:
      return first(tree.left)
    case Tree/Leaf:
      return tree.value

def applied(f, tree):
  return f(f(tree))

def main():
  tree = grow(9, 1)
  twice = applied(lambda t: mirror(t), tree)
  return (total(tree), first(twice), first(mirror(tree)))
"""


@pytest.fixture
def in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has all programs compiled in parts, on three threads."""
    monkeypatch.setattr(parts, 'LEAST_LINES', 100)
    monkeypatch.setattr(compile_module, 'available_threads', lambda: 3)


@pytest.mark.usefixtures('in_parts')
@pytest.mark.parametrize('threads', [1, 2])
def test_results(threads: int) -> None:
    program = bend.compile(PROGRAM.replace('DIVIDE', 'tree.value'), engine='direct')
    assert program(threads=threads) == (392960, 512, 1023)
    assert len(program._variant(threads > 1, 'direct', False).artifact.other_code) == 3


@pytest.mark.usefixtures('in_parts')
def test_traces_lead_from_part_to_part() -> None:
    with pytest.raises(BendError) as failed:
        bend.compile(PROGRAM.replace('DIVIDE', 'tree.value / (tree.value - 600)'), engine='direct')()
    trace = failed.value.diagnostics[0].trace
    assert trace is not None
    found = [(part.calls[0].function, part.times) for part in trace.callers]
    assert found == [('total', 9), ('total', 1), ('main', 1)]


@pytest.mark.usefixtures('in_parts')
def test_faults_of_threads_are_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr('bend.runtime.jit._compile_aside', lambda text, level: 1 // 0)
    with pytest.raises(InternalError, match='ZeroDivisionError'):
        bend.compile(PROGRAM.replace('DIVIDE', 'tree.value + 7'), engine='direct')()


# ---- which functions go together -------------------------------------------------------------


def function(name: str, size: int, *called: str, **attributes: bool) -> lir.Function:
    """A function with so many calls of another module, and some of this one."""
    calls = [lir.ExprStmt(lir.Call(callee, (), lir.VOID)) for callee in ('work',) * size + called]
    return lir.Function(name, (), lir.VOID, tuple(calls), **attributes)  # type: ignore[arg-type]


def split(*functions: lir.Function, most: int = 2) -> list[set[str]]:
    """The functions that each part defines."""
    work = lir.Function('work', (), lir.VOID, extern=True)
    found = parts_of(lir.Module((work, *functions)), most, {'dispatch'})
    return [{item.name for item in functions if f'void @{item.name}() nounwind' in part.text
             and f'declare void @{item.name}()' not in part.text} for part in found]


def test_small_programs_have_one_part() -> None:
    assert split(function('a', 1000, 'b'), function('b', 1000)) == [{'a', 'b'}]


def test_large_functions_are_spread() -> None:
    functions = [function('a', 5000, 'b', 'c'), function('b', 3000), function('c', 2000), function('d', 9, 'b', 'c')]
    assert split(*functions) == [{'a', 'd'}, {'b', 'c'}]


def test_what_may_be_inlined_stays_with_its_callers() -> None:
    small = [function('a', 4000, 'b'), function('b', 10), function('c', 4000, 'b'), function('d', 4000, 'b')]
    assert split(*small) == [{'a', 'b', 'c', 'd'}, set()] or split(*small) == [{'a', 'b', 'c', 'd'}]
    only = [function('a', 4000, 'b'), function('b', 3000), function('c', 4000)]
    assert split(*only) == [{'a', 'b'}, {'c'}]
    dispatching = [function('dispatch', 4000, 'b'), function('b', 3000), function('c', 4000)]
    assert split(*dispatching) != [{'dispatch', 'b'}, {'c'}]


def test_what_runs_seldom_is_the_last_part() -> None:
    functions = [function('main', 10, 'a', 'b', seldom=True), function('a', 5000), function('b', 5000)]
    assert split(*functions) == [{'b'}, {'a'}, {'main'}]
    assert parts_of(lir.Module((lir.Function('work', (), lir.VOID, extern=True), *functions)), 2, ())[-1].seldom
