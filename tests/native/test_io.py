"""IO programs on the native engines: what they print, read and write, what their actions cost, and that the reducer
does the same, and counts the same as the net engine."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import cast

import pytest

from bend import compiling, driver, running
from bend.engines import Engine
from bend.hvm.show import quote
from bend.options import RUN_SEVERITIES, Options
from bend.passes import PassManager
from bend.runtime import cpu
from bend.runtime.cache import Cache
from bend.source import Source

ROOT = Path(__file__).resolve().parents[2]

COUNT_DOWN = """
def main():
  return count_down(2000)

def count_down(n):
  with IO:
    * <- IO/print(u24/to_string(n % 10))
    if n == 0:
      return wrap("done")
    else:
      return count_down(n - 1)
"""

WORK = """
type Bush:
  Node { ~left, ~right }
  Tip { value }

def grow(depth, seed):
  switch depth:
    case 0:
      return Bush/Tip(seed)
    case _:
      return Bush/Node(grow(depth-1, seed * 2), grow(depth-1, seed * 2 + 1))

def total(bush):
  fold bush:
    case Bush/Node:
      return bush.left * 3 + bush.right
    case Bush/Tip:
      return bush.value

def rounds(n, bush):
  with IO:
    line <- IO/input()
    match line:
      case Result/Err:
        return wrap((n, total(bush)))
      case Result/Ok:
        (length, characters) = count(line.val)
        * <- IO/println(characters)
        return rounds(n + 1, grow(11, length + n))

def count(text):
  match text:
    case String/Nil:
      return (0, "")
    case String/Cons:
      (length, rest) = count(text.tail)
      return (length + 1, String/Cons(text.head, rest))

def main():
  return rounds(0, Bush/Tip(0))
"""

CAT = """
def main():
  with IO:
    bytes <- IO/FS/read_to_end(IO/FS/STDIN)
    match bytes:
      case Result/Ok:
        return IO/FS/write(IO/FS/STDOUT, bytes.val)
      case Result/Err:
        return wrap(Result/Err(bytes.val))
"""

FILES = """
def text(bytes):
  match bytes:
    case Result/Ok:
      return String/decode_utf8(bytes.val)
    case Result/Err:
      return "error"

def main():
  with IO:
    made <- IO/FS/write_file("töst.txt", String/encode_utf8("one\\ntwo\\n"))
    file <- IO/FS/open("töst.txt", "a")
    added <- IO/FS/write(Result/unwrap(file), String/encode_utf8("three é"))
    flushed <- IO/FS/flush(Result/unwrap(file))
    unreadable <- IO/FS/read(Result/unwrap(file), 1)
    closed <- IO/FS/close(Result/unwrap(file))
    twice <- IO/FS/close(Result/unwrap(file))
    all <- IO/FS/read_file("töst.txt")
    file <- IO/FS/open("töst.txt", "r+")
    unused <- IO/FS/open("töst.txt", "r")
    * <- IO/FS/close(Result/unwrap(file))
    again <- IO/FS/open("töst.txt", "r+")
    first <- IO/FS/read_line(Result/unwrap(again))
    moved <- IO/FS/seek(Result/unwrap(again), +1, IO/FS/SEEK_CUR)
    rest <- IO/FS/read_line(Result/unwrap(again))
    * <- IO/FS/seek(Result/unwrap(again), -1, IO/FS/SEEK_END)
    last <- IO/FS/read(Result/unwrap(again), 9)
    none <- IO/FS/read(Result/unwrap(again), 9)
    * <- IO/FS/seek(Result/unwrap(again), +0, IO/FS/SEEK_SET)
    * <- IO/FS/write(Result/unwrap(again), ['O', 'N', 'E' + 256])
    before <- IO/FS/seek(Result/unwrap(again), -1, IO/FS/SEEK_SET)
    unwritable <- IO/FS/write(Result/unwrap(unused), [1])
    whole <- IO/FS/read_file("töst.txt")
    missing <- IO/FS/open("no/such", "w")
    return wrap([(made, added, flushed, closed), (unreadable, twice, unwritable, missing, before, moved),
                 [file, unused, again], [text(all), text(first), text(rest), text(last), text(none), text(whole)]])
"""

CHECKSUM = """
def checksum(bytes, length, sum):
  match bytes:
    case List/Nil:
      return (length, sum)
    case List/Cons:
      return checksum(bytes.tail, length + 1, sum * 31 + bytes.head)

def main():
  with IO:
    bytes <- IO/FS/read_file("big")
    line <- IO/FS/open("long", "r")
    first <- IO/FS/read_line(Result/unwrap(line))
    second <- IO/FS/next_line(Result/unwrap(line))
    third <- IO/FS/next_line(Result/unwrap(line))
    fourth <- IO/FS/next_line(Result/unwrap(line))
    end <- IO/FS/next_line(Result/unwrap(line))
    match bytes:
      case Result/Err:
        return wrap(*)
      case Result/Ok:
        return wrap([checksum(bytes.val, 0, 0), checksum(Result/unwrap(first), 0, 0), second, third, fourth, end])
