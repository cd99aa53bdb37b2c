"""Programs on a GPU: as PTX, and on threads of the system with the memory and the launches of a GPU."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from bend.codegen.states.compile import compile_gpu
from bend.deep_stack import with_deep_stack
from bend.hvm.numbers import DivisionByZero
from bend.runtime.cache import Cache
from bend.runtime.gpu import Request
from bend.runtime.progress import Progress
from bend.runtime.region import OutOfMemory
from bend.runtime.waves import gpu
from bend.runtime.waves.gpu import DeviceWords, open_gpu_run
from tests.codegen.assembler import assemble
from tests.gpu.waves_gpu import WavesBuffer, emulated, interrupt_launches
from tests.waves.device import book_of, on_threads, shown
from tests.waves.device_programs import PROGRAMS

NO_CACHE = Cache(None)
SMALL = Request(blocks=2, threads=32)
LIST = '''
def numbers(n):
  switch n:
    case 0:
      return []
    case _:
      return List/Cons(n, numbers(n-1))

def big():
  return List/length(numbers(300))

def main():
  return (numbers(40), big)
'''


@pytest.mark.parametrize(('name', 'capability'), [('closures', (7, 0)), ('constants', (9, 0))])
def test_programs_as_ptx(name: str, capability: tuple[int, int], tmp_path: Path) -> None:
    book = book_of(PROGRAMS[name][0])
    program = with_deep_stack(lambda: compile_gpu(book, capability, NO_CACHE))
    text = program.program.object_code.decode()
    assert {'bend_entry', 'sequence', 'run'} <= set(assemble(text, capability, tmp_path))
    assert 'exit;' in text
    assert 'Start' in program.program.layouts


@pytest.mark.parametrize('name', ['sum', 'tree', 'closures', 'constants', 'deep list'])
def test_programs(name: str) -> None:
    text, result = PROGRAMS[name]
    program, device = emulated(book_of(text))
    with open_gpu_run(program, device, SMALL, NO_CACHE) as run:
        assert shown(run, run.evaluate(0)) == result
        assert min(run.waves) > 0
        assert run.device_seconds == 0.001
        assert 0 < run.peak_bytes < run.device.heap_bytes


def test_readback_asks_the_device_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A result with a folded reference is evaluated in another launch, which goes on with the memory of the first."""
    monkeypatch.setattr(gpu, 'PAGE', 16)
    book = book_of(LIST)
    program, device = emulated(book)
    with open_gpu_run(program, device, SMALL, NO_CACHE) as run:
        assert shown(run, run.evaluate(0)) == on_threads(book)
        first = run.peak_bytes
        assert shown(run, run.evaluate(0)) == on_threads(book)
        assert run.peak_bytes >= first


def test_division_by_zero() -> None:
    program, device = emulated(book_of('def main(): return f(0)\ndef f(x): return 5 / x\n'))
    with open_gpu_run(program, device, SMALL, NO_CACHE) as run, pytest.raises(DivisionByZero):
        run.evaluate(0)


def test_memory_runs_out() -> None:
    text = PROGRAMS['tree'][0].replace('make(6, 1)', 'make(18, 1)')
    program, device = emulated(book_of(text), free=2 << 20)
    with open_gpu_run(program, device, Request(blocks=1, threads=32), NO_CACHE) as run, pytest.raises(OutOfMemory):
        run.evaluate(0)
    with pytest.raises(OutOfMemory), open_gpu_run(program, device, Request(memory=4096), NO_CACHE):
        pass


def test_an_interrupt_stops_the_lanes(monkeypatch: pytest.MonkeyPatch) -> None:
    program, device = emulated(book_of('def main(): return f(1)\ndef f(x): return f(x) + f(x)\n'), free=1 << 30)
    with open_gpu_run(program, device, SMALL, NO_CACHE) as run, pytest.raises(KeyboardInterrupt):
        interrupt_launches(monkeypatch)
        run.evaluate(0)


def test_a_watcher_is_told_how_a_launch_gets_on() -> None:
    text = ('def main(): return f(14)\ndef f(n):\n  switch n:\n    case 0: return [1]\n'
            '    case _: return [f(n-1), f(n-1)]\n')
    program, device = emulated(book_of(text), free=1 << 28)
    with open_gpu_run(program, device, SMALL, NO_CACHE) as run:
        told: list[Progress | None] = []
        run.watcher = SimpleNamespace(update=told.append, hide=lambda: told.append(None))
        run.evaluate(0)
        lanes, peak = run.device.lanes, run.peak_bytes
    *looks, hidden = told
    assert hidden is None and looks
    for look in looks:
        assert look is not None
        assert (look.interactions, look.threads) == (None, lanes)
        assert 0 <= look.busy <= lanes and 0 <= look.memory <= peak


@pytest.mark.parametrize(('fitting', 'used'), [(132, 128), (264, 256), (144, 128), (108, 108), (1, 1), (7, 7), (9, 8)])
def test_blocks_are_even(fitting: int, used: int) -> None:
    assert gpu.even_blocks(fitting) == used


def test_words_of_a_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, 'PAGE', 4)
    buffer = WavesBuffer(80)
    words = DeviceWords(buffer)
    assert words[9] == 0xABABABABABABABAB
    words[5], words[9] = 7, 8
    assert buffer.read(40, 8) == b'\xab' * 8
    words.flush()
    assert buffer.read(40, 8) == bytes([7]) + bytes(7)
    buffer.write(bytes([9]) + bytes(7), 40)
    assert words[5] == 7
    words.forget()
    assert (words[5], words[9], words[8:]) == (9, 8, [0xABABABABABABABAB, 8])
    words.clear()
    words.flush()
    assert buffer.read(0, 80) == bytes(80)
