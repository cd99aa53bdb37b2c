"""Functions of the host, called by Bend programs."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

import bend
from bend.runtime import foreign

CALL = '''
def main(name, argument):
  with IO:
    result <- IO/call(name, argument)
    return wrap(result)
'''
MEMBER = '''
def main(name, argument):
  with IO:
    opened <- IO/DyLib/open("python", 0)
    library = Result/unwrap(opened)
    result <- IO/DyLib/call(library, name, argument)
    closed <- IO/DyLib/close(library)
    return wrap((result, closed))
'''


@cache
def program(text: str, engine: Any) -> bend.Program:
    return bend.compile(text, engine=engine)


@pytest.fixture(autouse=True)
def _only_here() -> Iterator[None]:
    before = dict(foreign._functions)
    yield
    foreign._functions.clear()
    foreign._functions.update(before)


@pytest.mark.parametrize('engine', ['direct', 'net', 'reference'])
@pytest.mark.parametrize('value', [5, -5, 1.5, 'héé', '', [], [1, 2], (1, 2, 3), None, {1: 'a'}, bend.Nat(3),
                                   bend.Some([bend.NOTHING]), bend.Constructor('Tree/Leaf', ('x',))], ids=str)
def test_values_go_both_ways(value: object, engine: str) -> None:
    seen: list[object] = []

    def echo(argument: object) -> object:
        seen.append(argument)
        return argument

    bend.register('echo', echo)
    assert program(CALL, engine)('echo', value) == bend.Ok(value)
    assert program(MEMBER, engine)('echo', value) == (bend.Ok(value), bend.Ok(None))
    assert seen == [value, value]


def test_arguments_are_evaluated() -> None:
    bend.register('sum', sum)
    assert bend.run('''
def fib(n):
  if n < 2:
    return n
  else:
    return fib(n - 1) + fib(n - 2)

def main():
  return IO/call("sum", [fib(10), 1, fib(12)])
''') == bend.Ok(200)


class MuteError(Exception):
    """An exception that fails to say what it is."""

    def __str__(self) -> str:
        raise AttributeError('text')


def raise_mute(argument: object) -> object:
    raise MuteError


@pytest.mark.parametrize('engine', ['direct', 'net', 'reference'])
def test_failures_are_results(engine: str) -> None:
    bend.register('divide', lambda x: 1 / x)
    bend.register('make', lambda x: object())
    bend.register('silent', lambda x: [][1:][0])
    bend.register('large', lambda x: 1 << 24)
    bend.register('mute', raise_mute)
    for name, text in [('divide', 'ZeroDivisionError: division by zero'),
                       ('make', 'TypeError: an object cannot be passed to Bend'),
                       ('silent', 'IndexError: list index out of range'), ('mute', 'MuteError'),
                       ('large', 'ValueError: 16777216 is no u24: it must be from 0 to 16777215')]:
        inner = bend.Constructor('IOError/Inner', (text,))
        assert program(CALL, engine)(name, 0) == bend.Err(inner)
        assert program(MEMBER, engine)(name, 0) == (bend.Err(text), bend.Ok(None))
    assert program(CALL, engine)('nothing', 0) == bend.Err(bend.Constructor('IOError/Name'))
    assert program(MEMBER, engine)('nothing', 0)[0] == bend.Err("no function 'nothing' is registered")


def test_functions_may_run_programs() -> None:
    bend.register('reversed', lambda xs: bend.run('def main(xs): return List/reverse(xs)', xs))
    assert program(CALL, 'direct')('reversed', [1, 2]) == bend.Ok([2, 1])


def test_an_interrupt_goes_through() -> None:
    def interrupt(argument: object) -> object:
        raise KeyboardInterrupt

    bend.register('interrupt', interrupt)
    with pytest.raises(KeyboardInterrupt):
        program(CALL, 'direct')('interrupt', 0)


def test_registering() -> None:
    with pytest.raises(ValueError, match='primitive'):
        bend.register('WRITE', print)
    with pytest.raises(ValueError, match='not empty'):
        bend.register('', print)
    with pytest.raises(TypeError):
        bend.register('name', 5)  # type: ignore[type-var]
    bend.register('once', len)
    assert program(CALL, 'direct')('once', [1]) == bend.Ok(1)
    bend.unregister('once')
    assert program(CALL, 'direct')('once', [1]) == bend.Err(bend.Constructor('IOError/Name'))
    with pytest.raises(KeyError):
        bend.unregister('once')


def test_actions_go_on_after_calls(capfd: pytest.CaptureFixture[str]) -> None:
    counter = iter(range(100))
    bend.register('next', lambda x: next(counter))
    text = '''
def main(n):
  with IO:
    found <- IO/call("next", *)
    if Result/unwrap(found) == n:
      return wrap("done")
    else:
      return main2(n)

def main2(n):
  with IO:
    found <- IO/call("next", *)
    if Result/unwrap(found) == n:
      return wrap("done")
    else:
      return main2(n)
'''
    assert bend.run(text, 50) == 'done'
    assert next(counter) == 51
