"""`gen-c` for nets: C programs that print what `hvm run` and `bend run --engine net` print, with the same interactions.
`tests/golden/standalone.py` compares all golden programs."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.cli.test_gen_c import ACTIONS, ARGUMENTS

COMPILERS = [name for name in ('gcc', 'clang') if shutil.which(name)]
FLAGS = ('-std=c11', '-O0', '-Wall', '-Wextra', '-Werror')
pytestmark = pytest.mark.skipif(not COMPILERS, reason='there is no C compiler')

Build = Callable[[str], str]

SUM = '''
@main = ((2.5 1.0e-7) (@double {total v}))
  & @sum ~ (16 total)
  & @halves ~ v

@halves = {a (@double {a -3})}

@double = ($([*2] r) r)

@sum = (?((1 @sum_rest) total) total)

@sum_rest = ({m n} total)
  &! @sum ~ (m left)
  & @sum ~ (n right)
  & left ~ $([+] $(right total))
'''

DIVISION = '''
@main = r
  & 7 ~ $([/] $(0 r))
'''

ENDLESS = '''
@main = r
  & @grow ~ (1 r)

@grow = (?((0 @grow_on) r) r)

@grow_on = (* (1 r))
  & @grow ~ (1 r)
'''


@pytest.fixture
def build(tmp_path: Path) -> Build:
    """Makes a program of C, to which warnings are errors, also those of another compiler; gives its path."""
    def make(text: str) -> str:
        (tmp_path / 'made.c').write_text(text, encoding='utf-8')
        first, *others = COMPILERS
        for command in ([first, *FLAGS, 'made.c', '-o', 'made', '-lm', '-lpthread'],
                        *([other, *FLAGS, '-fsyntax-only', 'made.c'] for other in others)):
            done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
        return str(tmp_path / 'made')
    return make


def output(program: str, *words: str, given: bytes = b'') -> tuple[int, str, str]:
    """The exit code and the output of a program, in its own folder, without what it says of time."""
    done = subprocess.run([program, *words], cwd=Path(program).parent, input=given, capture_output=True, timeout=60,
                          check=False)
    return done.returncode, timeless(done.stdout.decode()), done.stderr.decode()


def timeless(text: str) -> str:
    """What a program printed without what it says of time."""
    return re.sub(r'^- (TIME|MIPS): .*\n', '', text, flags=re.MULTILINE)


@pytest.fixture
def core(hvm: Command, build: Build, tmp_path: Path) -> Build:
    """Makes a program of HVM core, beside which it lies as `made.hvm`."""
    def make(source: str) -> str:
        path = tmp_path / 'made.hvm'
        path.write_text(source, encoding='utf-8')
        outcome = hvm('gen-c', path)
        assert outcome.code == 0, outcome.err
        return build(outcome.out)
    return make


def test_core_results(hvm: Command, core: Build, tmp_path: Path) -> None:
    program = core(SUM)
    usual = hvm('run', '-s', '-t', '1', tmp_path / 'made.hvm')
    assert usual.code == 0, usual.err
    assert '- ITRS: ' in usual.out
    for threads in ('1', '2'):
        assert output(program, '-s', '-t', threads) == (0, timeless(usual.out), '')
    code, out, err = output(program, '7')
    assert (code, out) == (2, '')
    assert 'There are too many arguments' in err


def test_core_errors(hvm: Command, core: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('NO_COLOR', '1')
    program = core(DIVISION)
    usual = hvm('run', tmp_path / 'made.hvm')
    assert output(program) == (1, '', usual.err)
    assert 'error[division-by-zero]' in usual.err
    code, out, err = output(core(ENDLESS), '--memory', '20M', '-t', '2')
    assert (code, out) == (1, '')
    assert err.startswith('error[out-of-memory]: The program ran out of memory: it had used 20 MB of 20 MB.')


@pytest.mark.skipif(not Path('/dev/full').exists(), reason='there is no /dev/full')
def test_output_that_cannot_be_written(core: Build) -> None:
    program = core(SUM)
    with open('/dev/full', 'wb') as full:
        done = subprocess.run([program], stdout=full, stderr=subprocess.PIPE, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(b'error[no-space]: The output cannot be written: No space left on device.')


def test_core_that_acts(bend: Command, core: Build, tmp_path: Path) -> None:
    """Actions are those of Bend's IO, whoever wrote the nets."""
    (tmp_path / 'echo.bend').write_text('def main():\n  with IO:\n    line <- IO/input()\n'
                                        '    * <- IO/print("got it: ")\n    return wrap(line)\n')
    nets = bend('gen-hvm', tmp_path / 'echo.bend')
    assert nets.code == 0, nets.err
    assert output(core(nets.out), given='Zoë\n'.encode())[1].startswith('got it: Result: ')