"""


@dataclass(frozen=True)
class Outcome:
    """What a run did."""

    output: bytes
    result: str | None
    interactions: int
    peak_bytes: int


@cache
def compiled(text: str, engine: Engine = 'net', options: Options | None = None) -> compiling.Program:
    """A program, ready to run."""
    request = driver.Request(Source('program.bend', text), options or Options(), RUN_SEVERITIES, is_run=True)
    return compiling.compile_program(request, engine, PassManager(request.options), Cache.of_user())


def run(program: compiling.Program, monkeypatch: pytest.MonkeyPatch, data: bytes = b'', threads: int = 1) -> Outcome:
    """Runs a program with the given input."""
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding='utf-8')
    standard = io.TextIOWrapper(io.BufferedReader(cast(io.RawIOBase, io.BytesIO(data))), encoding='utf-8')
    resources = running.Resources(threads, 2 << 30)
    with monkeypatch.context() as patch:
        patch.setattr(sys, 'stdin', standard)
        patch.setattr(sys, 'stdout', out)
        result = running.run(program, resources)
    text, warnings = running.show_result(program, result, resources, 'default', False)
    assert not warnings
    interactions = result.interactions if isinstance(result, running.RunResult) else 0
    return Outcome(raw.getvalue(), text, interactions, result.peak_bytes)


def test_many_actions(monkeypatch: pytest.MonkeyPatch) -> None:
    """The order is that of the program, counts are the same everywhere, and memory does not grow."""
    text = ''.join(str(n % 10) for n in range(2000, -1, -1)).encode()
    first = run(compiled(COUNT_DOWN), monkeypatch)
    assert (first.output, first.result) == (text, '"done"')
    for threads in (2, 8):
        again = run(compiled(COUNT_DOWN), monkeypatch, threads=threads)
        assert (again.output, again.result, again.interactions) == (text, '"done"', first.interactions)
        assert again.peak_bytes < 4 << 20
    assert first.peak_bytes < 1 << 20
    reference = run(compiled(COUNT_DOWN, 'reference'), monkeypatch)
    assert (reference.output, reference.result, reference.interactions) == (text, '"done"', first.interactions)
    for threads in (1, 2, 8):
        direct = run(compiled(COUNT_DOWN, 'direct'), monkeypatch, threads=threads)
        assert (direct.output, direct.result) == (text, '"done"')
        assert direct.peak_bytes < 8 << 20


@pytest.mark.parametrize('allowance', [1, 20, cpu.ALLOWANCE])
def test_work_between_actions(allowance: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads take over where one of them has used up what it may do alone; the result is the same."""
    data = b'some\nlines\nof different length\n' * 4
    first = run(compiled(WORK), monkeypatch, data)
    assert first.output == data
    monkeypatch.setattr(cpu, 'ALLOWANCE', allowance)
    for threads in (1, 2, 3, 8):
        again = run(compiled(WORK), monkeypatch, data, threads)
        assert (again.output, again.result, again.interactions) == (data, first.result, first.interactions), threads


def test_work_on_the_direct_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """The result is the same on any number of threads."""
    data = b'some\nlines\nof different length\n' * 4
    first = run(compiled(WORK), monkeypatch, data)
    for threads in (1, 2, 3, 8):
        again = run(compiled(WORK, 'direct'), monkeypatch, data, threads)
        assert (again.output, again.result) == (data, first.result), threads


