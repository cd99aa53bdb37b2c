"""Data of many cells in the source: made by the kernel from tables, with the same results as if code made it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bend.codegen import lir
from bend.codegen.direct.compile import lower_direct
from bend.deep_stack import with_deep_stack
from bend.driver import Request, compile_source
from bend.options import Options
from bend.passes import PassManager
from bend.runtime.cache import Cache
from bend.runtime.direct.host import open_run
from bend.source import Source
from tests.direct.audit import faults
from tests.direct.literal_programs import program, result
from tests.direct.test_memory import compiled
from tests.waves.device import book_of, devices, on_device, program_of, shown

SHORT, LONG = 6, 40
LIST = '''
def total(xs: List(u24)) -> u24:
  match xs:
    case List/Nil:
      return 0
    case List/Cons:
      return xs.head + total(xs.tail)

def of(x):
  return total([{}])

def main():
  return (of(0), of(1))
'''


def tables(text: str) -> list[lir.Global]:
    """The tables of literals in the code of a program."""
    module = with_deep_stack(lambda: lower_direct(book_of(text)).module)
    return [item for item in module.globals if item.name.startswith('literal.')]


@pytest.mark.parametrize(('size', 'threads'), [(SHORT, 1), (LONG, 1), (LONG, 2)])
def test_results_and_memory(size: int, threads: int, tmp_path: Path) -> None:
    """Where it is used once, used twice, shared and changed in one of the copies, changed in place, and forked."""
    made = compiled(program(size), threads > 1, tmp_path)
    with open_run(made, threads, 1 << 28) as run:
        assert shown(run, run.evaluate(0)) == result(size)
    with open_run(made, threads, 1 << 28) as run:
        assert faults(run, [run.evaluate(0)]) == []


def test_results_on_devices() -> None:
    states = program_of(program(40))
    for kind, device in devices(states).items():
        assert on_device(states, device) == result(40), kind


def test_what_becomes_a_table() -> None:
    assert tables(program(SHORT)) == []
    assert len(tables(program(LONG))) > 10


@pytest.mark.parametrize(('every', 'several'), [(50, False), (3, True), (1, True)])
def test_cells_with_arguments_are_no_code(every: int, several: bool) -> None:
    """A number in a list of numbers takes two words of a table, whether it is a constant or not; where there are many
    arguments, of one of several tables."""
    elements = ', '.join(str(n) if (n + 1) % every else f'x + {n}' for n in range(600))
    found = tables(LIST.format(elements))
    assert (len(found) > 1) is several
    assert sum(table.count for table in found) == 2 * 600


def test_functions_and_constants_in_literals(tmp_path: Path) -> None:
    """References stay folded, and what only they lead to is there."""
    names = ', '.join(f'f{n}' for n in range(40))
    functions = ''.join(f'def f{n}(x):\n  return x * 3 + {n}\n' for n in range(40))
    text = f'''{functions}
def five():
  return 5
def apply(xs, x):
  match xs:
    case List/Nil:
      return x
    case List/Cons:
      return apply(xs.tail, xs.head(x))
def values(xs):
  match xs:
    case List/Nil:
      return 0
    case List/Cons:
      return xs.head + values(xs.tail)
def main():
  return (apply([{names}], 1), values([{', '.join(['five', '1'] * 20)}]))
'''
    expected = 1
    for n in range(40):
        expected = (expected * 3 + n) % (1 << 24)
    assert len(tables(text)) == 2
    with open_run(compiled(text, False, tmp_path), 1, 1 << 28) as run:
        assert shown(run, run.evaluate(0)) == f'({expected}, 120)'


def test_cells_are_counted_as_those_that_code_makes(tmp_path: Path) -> None:
    """Those that hold arguments for a while do not count."""
    elements = ', '.join(str(n) for n in range(39)) + ', x'
    text = LIST.format(elements).replace('return total(', 'return (').replace('(of(0), of(1))', '[of(0), of(1), of(2)]')
    assert len(tables(text)) == 1
    request = Request(Source('program.bend', text), Options(), is_run=True, counting=True)
    counted = compile_source(request, PassManager(Options()), Cache(tmp_path), 'direct').direct
    assert counted is not None
    with open_run(counted, 1, 1 << 28) as run:
        run.evaluate(0)
        assert [worker.allocations for worker in run.workers()] == [3 * 40 + 3]
