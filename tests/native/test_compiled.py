"""Which definitions of a book become code."""

from __future__ import annotations

import pytest

from bend.codegen import nets
from bend.codegen.nets import compile_program, compiled_definitions
from bend.driver import Request, compile_source
from bend.hvm import net
from bend.hvm.compare import same_tree
from bend.hvm.reduce import reduce
from bend.options import RUN_SEVERITIES, Options
from bend.passes import PassManager
from bend.runtime import cpu
from bend.runtime.cache import Cache
from bend.source import Source

STEPS = 20
CHAIN = ''.join(f'def f{index}(x):\n  return f{index + 1}(x * 3 + {index}) ^ (x + {index})\n' for index in range(STEPS))
PROGRAM = f'''{CHAIN}
def f{STEPS}(x):
  return loop(7, x)

def loop(n, x):
  switch n:
    case 0:
      return x
    case _:
      return loop(n-1, step(x) + step(x * 5))

def every(n, given):
  return n(given)

def twist(x):
  return x * 7 ^ 3

def step(x):
  return (x ^ (x >> 3)) * (x + 17)

def main():
  return f0(3) + every(twist, 4)
'''


def book() -> net.Book:
    """A chain of definitions that leads to a loop, which calls another one; and a function that is an argument."""
    options = Options()
    request = Request(Source('program.bend', PROGRAM), options, RUN_SEVERITIES, is_run=True)
    found = compile_source(request, PassManager(options), Cache(None)).final_nets
    assert found is not None
    return found


def test_few_definitions_all_become_code() -> None:
    assert compiled_definitions(book()) == book().defs.keys() - {'main'}


@pytest.mark.parametrize('threads', [1, 4])
def test_of_many_those_become_code_that_may_be_called_often(monkeypatch: pytest.MonkeyPatch, threads: int) -> None:
    usual = compile_program(book())
    monkeypatch.setattr(nets, 'MANY_DEFINITIONS', STEPS)
    assert compiled_definitions(book()) == {'loop', 'loop__C0', 'step', 'twist'}
    few = compile_program(book())
    assert len(few.object_code) < len(usual.object_code)
    expected = reduce(book())
    for program in (usual, few):
        found = cpu.run(program, threads)
        assert found.interactions == expected.interactions
        assert same_tree(found.net.root, expected.net.root)
