"""The calls that led to an error while a program ran: exact ones, folded ones, and where there are none."""

from __future__ import annotations

import dataclasses
import re
from io import BytesIO
from random import Random

import pytest
from elftools.elf.elffile import ELFFile
from hypothesis import given, settings
from hypothesis import strategies as st

import bend
from bend import running_direct
from bend.codegen import lir
from bend.codegen.direct import ir
from bend.codegen.direct.places import Places
from bend.codegen.emit_llvm import emit_module
from bend.diagnostics import Caller, Callers, Diagnostic
from bend.runtime.direct.code_map import Call, CodeMap, Frame
from bend.runtime.direct.folding import MOST, folded, shortened
from bend.runtime.direct.stack import LONGEST_CYCLE, LOOK_EVERY, Stack, walk
from bend.runtime.jit import compile_object, load_object

IMPERATIVE = """\
def ratio(a, b):
  return a / b

def scaled(a, b):
  x = ratio(a, b - b)
  return x * 2

def main():
  return scaled(6, 3) + 1
"""

FUNCTIONAL = """\
ratio a b = (/ a b)

scaled a b = (* 2 (ratio a (- b b)))

main = (+ 1 (scaled 6 3))
"""

TREE = """\
def tree(n):
  if n == 0:
    return 100 / n
  else:
    return tree(n - 1) + tree(n - 1)

def main():
  return tree(9) + 1
"""

DEEP = """\
def count(n):
  switch n:
    case 0:
      return 0
    case _:
      return 1 + count(n-1)

def main():
  return 1 + count(10000000)
"""

MUTUAL = """\
type Steps:
  Stop
  Go { ~rest }

def there(steps):
  match steps:
    case Steps/Stop:
      return (1 / 0, 1)
    case Steps/Go:
      (a, b) = back(steps.rest)
      return (b, a + 1)

def back(steps):
  match steps:
    case Steps/Stop:
      return (2 / 0, 2)
    case Steps/Go:
      (a, b) = there(steps.rest)
      return (a * 2, b)

def steps(n):
  switch n:
    case 0:
      return Steps/Stop
    case _:
      return Steps/Go { rest: steps(n-1) }

def main():
  (a, b) = there(steps(60001))
  return a + b
"""

CLOSURES = """\
def twice(f, x):
  y = f(x)
  return f(y) + 1

def main():
  return List/length([twice(lambda x: 5 / x, 0)])
"""

SHAPES = """\
def first(p):
  (a, b) = p
  return a + b

def pick(n):
  switch n:
    case 0:
      return (1, 2)
    case _:
      return lambda x: x + 2

def go(f, x):
  y = f(x)
  return y + 1

def main():
  return MAIN
"""

MEMORY = """\
def build(n):
  switch n:
    case 0:
      return List/Nil
    case _:
      return List/Cons { head: (n, n), tail: build(n-1) }

def main():
  return List/length(build(16000000)) + 1
"""

STOLEN = """\
def work(n):
  if n == 0:
    return 1
  else:
    return work(n - 1) + work(n - 1)

def fail(n):
  if n == 0:
    return 1 / n
  else:
    return fail(n - 1) + fail(n - 1)

def main():
  return work(32) + fail(3)
"""


ALONE = """\
def work(n):
  if n == 0:
    return 1
  else:
    return work(n - 1) + work(n - 1)

def last(n):
  if n == 0:
    return 1 / n
  else:
    return (last(n - 1) * 2) + 1

def main():
  return work(32) + last(3)
"""


def failure(text: str, threads: int = 1, memory: int = 0) -> Diagnostic:
    """What the direct engine says about a program that does not end well."""
    with pytest.raises(bend.BendError) as caught:
        bend.compile(text, engine='direct').run(threads=threads, memory=memory)
    [diagnostic] = caught.value.diagnostics
    return diagnostic


def calls(diagnostic: Diagnostic) -> list[tuple[str, int]]:
    """The calls that led to an error: functions, and lines (0: unknown). What repeats is there as often."""
    assert all(callers.calls for callers in diagnostic.trace.callers), 'calls are left out'
    return [(call.function, 0 if call.span is None else call.span.position[0])
            for callers in diagnostic.trace.callers for _ in range(callers.times) for call in callers.calls]


def place(diagnostic: Diagnostic) -> tuple[str, int]:
    """The function and the line of an error."""
    return diagnostic.definition, diagnostic.labels[0].span.position[0]


