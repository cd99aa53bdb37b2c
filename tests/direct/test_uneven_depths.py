"""Functions that count down are unrolled so that all leaves are at the bottom of the copies, whatever the depth."""

from __future__ import annotations

import pytest

from bend.codegen.direct.compile import compile_direct, lower_direct
from bend.deep_stack import with_deep_stack
from bend.runtime.direct import host
from tests.waves.device import book_of, shown

SUM = '''def total(depth: u24, x: u24) -> u24:
  switch depth:
    case 0:
      return x
    case _:
      return total(depth-1, x * 2) + total(depth-1, x * 2 + 1)

def main(): return total(DEPTH, 0)
'''

def names(text: str) -> set[str]:
    """The functions of a program for one thread."""
    lowered = with_deep_stack(lambda: lower_direct(book_of(text)))
    return {function.name for function in lowered.module.functions if function.name.startswith('f.')}


def test_single_levels_come_first() -> None:
    """Three copies, what stands at their bottom, and a single level."""
    assert {'f.total', 'f.total.1', 'f.total.2', 'f.total.3', 'f.total.4'} <= names(SUM.replace('DEPTH', '9'))


def test_cells_gain_nothing() -> None:
    """The sum is taken over a pair here: there is no single level after what stands at the bottom."""
    text = SUM.replace('DEPTH', '9').replace('return x\n', 'return pick((x, x))\n')
    text += '\ndef pick(pair): \n  (a, b) = pair\n  return a\n'
    single = 1 + max(int(name.rsplit('.', 1)[1]) for name in names(SUM.replace('DEPTH', '9')) if name[-1].isdigit())
    assert f'f.total.{single}' not in names(text)


@pytest.mark.parametrize('parallel', [False, True])
@pytest.mark.parametrize('depth', range(8))
def test_results_at_all_depths(depth: int, parallel: bool) -> None:
    book = book_of(SUM.replace('DEPTH', str(depth)))
    program = with_deep_stack(lambda: compile_direct(book, parallel=parallel))
    with host.open_run(program, 2 if parallel else 1, 1 << 28) as run:
        assert shown(run, run.evaluate(0)) == str(2 ** depth * (2 ** depth - 1) // 2)