# ---- Bend ----------------------------------------------------------------------------------------

RESULTS = r'''
type Tree:
  Leaf
  Node { ~left, value, ~right }

def grow(n):
  switch n:
    case 0:
      return Tree/Leaf
    case _:
      return Tree/Node(grow(n-1), n, grow(n-1))

def sum(tree):
  match tree:
    case Tree/Leaf:
      return 0
    case Tree/Node:
      return sum(tree.left) + tree.value + sum(tree.right)

def texts():
  return ["", "ab\n", String/Cons(1114112, "é"), String/Cons('a', 7)]

def main():
  return (sum(grow(10)), grow(2), texts, List/Cons(1, List/Cons(2, 3)), [+1, -1.5], Tree/Node, *, sum, {1, 2})
'''

TERMS = '''
main = (λf λx (f (f x)), λx switch x { 0: 10; 1: 20; _: (* 2 x-2) }, λx (x (** x 2.0) (- 3 x)), λ$a $b, λ$b $a, {1 2})
'''

@pytest.fixture
def nets(bend: Command, build: Build, tmp_path: Path) -> Callable[..., str]:
    """Makes a program of Bend that runs as nets, beside which it lies as `made.bend`."""
    def make(source: str, *words: str) -> str:
        path = tmp_path / 'made.bend'
        path.write_text(source, encoding='utf-8')
        outcome = bend('gen-c', '--engine', 'net', *words, path)
        assert outcome.code == 0, outcome.err
        return build(outcome.out)
    return make


@pytest.mark.parametrize('words', [(), ('-O', 'adt-scott')])
@pytest.mark.parametrize('source', [RESULTS, TERMS], ids=['data', 'terms'])
def test_results(source: str, words: tuple[str, ...], bend: Command, nets: Callable[..., str], tmp_path: Path) -> None:
    program = nets(source, *words)
    usual = bend('run', '--engine', 'net', '-s', '-t', '1', *words, tmp_path / 'made.bend')
    assert usual.code == 0, usual.err
    for threads in ('1', '2'):
        assert output(program, '-s', '-t', threads) == (0, timeless(usual.out), usual.err)


def test_actions(nets: Callable[..., str], tmp_path: Path) -> None:
    code, out, err = output(nets(ACTIONS), given='Zoë\nmore\n'.encode())
    assert (code, err) == (0, '')
    assert out == ('Hello, Zoë!\n'
                   'Result: ("Zoë", (Result/Ok([105, 255, 10]), (Result/Err(+2), (Result/Err(+9), Kind/Known))))\n')
    assert (tmp_path / 'note.txt').read_bytes() == b'hi\xff\n'


def test_arguments(nets: Callable[..., str]) -> None:
    program = nets(ARGUMENTS)
    assert output(program, '2', '--', '-4') == (0, 'counting\nResult: [-4, -1, +2]\n', '')
    code, out, err = output(program, '7')
    assert (code, out) == (2, '')
    assert 'There are too few arguments' in err


@pytest.mark.parametrize('source', ['main = (+ 1 {2 3})', 'main = λx (+ x 1)'])
def test_the_engine_is_chosen(source: str, bend: Command, build: Build, tmp_path: Path) -> None:
    """What only nets can do runs as nets, unless the direct engine is asked for."""
    path = tmp_path / 'made.bend'
    path.write_text(source, encoding='utf-8')
    assert output(build(bend('gen-c', path).out)) == (0, bend('run', path).out, '')
    outcome = bend('gen-c', '--engine', 'direct', path)
    assert (outcome.code, outcome.out) == (1, '')
    assert 'error[' in outcome.err


SHAPE = '''
def main(n):
  return down(n)

def down(n):
  switch n:
    case 0:
      return (lambda x: x) + 1
    case _:
      return down(n-1) + n
'''

BUDGET = '''
not = λb λt λf (b f t)
go 0 f = f
go n f = (go (- n 1) λx (f (f x)))
main = (go 40 not λt λf t 1 2)
'''


