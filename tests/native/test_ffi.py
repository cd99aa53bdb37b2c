"""Functions in C that programs call: a library is compiled, opened, called and closed, in both encodings, on the
reducer and on threads; every error has its value."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import bend
from bend.engines import Engine
from bend.options import Options
from bend.runtime.elf import MACHINES, shared_object
from tests.native.test_io import compiled, run

CC = shutil.which('cc') or shutil.which('gcc') or shutil.which('clang')

LIBRARY = r"""
#include "hvm.h"
#include <stdlib.h>
#include <ctype.h>

Port twice(Net *net, Book *book, Port n) { return new_port(NUM, new_u24(2 * get_u24(get_val(n)))); }
Port less(Net *net, Book *book, Port n) { return new_port(NUM, new_i24(get_i24(get_val(n)) - 1)); }
Port half(Net *net, Book *book, Port n) { return new_port(NUM, new_f24(get_f24(get_val(n)) / 2)); }
Port same(Net *net, Book *book, Port any) { return any; }
Port nothing(Net *net, Book *book, Port any) { return new_port(ERA, 0); }
Port invented(Net *net, Book *book, Port any) { return new_port(CON, 1000); }
Port tag(Net *net, Book *book, Port any) { return new_port(NUM, new_u24(get_tag(any))); }

Port total(Net *net, Book *book, Port tuple) {
  Tup parts = readback_tup(net, book, tuple, 3);
  u32 sum = 1000 * parts.elem_len;
  for (u32 i = 0; i < parts.elem_len; i++) sum += get_u24(get_val(parts.elem_buf[i]));
  return new_port(NUM, new_u24(sum));
}

Port second(Net *net, Book *book, Port tuple) { return readback_tup(net, book, tuple, 2).elem_buf[1]; }

Port shout(Net *net, Book *book, Port text) {
  Str string = readback_str(net, book, text), again = readback_str(net, book, text);
  for (u32 i = 0; i < string.len; i++) string.buf[i] = toupper((unsigned char)again.buf[i]);
  if (string.buf[string.len] != 0) abort();
  Port result = inject_bytes(net, &(Bytes){string.len, string.buf});
  free(string.buf);
  free(again.buf);
  return result;
}

Port length(Net *net, Book *book, Port bytes) {
  Bytes found = readback_bytes(net, book, bytes);
  free(found.buf);
  return new_port(NUM, new_u24(found.len));
}
"""

CALLS = """
def call(library, name, argument):
  with IO:
    outcome <- IO/call("DL_CALL", (library, (name, argument)))
    match outcome:
      case Result/Ok:
        return wrap(outcome.val)
      case Result/Err:
        return wrap("error")

def lower(n):
  switch n:
    case 0:
      return ""
    case _:
      return String/Cons(97 + n % 26, lower(n-1))

def main():
  with IO:
    opened <- IO/DyLib/open("./library.so", 0)
    library = Result/unwrap(opened)
    twice <- call(library, "twice", 21)
    less <- call(library, "less", -5)
    half <- call(library, "half", 3.0)
    same <- call(library, "same", ("a", [1, 2]))
    nothing <- call(library, "nothing", 1)
    total <- call(library, "total", (1, (2, 3)))
    pair <- call(library, "total", (1, 2))
    second <- call(library, "second", (1, ("rest", 3)))
    shout <- call(library, "shout", "abc")
    long <- call(library, "length", lower(50000))
    number <- call(library, "tag", 1)
    list <- call(library, "tag", [1])
    none <- call(library, "tag", *)
    * <- IO/DyLib/close(library)
    return wrap([opened, twice, less, half, same, nothing, total, pair, second, String/decode_utf8(shout), long,
                 number, list, none])
