"""`-s`, `--stats` and `--progress`."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from bend import compiling, driver
from bend.cli.arguments import UsageError, parse_bend, parse_hvm
from bend.cli.progress import ProgressLine, line
from bend.passes import PassManager
from bend.runtime.cache import Cache
from bend.runtime.progress import Progress

ROOT = Path(__file__).resolve().parents[2]
Command = Callable[..., Any]

SUM = """
def sum(depth, x):
  switch depth:
    case 0:
      return x
    case _:
      return sum(depth-1, x * 2) + sum(depth-1, x * 2 + 1)

def main():
  return sum(10, 0)
"""
RULES = ['CALL', 'VOID', 'ERAS', 'ANNI', 'COMM', 'OPER', 'SWIT']
SHORT = r'- ITRS: (\d+)\n- TIME: \d+\.\d{6}s\n- MIPS: \d+\.\d\d\n'


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A program with two tasks at each step."""
    path = tmp_path / 'sum.bend'
    path.write_text(SUM, encoding='utf-8')
    return path


@pytest.mark.parametrize(('words', 'form'), [
    (['f'], None), (['f', '-s'], 'short'), (['-s', 'f', '-s'], 'full'), (['-ss', 'f'], 'full'), (['-sss', 'f'], 'full'),
    (['--stats', 'f'], 'short'), (['f', '--stats'], 'short'), (['--stats', 'json', 'f'], 'json'),
    (['--stats=full', 'f'], 'full'), (['-s', '--stats', 'json', 'f'], 'json'), (['f', '--', '--stats'], None),
])
def test_forms(words: list[str], form: str | None) -> None:
    parsed = parse_bend(['run', *words])
    assert (parsed.file, parsed.stats) == ('f', form)
    if '--' not in words:
        assert parse_hvm(['run', *words]).stats == form
    assert parse_bend(['--stats', 'json', 'run', 'f']).stats == 'json'


def test_unknown_form() -> None:
    with pytest.raises(UsageError, match='form of statistics'):
        parse_bend(['run', 'f', '--stats=jsno'])


def test_a_misspelt_form_is_no_missing_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="'ful' is neither a form of statistics nor a file"):
        parse_bend(['run', '--stats', 'ful', 'f'])
    (tmp_path / 'ful').touch()
    assert parse_bend(['run', '--stats', 'ful', 'f']).file == 'ful'
    assert parse_bend(['run', 'f', '--stats', 'ful']).arguments == ['ful']


def test_short_statistics_are_three_lines(bend: Command, program: Path) -> None:
    outcome = bend('run', program, '-s', '--engine', 'net')
    assert re.fullmatch(rf'Result: 523776\n{SHORT}', outcome.out), outcome.out
    assert outcome.err == ''


def test_full_statistics_begin_with_the_short_ones(bend: Command, program: Path) -> None:
    outcome = bend('run', program, '-s', '-s', '-t', '2', '--engine', 'net')
    found = re.match(rf'Result: 523776\n{SHORT}\n', outcome.out)
    assert found, outcome.out
    rules = re.search(r'\nInteractions by rule:\n((?:  .*\n)+)', outcome.out)
    assert rules
    rows = [row.split() for row in rules[1].splitlines()]
    assert [row[0] for row in rows] == RULES
    assert sum(int(row[1]) for row in rows) == int(found[1])
    threads = re.search(r'\nInteractions by thread:\n((?:  .*\n)+)', outcome.out)
    assert threads
    assert sum(int(row.split()[2]) for row in threads[1].splitlines()) == int(found[1])
    for word in ('peak of nets', 'peak of process', 'front end', 'compile', 'run ', 'readback'):
        assert f'\n  {word}' in outcome.out