# ---- programs --------------------------------------------------------------------------------


@pytest.mark.parametrize('threads', [1, 2])
@pytest.mark.parametrize(('text', 'lines'), [(IMPERATIVE, (2, 5, 9)), (FUNCTIONAL, (1, 3, 5))])
def test_functions_that_were_inlined_are_there(text: str, lines: tuple[int, ...], threads: int) -> None:
    found = failure(text, threads)
    assert (found.code, place(found)) == ('division-by-zero', ('ratio', lines[0]))
    assert calls(found) == [('scaled', lines[1]), ('main', lines[2])]
    assert found.trace.end == ''


@pytest.mark.optimised
@pytest.mark.parametrize('threads', [1, 2])
def test_unrolled_functions(threads: int) -> None:
    found = failure(TREE, threads)
    assert place(found) == ('tree', 3)
    made = calls(found)
    # A call on the right may have been done by another thread.
    assert set(made) <= {('tree', 5), ('main', 8)}
    if found.trace.end == '':
        assert made == [('tree', 5)] * 9 + [('main', 8)]
        assert [callers.times for callers in found.trace.callers] == [9, 1]


def test_a_stack_that_overflows() -> None:
    found = failure(DEEP, memory=60 << 20)
    assert (found.code, place(found)) == ('stack-overflow', ('count', 1))
    repeated, main = found.trace.callers
    assert [(call.function, call.span.position[0]) for call in repeated.calls if call.span] == [('count', 6)]
    assert repeated.times > 100_000
    assert ([call.function for call in main.calls], main.times) == (['main'], 1)


@pytest.mark.parametrize('code', ['quick', pytest.param('optimised', marks=pytest.mark.optimised)])
def test_functions_that_call_each_other(code: str) -> None:
    found = failure(MUTUAL)
    assert place(found) == ('back', 16)
    assert calls(found) == [('there', 10), ('back', 18)] * 30_000 + [('there', 10), ('main', 29)]
    assert len(found.trace.callers) <= 5


def test_values_that_are_applied() -> None:
    found = failure(CLOSURES)
    assert (found.code, place(found)) == ('division-by-zero', ('main', 6))
    assert calls(found)[0] == ('twice', 2)
    assert calls(found)[1] == ('main', 6)


@pytest.mark.parametrize(('main', 'where', 'led'), [
    ('first(pick(1)) + 1', ('first', 2), ('main', 17)),
    ('(go(pick(0), 1), go(pick(1), 1))', ('go', 13), ('main', 17)),
])
@pytest.mark.parametrize('threads', [1, 2])
def test_wrong_shapes(main: str, where: tuple[str, int], led: tuple[str, int], threads: int) -> None:
    found = failure(SHAPES.replace('MAIN', main), threads)
    assert (found.code, place(found)) == ('wrong-shape', where)
    assert calls(found) == [led]


def test_memory_that_runs_out() -> None:
    found = failure(MEMORY, memory=40 << 20)
    assert (found.code, found.definition, found.labels) == ('out-of-memory', 'build', ())
    assert calls(found)[-1] == ('main', 9)


def test_what_another_thread_does_begins_at_a_fork() -> None:
    found = failure(STOLEN, threads=2)
    assert (place(found), found.trace.end) == (('fail', 9), 'fork')
    # Of a task that only one call can have forked, that call is known.
    assert set(calls(found)) <= {('fail', 11)}
    alone = failure(ALONE, threads=2)
    assert (calls(alone), alone.trace.end) == ([('last', 11)] * 3 + [('main', 14)], 'fork')


# ---- parts -----------------------------------------------------------------------------------


def test_what_is_not_understood_ends_the_trace() -> None:
    random = Random(1)
    words = memoryview(random.randbytes(8 * 4096)).cast('Q')
    program = bend.compile(IMPERATIVE, engine='direct')._variant(False, 'direct', False).artifact
    library = load_object(*program.all_code())
    code = CodeMap(program.all_code(), library.address)
    assert walk(Stack(1 << 40, words), code).stretches == ()
    assert walk(Stack(1 << 40, words[:0]), code).stretches == ()
    assert code.function(1) == '' and code.frame(1) is None and code.calls(1) == (Call('', 0),)
    where = running_direct._where(dataclasses.replace(program, object_code=b'?'), library.address,
                                  Stack(1 << 40, words), 0)
    assert where is None