"""

SHOWN = ('[Result/Ok(0), 42, -6, 1.500, ("a", [1, 2]), *, 3006, 2003, ("rest", 3), "ABC", 50000, 3, 4, 2]')

ERRORS = """
def main():
  with IO:
    absent <- IO/DyLib/open("./absent.so", 1)
    zero <- IO/DyLib/open("a\\0b", 1)
    opened <- IO/DyLib/open("./library.so", 1)
    again <- IO/DyLib/open("./library.so", 0)
    symbol <- IO/DyLib/call(0, "no_such_function", 1)
    invented <- IO/DyLib/call(0, "invented", 1)
    kind <- IO/call("DL_CALL", (0, ("shout", 5)))
    list <- IO/call("DL_CALL", (0, ("length", ["a"])))
    shape <- IO/call("DL_CALL", 0)
    name <- IO/call("DL_CALL", (0, (1, 2)))
    path <- IO/call("DL_OPEN", 1)
    closed <- IO/DyLib/close(0)
    twice <- IO/DyLib/close(0)
    late <- IO/DyLib/call(0, "twice", 1)
    other <- IO/DyLib/call(1, "twice", 1)
    free <- IO/DyLib/open("./library.so", 0)
    none <- IO/DyLib/call("x", "twice", 1)
    return wrap([[opened, again, closed, other, free], [symbol, invented, zero, twice, late, none, absent],
                 [kind, list, shape, name, path]])
"""


@pytest.fixture(scope='module')
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the library."""
    if CC is None:
        pytest.skip('there is no C compiler (cc, gcc, clang) to make a library with')
    path = tmp_path_factory.mktemp('library')
    (path / 'library.c').write_text(LIBRARY)
    include = Path(bend.__path__[0], 'include')
    # Nothing is linked to the library: what it calls is provided when it is opened.
    subprocess.run([CC, '-shared', '-fPIC', '-Wall', '-O1', '-I', str(include), 'library.c', '-o', 'library.so'],
                   cwd=path, check=True)
    return path


@pytest.mark.parametrize('threads', [1, 2, 8])
def test_calls(folder: Path, threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every kind of argument and result, and values that are computed when they are asked for."""
    monkeypatch.chdir(folder)
    done = run(compiled(CALLS), monkeypatch, threads=threads)
    assert done.result == SHOWN
    assert done.interactions == run(compiled(CALLS, 'reference'), monkeypatch).interactions
    assert run(compiled(CALLS, 'direct'), monkeypatch, threads=threads).result == SHOWN


@pytest.mark.parametrize('engine', ['net', 'reference', 'direct'])
def test_calls_in_the_scott_encoding(folder: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same with the other encoding, whose constructors print as functions."""
    text = CALLS.replace('wrap([opened, twice', 'wrap([twice')
    monkeypatch.chdir(folder)
    done = run(compiled(text, engine, Options(encoding='scott')), monkeypatch)
    assert done.result == SHOWN.replace('Result/Ok(0), ', '')


@pytest.mark.parametrize('engine', ['net', 'reference', 'direct'])
def test_errors(folder: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is absent, closed, or of the wrong shape."""
    monkeypatch.chdir(folder)
    result = run(compiled(ERRORS, engine), monkeypatch).result or ''
    for part in ('[Result/Ok(0), Result/Ok(1), Result/Ok(*), Result/Ok(2), Result/Ok(0)]',
                 'undefined symbol: no_such_function")', 'Result/Err("invented returned 0x1f44, which is no port")',
                 'Result/Err("a name cannot hold character 0")', 'Result/Err("./absent.so: cannot open shared object',
                 '[Result/Err(IOError/Type), Result/Err(IOError/Type), Result/Err(IOError/Type), '
                 'Result/Err(IOError/Type), Result/Err(IOError/Type)]'):
        assert part in result
    assert result.count('Result/Err("no library is open with this handle")') == 3


@pytest.mark.parametrize('engine', ['net', 'direct'])
def test_a_failing_argument(engine: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An argument that cannot be computed ends the program, once the library's function has returned."""
    monkeypatch.chdir(folder)
    text = """
def bad(n):
  switch n:
    case 0:
      return 1 / 0
    case _:
      return bad(n-1)

def main():
  with IO:
    * <- IO/DyLib/open("./library.so", 0)
    return IO/DyLib/call(0, "total", (1, bad(3)))
"""
    with pytest.raises(bend.BendError, match='divided by zero'):
        run(compiled(text, engine), monkeypatch)


def test_shared_objects() -> None:
    """They are written for every architecture that we know, in whole pages."""
    for machine, jump in MACHINES.values():
        assert machine and len(jump(1 << 40)) <= 16
    assert sys.platform != 'linux' or shared_object({'a': 1, 'b': 2}).startswith(b'\x7fELF')