@pytest.mark.parametrize('engine', ['net', 'reference'])
def test_statistics_as_json(engine: str, bend: Command, program: Path) -> None:
    outcome = bend('run', program, '--stats', 'json', '-t', '2', '--engine', engine)
    assert outcome.out == 'Result: 523776\n'
    assert outcome.err.count('\n') == 1
    data = json.loads(outcome.err)
    assert data['engine'] == engine
    assert list(data['by_rule']) == RULES
    assert sum(data['by_rule'].values()) == data['interactions']
    assert list(data['seconds']) == ['reducing', 'front_end', 'compile', 'run', 'readback']
    assert all(seconds >= 0 for seconds in data['seconds'].values())
    assert data['seconds']['run'] >= data['seconds']['reducing'] > 0
    assert data['peak_bytes']['process'] > 1 << 20
    if engine == 'net':
        assert data['threads'] == len(data['workers']) == 2
        assert sum(worker['interactions'] for worker in data['workers']) == data['interactions']
        assert data['peak_bytes']['nets'] > 0
    else:
        assert (data['threads'], data['workers'], data['peak_bytes']['nets']) == (1, [], None)


def test_rules_are_counted_alike(bend: Command, program: Path) -> None:
    counts = [json.loads(bend('run', program, '--stats', 'json', *words).err)['by_rule']
              for words in (['--engine', 'net', '-t', '1'], ['--engine', 'net', '-t', '8'],
                            ['--engine', 'reference'])]
    assert counts[0] == counts[1] == counts[2]
    assert counts[0]['CALL'] == 3071


WORK = """
type Tree:
  Node { ~left, ~right }
  Leaf { value }

def tree(depth):
  if depth == 0:
    return Tree/Leaf(1)
  else:
    return Tree/Node(tree(depth - 1), tree(depth - 1))

def total(tree):
  fold tree:
    case Tree/Node:
      return tree.left + tree.right
    case Tree/Leaf:
      return tree.value

def each(list, f):
  match list:
    case List/Nil:
      return List/Nil
    case List/Cons:
      return List/Cons(f(list.head), each(list.tail, f))

def sum(list):
  match list:
    case List/Nil:
      return 0
    case List/Cons:
      return list.head + sum(list.tail)

def main():
  return total(tree(8)) + sum(each([1, 2, 3], lambda x: x + 1))
"""
CALLS = 1 + (511 + 1 + 511) + (4 + 4 + 3)
CELLS = 255 + 3
"""The leaves of the tree have none: their number is in the word that stands for them."""


def test_work_of_the_direct_engine(bend: Command, tmp_path: Path) -> None:
    """Calls are those of the program's functions, however they are compiled, and the same for any number of threads."""
    path = tmp_path / 'work.bend'
    path.write_text(WORK, encoding='utf-8')
    for threads in ('1', '2', '8'):
        data = json.loads(bend('run', path, '--stats', 'json', '-t', threads, '--engine', 'direct').err)
        assert data['calls'] == CALLS == sum(worker['calls'] for worker in data['workers'])
        assert data['allocations'] + data['reused'] == CELLS + 3
        assert data['allocations'] == CELLS
    full = bend('run', path, '-ss', '-t', '1', '--engine', 'direct').out
    assert f'calls: {CALLS}, cells allocated: {CELLS}, used again in place: 3,' in full


@pytest.mark.optimised
def test_counting_is_asked_for(bend: Command, tmp_path: Path) -> None:
    """What is compiled to count is kept apart from what is not, and counts the same when it is optimised."""
    path = tmp_path / 'work.bend'
    path.write_text(WORK, encoding='utf-8')
    codes = []
    for counting in (False, True):
        request = driver.Request(driver.load(str(path)), counting=counting)
        program = compiling.compile_program(request, 'direct', PassManager(request.options), Cache.of_user())
        codes.append(program.artifact)
    assert codes[0].object_code != codes[1].object_code
    assert json.loads(bend('run', path, '--stats', 'json', '-t', '1').err)['calls'] == CALLS