def test_work_on_the_reducer(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reducer counts the same."""
    native = run(compiled(WORK), monkeypatch, b'a\nbc', 2)
    reference = run(compiled(WORK, 'reference'), monkeypatch, b'a\nbc')
    assert (native.output, native.result, native.interactions) == (
        reference.output, reference.result, reference.interactions)


@pytest.mark.parametrize('engine', ['net', 'direct'])
def test_memory_stays_flat_on_threads(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory that one action frees is used again by those after it; each worker may begin another chunk."""
    few = run(compiled(WORK, engine), monkeypatch, b'x\n' * 40, 4)
    many = run(compiled(WORK, engine), monkeypatch, b'x\n' * 400, 4)
    assert many.peak_bytes < 2 * few.peak_bytes + (1 << 19)


@pytest.mark.parametrize('adt', ['num-scott', 'scott'])
@pytest.mark.parametrize('engine', ['net', 'reference', 'direct'])
def test_bytes_pass_unchanged(engine: Engine, adt: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every byte, from standard input to standard output."""
    options = Options(encoding='scott') if adt == 'scott' else None
    data = bytes(range(256)) + b'\r\n\x00\n'
    done = run(compiled(CAT, engine, options), monkeypatch, data)
    assert done.output == data
    if adt == 'num-scott':
        assert done.result == 'Result/Ok(*)'


ECHO = """
def echo(n):
  with IO:
    line <- IO/input()
    match line:
      case Result/Err:
        return wrap(n)
      case Result/Ok:
        * <- IO/print(line.val)
        * <- IO/println("")
        return echo(n + 1)

def main():
  return echo(0)
"""

ILL_FORMED = ('é ☃ 😀\n'.encode() + b'a\xffb\xc3\n\xe2\x98\n\xed\xa0\x80\xf4\x90\x80\x80\xc0\xaf\xf0\x9f\x98x\n'
              b'\n\x00\n')


@pytest.mark.parametrize('adt', ['num-scott', 'scott'])
@pytest.mark.parametrize('engine', ['net', 'reference', 'direct'])
def test_text_is_utf_8(engine: Engine, adt: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines pass unchanged but for what is not UTF-8, in both encodings; counts are those of the reducer."""
    options = Options(encoding='scott') if adt == 'scott' else None
    done = run(compiled(ECHO, engine, options), monkeypatch, ILL_FORMED)
    assert done.output == ILL_FORMED.decode('utf-8', 'replace').encode()
    assert done.result == '6'
    if engine != 'direct':
        assert done.interactions == run(compiled(ECHO, 'net', options), monkeypatch, ILL_FORMED, 8).interactions


def test_the_library_decodes_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    """`String/decode_utf8` replaces what is not UTF-8 as reading a text does."""
    text = 'def main():\n  return String/decode_utf8([' + ', '.join(map(str, ILL_FORMED[:40])) + '])\n'
    program = compiled(text)
    assert run(program, monkeypatch).result == quote(list(map(ord, ILL_FORMED[:40].decode('utf-8', 'replace'))))


@pytest.mark.parametrize('engine', ['net', 'direct'])
def test_megabytes_pass_unchanged(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than one chunk keeps its order."""
    data = bytes(index * 7919 >> 5 & 255 for index in range(1_100_000))
    assert run(compiled(CAT, engine), monkeypatch, data, 2).output == data


@pytest.mark.parametrize('engine', ['net', 'direct'])
def test_files(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Modes, handles, positions, errors."""
    monkeypatch.chdir(tmp_path)
    done = run(compiled(FILES, engine), monkeypatch)
    assert done.result == (
        '[(Result/Ok(*), (Result/Ok(*), (Result/Ok(*), Result/Ok(*)))), '
        '(Result/Err(+9), (Result/Err(+9), (Result/Err(+9), (Result/Err(+2), (Result/Err(+22), Result/Ok(*)))))), '
        '[Result/Ok(3), Result/Ok(4), Result/Ok(3)], '
        '["one\\ntwo\\nthree é", "one", "wo", "\ufffd", "", "ONE\\ntwo\\nthree é"]]')
    assert (tmp_path / 'töst.txt').read_bytes() == 'ONE\ntwo\nthree é'.encode()


@pytest.mark.parametrize('engine', ['net', 'direct'])
def test_long_files_and_lines(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks are put together in order, and a line may have any length."""
    monkeypatch.chdir(tmp_path)
    big = bytes(index * 101 >> 3 & 255 for index in range((1 << 20) + 70_000))
    line = bytes(65 + index % 26 for index in range(5000))
    (tmp_path / 'big').write_bytes(big)
    (tmp_path / 'long').write_bytes(line + b'\n\nab\nc')
    shown = ', '.join((pair(big), pair(line), 'Result/Ok(Maybe/Some([]))', 'Result/Ok(Maybe/Some([97, 98]))',
                       'Result/Ok(Maybe/Some([99]))', 'Result/Ok(Maybe/None)'))
    assert run(compiled(CHECKSUM, engine), monkeypatch, threads=2).result == f'[{shown}]'


def pair(data: bytes) -> str:
    """What the program's `checksum` gives."""
    total = 0
    for byte in data:
        total = total * 31 + byte & 0xFFFFFF
    return f'({len(data)}, {total})'


# ---- processes -------------------------------------------------------------------------------

PROMPT = """
def main():
  with IO:
    * <- IO/print("name? ")
    name <- IO/input()
    * <- IO/print("hello ")
    * <- IO/println(Result/unwrap(name))
    before <- IO/get_time()
    * <- IO/sleep(0.002)
    * <- IO/nanosleep((0, 1000000))
    after <- IO/get_time()
    * <- IO/println(difference(before, after))
    direction <- IO/call("WRITE", (0, [1]))
    other <- IO/call("READ", (1, 1))
    moved <- IO/FS/seek(0, +0, IO/FS/SEEK_SET)
    * <- IO/FS/write(2, String/encode_utf8("to stderr"))
    closed <- IO/FS/close(1)
    printed <- IO/FS/write(1, [65])
    * <- IO/sleep(60.0)
    return wrap([direction, other, moved, closed, printed])

def difference(before, after):
  (h0, l0) = before
  (h1, l1) = after
  if h1 == h0:
    if l1 - l0 >= 3000000:
      return "slept"
    else:
      return "woke early"
  else:
    return "slept"
"""

ENDLESS = """
def forever():
  with IO:
    * <- IO/println("again and again and again")
    return forever()

def main():
  return forever()
"""


def start(path: Path, text: str, engine: Engine) -> subprocess.Popen[bytes]:
    """A program in a process of its own."""
    (path / 'program.bend').write_text(text, encoding='utf-8')
    # A name without a folder, so that the program is compiled once for all tests.
    return subprocess.Popen([sys.executable, '-m', 'bend', 'run', '-t', '2', '--engine', engine, 'program.bend'],
                            cwd=path, env={**os.environ, 'PYTHONPATH': str(ROOT)}, stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


@pytest.mark.parametrize('engine', ['net', 'direct'])
def test_prompts_and_interrupts(engine: Engine, tmp_path: Path) -> None:
    """A prompt comes before the answer is read; Ctrl-C ends a pause at once."""
    with start(tmp_path, PROMPT, engine) as process:
        assert process.stdin and process.stdout and process.stderr
        assert process.stdout.read(6) == b'name? '
        process.stdin.write('Zoë\n'.encode())
        process.stdin.flush()
        assert process.stdout.readline() == 'hello Zoë\n'.encode()
        assert process.stdout.readline() == b'slept\n'
        assert process.stderr.read(9) == b'to stderr'
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130
        assert (process.stdout.read(), process.stderr.read()) == (b'', b'')


@pytest.mark.parametrize('engine', ['net', 'direct'])
def test_interrupt_while_reading(engine: Engine, tmp_path: Path) -> None:
    """Ctrl-C ends waiting for input at once."""
    with start(tmp_path, PROMPT, engine) as process:
        assert process.stdout
        assert process.stdout.read(6) == b'name? '
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130


@pytest.mark.parametrize('engine', ['net', 'direct'])
def test_wrong_directions(engine: Engine, tmp_path: Path) -> None:
    """Streams that are not open for what is asked, or cannot do it; what is closed is closed."""
    with start(tmp_path, PROMPT.replace('60.0', '0.0'), engine) as process:
        out, err = process.communicate(b'x\n', 60)
    assert process.returncode == 0
    assert err == b'to stderr'
    assert out.splitlines()[-1] == (
        b'Result: [Result/Err(IOError/Inner(+9)), Result/Err(IOError/Inner(+9)), Result/Err(+29), Result/Ok(*), '
        b'Result/Err(+9)]')


@pytest.mark.parametrize('engine', ['net', 'direct'])
def test_broken_pipe(engine: Engine, tmp_path: Path) -> None:
    """When nobody reads any more, the program ends without a word."""
    with start(tmp_path, ENDLESS, engine) as process:
        assert process.stdout and process.stderr
        assert process.stdout.readline() == b'again and again and again\n'
        process.stdout.close()
        assert process.wait(20) == 141
        assert process.stderr.read() == b''


@pytest.mark.parametrize('engine', ['net', 'direct'])
def test_first_line_only(engine: Engine, tmp_path: Path) -> None:
    """`bend run FILE | head -1` shows a line and nothing else."""
    (tmp_path / 'program.bend').write_text(ENDLESS)
    command = f'{sys.executable} -m bend run --engine {engine} program.bend | head -1; echo "${{PIPESTATUS[0]}}"'
    done = subprocess.run(['bash', '-c', command], cwd=tmp_path, env={**os.environ, 'PYTHONPATH': str(ROOT)},
                          capture_output=True, timeout=60)
    assert (done.stdout, done.stderr) == (b'again and again and again\n141\n', b'')


@pytest.mark.parametrize('engine', ['net', 'direct'])
def test_closed_streams(engine: Engine, tmp_path: Path) -> None:
    """Input that is closed from the start has no handle; what is written to closed output goes nowhere."""
    (tmp_path / 'program.bend').write_text("""
def main():
  with IO:
    line <- IO/FS/read(0, 1)
    written <- IO/FS/write(1, [65])
    match line:
      case Result/Ok:
        return IO/FS/write(2, [66])
      case Result/Err:
        return IO/FS/write(2, [48 + line.val])
""")
    command = f'{sys.executable} -m bend run --engine {engine} program.bend <&- >&-'
    done = subprocess.run(['bash', '-c', command], cwd=tmp_path, env={**os.environ, 'PYTHONPATH': str(ROOT)},
                          capture_output=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, b'9')
