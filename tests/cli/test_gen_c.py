"""`bend gen-c`: C programs that print what `bend run` prints. `tests/golden/standalone.py` compares all golden
programs."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Command

COMPILERS = [name for name in ('gcc', 'clang') if shutil.which(name)]
FLAGS = ('-std=c11', '-O0', '-Wall', '-Wextra', '-Werror')
needs_compiler = pytest.mark.skipif(not COMPILERS, reason='there is no C compiler')

RESULTS = r'''
type Shape:
  Dot
  Line { length }
  Box { ~inner, weight }

type Order:
  Two/Names { a, b }
  Two_Names { a, b }

def two/names(n):
  return n + 1

def two_names(n):
  return n + 2

def two.names(n):
  return n + 3

def tree(depth):
  switch depth:
    case 0:
      return 1
    case _:
      return tree(depth-1) + tree(depth-1)

def even(n):
  switch n:
    case 0:
      return "even"
    case _:
      return odd(n-1)

def odd(n):
  switch n:
    case 0:
      return "odd"
    case _:
      return even(n-1)

def down(n):
  switch n:
    case 0:
      return []
    case _:
      return List/Cons(n, down(n-1))

def known:
  return [Shape/Line(2), Shape/Dot]

def apply(functions, x):
  match functions:
    case List/Cons:
      return apply(functions.tail, functions.head(x))
    case List/Nil:
      return x

def applied(x):
  return apply([lambda x: x * 2, lambda x: x + 1, two/names], x)

def long(x, y):
  return [Shape/Line(x), (x, y), NUMBERS, [x, y], Shape/Line(*), "Forty letters that are made from a table.", y]

def main():
  names = (two/names(0), two_names(0), two.names(0), Order/Two/Names(1, 2), Order/Two_Names(3, 4))
  numbers = [7, +7, -7, 1.5, -0.0, 0.0 / 0.0, 1.0 / 0.0, 12345.6789]
  spoilt = (List/Cons(1, List/Cons([2, 3], 4)), String/Cons(65, String/Cons("b", "cd")), String/Cons(0x41, *))
  text = "tab\t\"quoted\" back\\slash é ü 日本 \n"
  odd_characters = String/Cons(0, String/Cons(0xD800, String/Cons(0x301, String/Cons(0xFFFFFF, ""))))
  shapes = Shape/Box(Shape/Box(Shape/Line(3), 2.25), *)
  others = [applied(20), tree(12), even(100001), down(4), known, "", []]
  return [names, numbers, spoilt, text, odd_characters, shapes, others, long(1, 2.5), long(+1, [1])]
'''.replace('NUMBERS', ', '.join(map(str, range(40))))

ACTIONS = '''
type Kind:
  Known
  Unknown

def greet(name):
  with IO:
    * <- IO/print("Hello, ")
    * <- IO/print(name)
    * <- IO/print("!\\n")
    return wrap(name)

def main():
  with IO:
    name <- IO/input()
    path = "note.txt"
    file <- IO/FS/open(path, "w+")
    match file:
      case Result/Ok:
        handle = file.val
        * <- IO/FS/write(handle, [104, 105, 255, 10])
        * <- IO/FS/seek(handle, +1, IO/FS/SEEK_SET)
        rest <- IO/FS/read(handle, 10)
        * <- IO/FS/close(handle)
        missing <- IO/FS/open("no/such/file", "r")
        closed <- IO/FS/read(handle, 1)
        back <- greet(Result/unwrap(name))
        return wrap((back, rest, missing, closed, Kind/Known))
      case Result/Err:
        return wrap(file.val)
'''

ARGUMENTS = '''
def main(count: u24, start: i24) -> IO(List(i24)):
  with IO:
    * <- IO/print("counting\\n")
    return wrap(up(count, start))

def up(count: u24, start: i24) -> List(i24):
  switch count:
    case 0:
      return [start]
    case _:
      return List/Cons(start, up(count-1, start + +3))
'''

DIVISION = '''
def half(n, by):
  return n / by

def main():
  return (1, half(4, 0))
'''

DEEP = '''
def count(n):
  return 1 + count(n + 1)

def main():
  return count(0)
'''


@pytest.fixture(params=COMPILERS or ['none'])
def standalone(bend: Command, tmp_path: Path, request: pytest.FixtureRequest) -> Callable[..., str]:
    """Makes a program of a source, with options of `gen-c`, and each C compiler that is there, to which warnings are
    errors; gives its path."""
    def make(source: str, *words: str) -> str:
        path = tmp_path / 'made.bend'
        path.write_text(source, encoding='utf-8')
        outcome = bend('gen-c', *words, path)
        assert outcome.code == 0, outcome.err
        (tmp_path / 'made.c').write_text(outcome.out, encoding='utf-8')
        command = [request.param, *FLAGS, 'made.c', '-o', 'made', '-lm', '-lpthread']
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return str(tmp_path / 'made')
    return make


def output(program: str, *words: str, given: bytes = b'') -> tuple[int, str, str]:
    """The exit code and the output of a program, in its own folder."""
    done = subprocess.run([program, *words], cwd=Path(program).parent, input=given, capture_output=True, timeout=60,
                          check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


@needs_compiler
def test_results_of_all_kinds(bend: Command, standalone: Callable[..., str], tmp_path: Path) -> None:
    program = standalone(RESULTS)
    usual = bend('run', tmp_path / 'made.bend')
    assert usual.code == 0, usual.err
    for threads in ('1', '2'):
        assert output(program, '-t', threads) == (0, usual.out, '')
    code, out, _ = output(program, '-s', '--threads=2', '--memory', '1G')
    assert code == 0
    assert out.startswith(f'{usual.out}- ENGINE: direct\n- TIME: 0.')


@needs_compiler
def test_actions(bend: Command, standalone: Callable[..., str], tmp_path: Path) -> None:
    program = standalone(ACTIONS)
    code, out, err = output(program, given='Zoë\nmore\n'.encode())
    assert (code, err) == (0, '')
    assert out == ('Hello, Zoë!\n'
                   'Result: ("Zoë", (Result/Ok([105, 255, 10]), (Result/Err(+2), (Result/Err(+9), Kind/Known))))\n')
    assert (tmp_path / 'note.txt').read_bytes() == b'hi\xff\n'


@needs_compiler
def test_an_output_that_was_read(standalone: Callable[..., str]) -> None:
    """The program is told that this cannot be done; it has printed everything all the same."""
    source = '''
def main():
  with IO:
    bytes <- IO/FS/read(IO/FS/STDOUT, 2)
    line <- IO/FS/read_line(IO/FS/STDOUT)
    return wrap((bytes, line))
'''
    assert output(standalone(source)) == (0, 'Result: (Result/Err(+9), Result/Err(+9))\n', '')


@needs_compiler
def test_arguments(standalone: Callable[..., str]) -> None:
    """Numbers on the command line of the program, of the types that the program gives them."""
    program = standalone(ARGUMENTS)
    assert output(program, '2', '--', '-4') == (0, 'counting\nResult: [-4, -1, +2]\n', '')
    assert output(program, '-t', '2', '0x1', '+8388607') == (0, 'counting\nResult: [+8388607, -8388606]\n', '')
    for words in ([], ['1'], ['1', '2', '3'], ['-1', '2'], ['--', '-1', '2'], ['1', '8388608'], ['1', '1.5'], ['', '1'],
                  ['0x', '1'], ['16777216', '1'], ['one', '1']):
        code, out, err = output(program, *words)
        assert (code, out) == (2, ''), words
        assert err.startswith('error[command-line]: '), words


@needs_compiler
@pytest.mark.parametrize('engine', ['direct', 'net'])
def test_arguments_that_are_used_twice(standalone: Callable[..., str], engine: str) -> None:
    program = standalone('def main(a, b: i24, c):\n  return (a * a, b, b, c)', '--engine', engine)
    assert output(program, '3', '--', '-4', '5') == (0, 'Result: (9, (-4, (-4, 5)))\n', '')
    assert output(program, '3')[0] == 2


@needs_compiler
def test_a_division_by_zero(bend: Command, standalone: Callable[..., str], tmp_path: Path,
                            monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('NO_COLOR', '1')
    program = standalone(DIVISION, '-t', '1')
    usual = bend('run', tmp_path / 'made.bend')
    assert usual.code == 1
    assert 'n / by' in usual.err
    # Standalone programs do not know which calls led there.
    known = ''.join(line for line in usual.err.splitlines(keepends=True) if 'called from' not in line)
    assert output(program, '-t', '2') == (1, '', known)


@needs_compiler
def test_a_stack_that_ends_and_wrong_options(bend: Command, standalone: Callable[..., str]) -> None:
    program = standalone(DEEP)
    code, out, err = output(program, '--memory', '20M')
    assert (code, out) == (1, '')
    assert err.startswith('error[stack-overflow]: Calls are nested too deeply')
    assert "in definition 'count'" in err
    for words in (['-t', 'many'], ['-t'], ['--memory=much'], ['-t0'], ['--engine', 'net'], ['7'], ['--', '7']):
        code, out, err = output(program, *words)
        assert (code, out) == (2, ''), words
        assert err.startswith('error[command-line]: '), words
    assert output(program, '--help')[1].startswith('usage: ')


def test_what_standalone_programs_cannot_do(bend: Command, program: Callable[[str], str]) -> None:
    outcome = bend('gen-c', program('def main(x: f24) -> f24:\n  return x + 0.5'))
    assert (outcome.code, outcome.out) == (1, '')
    assert 'error[standalone]: Standalone programs cannot take other arguments than whole numbers' in outcome.err


def test_arguments_that_are_given_at_once(bend: Command, program: Callable[[str], str]) -> None:
    """They are terms, and part of the program."""
    path = program('def main(x, y):\n  return (x, y)\n')
    outcome = bend('gen-c', path, '[1, 2]', '"text"')
    assert outcome.code == 0
    assert 'argument_count = 0;' in outcome.out
    assert bend('gen-c', path, '[1,').code == 2


def test_a_program_that_may_need_nets(bend: Command, program: Callable[[str], str]) -> None:
    """`bend run` would give up after some time, and so does the program, unless it has no nets."""
    source = 'two = λf λx (f (f x))\nmain = (two two two two λx (+ x 1) 0)\n'
    outcome = bend('gen-c', program(source))
    assert (outcome.code, outcome.err) == (0, '')
    outcome = bend('gen-c', '--engine', 'direct', program(source))
    assert outcome.code == 0
    assert outcome.err.startswith('warning[standalone]: This program may need much more work than as nets')


@needs_compiler
def test_a_result_that_may_hold_functions(bend: Command, program: Callable[[str], str], tmp_path: Path,
                                          standalone: Callable[..., str]) -> None:
    """Without nets there is a warning, and an error where one comes out."""
    source = 'def main():\n  return [lambda x: x]'
    outcome = bend('gen-c', '--engine', 'direct', program(source))
    assert outcome.code == 0
    assert outcome.err.startswith('warning[standalone]: The result of this program may hold functions')
    code, out, err = output(standalone(source, '--engine', 'direct'))
    assert (code, out) == (1, '')
    assert err.startswith('error[standalone]: Standalone programs cannot print a result that holds functions yet.')


def test_errors_of_the_program(bend: Command, program: Callable[[str], str]) -> None:
    outcome = bend('gen-c', program('def main():\n  return nothing\n'))
    assert (outcome.code, outcome.out) == (1, '')
    assert 'error[unbound-variable]' in outcome.err
    outcome = bend('gen-c', program('def other():\n  return 1\n'))
    assert (outcome.code, outcome.out) == (1, '')
    assert 'error[missing-main]' in outcome.err


@needs_compiler
def test_deep_terms(standalone: Callable[..., str]) -> None:
    """Terms that are nested more deeply than Python recurses by itself."""
    source = f'def main():\n  return {"Maybe/Some(" * 400}1{")" * 400}\n'
    assert output(standalone(source)) == (0, f'Result: {"Maybe/Some(" * 400}1{")" * 400}\n', '')