def test_statistics_of_hvm(hvm: Command, tmp_path: Path) -> None:
    path = tmp_path / 'add.hvm'
    path.write_text('@main = a & $(41 a) ~ [+ 1]\n')
    outcome = hvm('run', path, '--stats', 'json')
    assert outcome.out == 'Result: 42\n'
    data = json.loads(outcome.err)
    assert {rule: count for rule, count in data['by_rule'].items() if count} == {'CALL': 1, 'OPER': 1}
    assert re.match(rf'Result: 42\n{SHORT}\nInteractions by rule:\n', hvm('run', path, '-ss').out)


# ---- progress --------------------------------------------------------------------------------


def test_the_line() -> None:
    progress = Progress(interactions=2_500_000_000, memory=300 << 20, busy=7, threads=8)
    assert line(progress, 12.34, 210e6) == '12.3 s  2.5 G interactions, 210.0 M a second  300 MB  7 of 8 threads busy'
    progress = Progress(interactions=None, memory=300 << 20, busy=7, threads=8, steals=1234)
    assert line(progress, 12.34, 0.0) == '12.3 s  300 MB  7 of 8 threads busy  1.2 k tasks taken from others'


def test_short_runs_show_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([0.0, 0.1, 0.2, 0.25, 5.0, 5.2, 5.6])
    monkeypatch.setattr('bend.cli.progress.time.monotonic', lambda: next(times))
    stream = StringIO()
    shown = ProgressLine(stream)
    for _ in range(3):
        shown.update(Progress(1, 1, 1, 1))
    shown.hide()
    assert stream.getvalue() == ''
    for _ in range(3):
        shown.update(Progress(1, 1, 1, 1))
    assert shown.live is not None


def test_not_on_a_terminal(bend: Command, program: Path) -> None:
    assert bend('run', program, '--progress').err == ''


def test_on_a_terminal(tmp_path: Path) -> None:
    """It appears, and is gone at the end; the result is what it always is."""
    shown = shown_on_a_terminal(long_program(tmp_path), 'hvm_main', b'Result: 0\n')
    assert b' interactions, ' in shown
    assert b'1 of 1 threads busy' in shown
    assert shown.endswith((b'\x1b[2K', b'\x1b[?25h')), shown


def test_the_direct_engine_on_a_terminal(tmp_path: Path) -> None:
    path = tmp_path / 'fib.bend'
    path.write_text('def fib(n):\n  if n < 2:\n    return n\n  else:\n    return fib(n - 1) + fib(n - 2)\n\n'
                    'def main(): return fib(45)\n', encoding='utf-8')
    shown = shown_on_a_terminal(path, 'main', b'Result: 10829698\n')
    assert b' MB  1 of 1 threads busy' in shown
    assert b'interactions' not in shown
    assert shown.endswith((b'\x1b[2K', b'\x1b[?25h')), shown


def long_program(tmp_path: Path) -> Path:
    """Nets with four long loops."""
    path = tmp_path / 'long.hvm'
    loops = ''.join(f' & @loop ~ (16000000 (1 {end}))' for end in 'abcd')
    path.write_text(f'@main = r{loops} & a ~ $([+] $(b s)) & c ~ $([+] $(d t)) & s ~ $([+] $(t r))\n'
                    '@loop = (?(((a a) @more) (b r)) (b r))\n'
                    '@more = (n ({x y} r)) & @loop ~ (n (z r)) & x ~ $([+] $(y z))\n')
    return path


def shown_on_a_terminal(path: Path, command: str, result: bytes) -> bytes:
    """What a run with `--progress` writes to a terminal as standard error."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack('HHHH', 24, 100, 0, 0))
    script = f'import sys; from bend.cli.main import {command}; sys.exit({command}(sys.argv[1:]))'
    done = subprocess.Popen([sys.executable, '-c', script, 'run', str(path), '--progress', '-t', '1'], cwd=ROOT,
                            stdout=subprocess.PIPE, stderr=slave, env={**os.environ, 'TERM': 'xterm'})
    os.close(slave)
    shown = b''
    while True:
        try:
            part = os.read(master, 4096)
        except OSError:
            break
        if not part:
            break
        shown += part
    out, _ = done.communicate()
    os.close(master)
    assert (done.returncode, out) == (0, result), out
    return shown