class Code:
    """Code whose functions are at 100, 200, …, with frames of two words more each."""

    def function(self, address: int) -> str:
        return f'f{address // 100}' if 100 <= address < 1000 else ''

    def frame(self, address: int) -> Frame | None:
        size = 16 * (address // 100)
        return Frame(size, size - 8)

    def whole_frame(self, function: str) -> Frame:
        return Frame(8, 0)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.lists(st.integers(1, 9), min_size=1, max_size=14), st.integers(1, 1000)), max_size=6))
def test_walking_goes_over_what_repeats(parts: list[tuple[list[int], int]]) -> None:
    functions = [function for cycle, times in parts for function in cycle * times]
    words: list[int] = []
    for function in functions:
        words += [function * 100 + 50, *[0] * (2 * function - 1)]
    stack = Stack(1 << 40, memoryview(b''.join(word.to_bytes(8, 'little') for word in [*words, 0])).cast('Q'))
    found = walk(stack, Code())  # type: ignore[arg-type]
    assert [address // 100 for part in found.stretches for _ in range(part.times) for address in part.addresses
            ] == functions
    if len(parts) == 1 and len(parts[0][0]) <= LONGEST_CYCLE:
        assert len(found.stretches) <= LOOK_EVERY + LONGEST_CYCLE + 1


NAMES = st.builds(Caller, st.sampled_from('abc'))


def expanded(groups: list[Callers] | list[Caller | Callers]) -> list[Caller]:
    """All calls of a chain."""
    return [call for item in groups for callers in [item if isinstance(item, Callers) else Callers((item,))]
            for _ in range(callers.times) for call in callers.calls]


@settings(deadline=None)
@given(st.lists(NAMES | st.builds(Callers, st.lists(NAMES, max_size=6).map(tuple), st.integers(1, 30)), max_size=60))
def test_folding_loses_nothing(chain: list[Caller | Callers]) -> None:
    groups = folded(chain)
    assert expanded(groups) == expanded(chain)
    short = shortened(groups)
    assert sum(len(group.calls) or 1 for group in short) <= max(MOST + 1, max(
        (2 * len(group.calls) + 1 for group in groups), default=0))
    counted = sum((len(group.calls) or 1) * group.times for group in short)
    assert counted == len(expanded(chain))


def test_folding() -> None:
    a, b, c = map(Caller, 'abc')
    assert folded([a, a, b, a, a, a]) == [Callers((a,)), Callers((a,)), Callers((b,)), Callers((a,), 3)]
    assert folded([c, b, a, b, a, Callers((b, a), 1000), b, a, b, c]) == [
        Callers((c,)), Callers((b, a), 1003), Callers((b,)), Callers((c,))]
    assert folded([Callers((a, a), 5), a]) == [Callers((a,), 11)]
    chain = [Caller(str(number)) for number in range(100)]
    short = shortened(folded(chain))
    assert len(short) == MOST + 1
    assert Callers((), 80) in short
    assert (short[0].calls[0], short[-1].calls[0]) == (chain[0], chain[-1])


def test_places_of_copies() -> None:
    places = Places(ir.Program({}, (), {}, ('p', 'q', 'r'), (0, 0, 0)))
    copy = places.called_from(1, 2)
    assert (places.places[copy - 1], places.callers[copy - 1]) == ('p', 2)
    again = places.called_from(copy, 3)
    middle = places.callers[again - 1]
    assert [places.places[number - 1] for number in (again, middle, places.callers[middle - 1])] == ['p', 'q', 'r']
    assert (places.called_from(0, 2), places.called_from(1, 2)) == (2, copy)


def test_debug_information_changes_no_code() -> None:
    a = lir.Local('a', lir.U64)
    inner = lir.Function('inner', (('a', lir.U64),), lir.U64, (lir.Return(lir.Binary('mul', a, a)),), traced=True)
    call = lir.Call('inner', (a,), lir.U64, place=7)
    outer = lir.Function('outer', (('a', lir.U64),), lir.U64, (lir.Return(lir.Binary('add', call, call)),),
                         exported=True, traced=True)
    texts = [emit_module(lir.Module(tuple(dataclasses.replace(function, traced=traced) for function in (inner, outer))))
             for traced in (True, False)]
    assert 'line: 7' in texts[0]
    assert not re.search('!dbg|!DI', texts[1])
    codes = [ELFFile(BytesIO(compile_object(text, 2))).get_section_by_name('.text').data() for text in texts]
    assert codes[0] == codes[1]
