"""Actions on the direct engine: what is performed when it gives up in the middle, and what values the host makes."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

import bend
from bend.runtime import foreign, io
from bend.runtime.direct import host

WRONG = """
def wrong(x):
  match x:
    case Result/Ok:
      return x.val
    case Result/Err:
      return x.val

def numbers(n, file):
  switch n:
    case 0:
      return IO/wrap((file, wrong((1, 2))))
    case _:
      with IO:
        line <- IO/FS/read_line(file)
        * <- IO/FS/write(2, Result/unwrap(line))
        return numbers(n-1, file)

def main():
  with IO:
    file <- IO/FS/open("in", "r")
    * <- IO/FS/write_file("out", [65, 66])
    return numbers(3, Result/unwrap(file))
"""
SLOW = """
def rounds(n, sum):
  switch n:
    case 0:
      return sum
    case _:
      return rounds(n-1, sum * 3 + n)

def next(n):
  return lambda f: lambda x: f(n(f, x))

def twice(n):
  return lambda f: lambda x: n(f, n(f, x))

def one(f):
  return f

def main():
  with IO:
    * <- IO/FS/write(2, String/encode_utf8("once"))
    * <- IO/FS/write(2, [65 + rounds(1000, 0) % 2])
    return wrap(next(twice(next(one)))(lambda x: x + 1, 0))
"""


@pytest.fixture(autouse=True)
def _only_here() -> Iterator[None]:
    before = dict(foreign._functions)
    yield
    foreign._functions.clear()
    foreign._functions.update(before)


def test_nets_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    """What was performed is not performed again when nets take over; what is open stays open."""
    monkeypatch.chdir(tmp_path)
    Path('in').write_text('a\nbb\nccc\n')
    result = bend.compile(WRONG).run()
    assert (result.engine, result.text[:4]) == ('net', '(3, ')
    assert capfd.readouterr().err == 'abbccc'
    assert Path('out').read_text() == 'AB'


def test_on_the_direct_engine_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                    capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    Path('in').write_text('a\nbb\nccc\n')
    with pytest.raises(bend.BendError, match='used as what it is not'):
        bend.compile(WRONG, engine='direct')()
    assert capfd.readouterr().err == 'abbccc'


def test_what_cannot_be_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A value that only the direct engine has, and more than is kept."""
    monkeypatch.chdir(tmp_path)
    Path('in').write_text('a\nbb\nccc\n')
    bend.register('give', lambda x: [1, 2])
    text = WRONG.replace('file <- IO/FS/open', '* <- IO/call("give", *)\n    file <- IO/FS/open')
    with pytest.raises(bend.BendError) as caught:
        bend.compile(text)()
    assert 'must not be repeated' in caught.value.diagnostics[0].hint
    monkeypatch.setattr(io.Record.__init__, '__defaults__', (300,))
    with pytest.raises(bend.BendError, match='used as what it is not'):
        bend.compile(WRONG)()


def test_budget(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    """A run that nets may do with less work goes on as nets in the middle."""
    apply, calls = host.Run.apply, count()

    def limited(run: host.Run, function: int, argument: int) -> int:
        if next(calls) == 1:
            raise host.BudgetExceeded
        return apply(run, function, argument)

    monkeypatch.setattr(host.Run, 'apply', limited)
    result = bend.compile(SLOW).run()
    assert (result.engine, result.value) == ('net', 5)
    assert capfd.readouterr().err == 'onceA'


VALUES = [5, -5, 1.5, 'héé', '', [], [1, 2], [1.5, -2.0], (1, 2, 3), None, {1: 'a'}, bend.Nat(3),
          bend.Some([bend.NOTHING]), bend.Constructor('Tree/Leaf', ('x',)), [[1], [2, 3]], ['a', 'bc']]


@pytest.mark.parametrize('value', VALUES, ids=str)
def test_values_of_functions_go_both_ways(value: object) -> None:
    seen: list[object] = []
    bend.register('give', lambda x: value)
    bend.register('take', seen.append)
    program = bend.compile('''
def main():
  with IO:
    given <- IO/call("give", *)
    * <- IO/call("take", Result/unwrap(given))
    return wrap((given, List/length([given, given])))
''', engine='direct')
    assert program() == (bend.Ok(value), 2, [bend.Ok(value), bend.Ok(value)])
    assert seen == [value]


def test_lists_of_the_host_and_of_the_program() -> None:
    """Numbers of any type, where the program expects only its own."""
    bend.register('give', lambda x: [1.5, -2.0])
    assert bend.compile('''
def total(xs):
  match xs:
    case List/Nil:
      return 0.0
    case List/Cons:
      return total(xs.tail) + xs.head

def main():
  with IO:
    given <- IO/call("give", *)
    return wrap((total(Result/unwrap(given)), total([1.0, 2.0])))
''', engine='direct')() == (-0.5, 3.0)


def test_arguments_are_evaluated() -> None:
    bend.register('sum', sum)
    assert bend.compile('''
def fib(n):
  if n < 2:
    return n
  else:
    return fib(n - 1) + fib(n - 2)

def main():
  return IO/call("sum", [fib(10), 1, fib(12)])
''', engine='direct')() == bend.Ok(200)


def test_memory_is_steady() -> None:
    """A hundred thousand actions leave nothing behind."""
    text = '''
def loop(n, xs):
  switch n:
    case 0:
      return IO/wrap(xs)
    case _:
      with IO:
        time <- IO/call("GET_TIME", (n, [n, n]))
        return loop(n-1, [n-1])

def main():
  return loop(%d, [])
'''
    few, many = (bend.compile(text % count, engine='direct').run(threads=1) for count in (10, 100_000))
    assert (few.value, many.value) == ([0], [0])
    assert many.peak_bytes == few.peak_bytes


@pytest.mark.skipif(sys.platform != 'linux', reason='threads are those of Linux')
def test_no_thread_is_left() -> None:
    before = set(Path('/proc/self/task').iterdir())
    bend.compile('def main():\n  with IO:\n    * <- IO/get_time()\n    return wrap(1)', engine='direct')()
    # The system shows a thread a moment longer than it can be joined.
    for _ in range(200):
        if set(Path('/proc/self/task').iterdir()) <= before:
            return
        time.sleep(0.01)
    pytest.fail('a thread is left')