@pytest.mark.parametrize(('source', 'words', 'is_direct'), [
    ('def main(n):\n  return [n]\n', ['7'], True),
    ('def main(n):\n  return [n, lambda x: x]\n', ['7'], False),
    (SHAPE, ['7'], False),
    (BUDGET, [], False),
], ids=['direct', 'function', 'shape', 'budget'])
def test_a_program_begins_again_as_nets(source: str, words: list[str], is_direct: bool, bend: Command, build: Build,
                                        tmp_path: Path) -> None:
    """Where `bend run` does; also where the result has functions, which the C of the direct engine cannot show."""
    path = tmp_path / 'made.bend'
    path.write_text(source, encoding='utf-8')
    outcome = bend('gen-c', path)
    assert (outcome.code, outcome.err) == (0, '')
    assert f'#define HAS_NETS {int(not is_direct)}\n' in outcome.out
    program = build(outcome.out)
    usual = bend('run', '--engine', 'net', '-s', path, *words)
    assert usual.code == 0, usual.err
    for threads in ('1', '2'):
        code, out, err = output(program, '-s', '-t', threads, *words)
        assert (code, err) == (0, '')
        if is_direct:
            assert out == 'Result: [7]\n- ENGINE: direct\n'
        else:
            assert out == timeless(usual.out)


RESTARTS = r'''
def down(n):
  switch n:
    case 0:
      return (lambda x: x) + 1
    case _:
      return down(n-1) + n

def appended(result):
  match result:
    case Result/Ok:
      with IO:
        * <- IO/FS/write(result.val, String/encode_utf8("entry\n"))
        * <- IO/FS/close(result.val)
        return wrap(0)
    case Result/Err:
      with IO:
        return wrap(9)

def main(n):
  with IO:
    * <- IO/print("same\n")
    * <- IO/print("same\n")
    line <- IO/input()
    file <- IO/FS/open("log.txt", "a")
    code <- appended(file)
    k = down(n)
    bytes <- IO/FS/read_line(0)
    missing <- IO/FS/open("nothing", "r")
    * <- IO/print("last\n")
    return wrap((line, bytes, k, n, code, missing))
'''
"""Acts, turns out to need nets, and acts again."""


def test_a_program_that_has_acted_begins_again_as_nets(bend: Command, build: Build, tmp_path: Path) -> None:
    """Nothing is performed twice: input goes on, files are written once, and outcomes of all kinds are known again."""
    path = tmp_path / 'made.bend'
    path.write_text(RESTARTS, encoding='utf-8')
    outcome = bend('gen-c', path)
    assert (outcome.code, outcome.err) == (0, '')
    program = build(outcome.out)
    for threads in ('1', '2'):
        (tmp_path / 'log.txt').unlink(missing_ok=True)
        code, out, err = output(program, '-s', '-t', threads, '5', given=b'first\nnext\n')
        assert (code, err) == (0, '')
        result = '(Result/Ok("first"), (Result/Ok([110, 101, 120, 116]), (λn n, (5, (0, Result/Err(+2))))))'
        assert out.startswith(f'same\nsame\nlast\nResult: {result}\n- ITRS: ')
        assert (tmp_path / 'log.txt').read_text(encoding='utf-8') == 'entry\n'


def test_what_was_performed_is_not_repeated_where_it_is_not_known_any_more(bend: Command, build: Build,
                                                                           tmp_path: Path) -> None:
    path = tmp_path / 'made.bend'
    path.write_text(RESTARTS, encoding='utf-8')
    text = bend('gen-c', path).out
    limit = '#define RECORD_LIMIT (64 * MEGABYTE)'
    assert text.count(limit) == 1
    program = build(text.replace(limit, '#define RECORD_LIMIT 600'))
    code, out, err = output(program, '5', given=b'first\nnext\n')
    assert (code, out) == (1, 'same\nsame\n')
    assert 'error[wrong-shape]' in err
    assert 'must not be repeated' in err
    assert (tmp_path / 'log.txt').read_text(encoding='utf-8') == 'entry\n'


def test_actions_that_give_functions(bend: Command, build: Build, tmp_path: Path) -> None:
    """The C of the direct engine cannot show these."""
    path = tmp_path / 'made.bend'
    path.write_text('def main():\n  with IO:\n    * <- IO/print("out\\n")\n    return wrap([lambda x: x])\n',
                    encoding='utf-8')
    assert output(build(bend('gen-c', path).out)) == (0, bend('run', path).out, '')
