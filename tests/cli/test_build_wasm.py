"""`bend build --target wasm32`: WebAssembly that prints in Node what `bend run` prints, and the script that runs it.
`tests/golden/standalone.py --wasm` compares all golden programs; `tests/web` runs programs in a browser."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from bend.building.wasm import host_script
from bend.runtime.wasm_target import NoTarget
from tests.cli.conftest import Command
from tests.cli.test_gen_c import ACTIONS, ARGUMENTS, DEEP, DIVISION, RESULTS
from tests.cli.test_gen_c_nets import BUDGET, RESTARTS, SHAPE, TERMS, timeless
from tests.cli.test_gen_c_nets import RESULTS as NET_RESULTS

needs_node = pytest.mark.skipif(not shutil.which('node'), reason='there is no Node')

LIST = '''
def numbers(n):
  switch n:
    case 0:
      return []
    case _:
      return List/Cons(n % 10, numbers(n-1))

def total(xs):
  match xs:
    case List/Nil:
      return 0
    case List/Cons:
      return xs.head + total(xs.tail)

def main(n):
  return total(numbers(n))
'''

MUTUAL = '''
def even(n, a):
  switch n:
    case 0:
      return ("even", a)
    case _:
      return odd(n-1, a, 1, 2, 3)

def odd(n, a, b, c, d):
  switch n:
    case 0:
      return ("odd", a + b + c + d - 4)
    case _:
      return even(n-1, a + b + c - 3)

def main(n):
  return even(n, 1)
'''

TREES = '''
def tree(depth):
  switch depth:
    case 0:
      return (1, 2)
    case _:
      return (tree(depth-1), tree(depth-1))

def main():
  return tree(24)
'''

INPUT = '''
def main():
  with IO:
    first <- IO/FS/read_line(0)
    some <- IO/FS/read(0, 4)
    rest <- IO/FS/read_to_end(0)
    none <- IO/FS/read_line(0)
    * <- IO/FS/write(2, [101, 114, 114, 10])
    wrong <- IO/FS/write(1, 7)
    * <- IO/sleep(0.01)
    return wrap([first, some, rest, none, wrong])
'''

FILES = '''
def main():
  with IO:
    file <- IO/FS/open("note.txt", "a+")
    handle = Result/unwrap(file)
    * <- IO/FS/write(handle, [48, 49, 50, 10, 51, 10])
    * <- IO/FS/seek(handle, +2, IO/FS/SEEK_SET)
    line <- IO/FS/read_line(handle)
    * <- IO/FS/seek(handle, -2, IO/FS/SEEK_CUR)
    again <- IO/FS/read_to_end(handle)
    negative <- IO/FS/seek(handle, -1, IO/FS/SEEK_SET)
    return wrap([line, again, negative])
'''

MODES = '''
def opened(mode):
  with IO:
    file <- IO/FS/open("note.txt", mode)
    match file:
      case Result/Ok:
        read <- IO/FS/read(file.val, 1)
        written <- IO/FS/write(file.val, [65])
        * <- IO/FS/close(file.val)
        closed <- IO/FS/close(file.val)
        return wrap([read, written, closed])
      case Result/Err:
        return wrap([file])

def main():
  return opened("MODE")
'''

GREETING = '''
def main():
  with IO:
    name <- IO/input()
    * <- IO/print("Hello, ")
    * <- IO/print(Result/unwrap(name))
    missing <- IO/FS/open("note.txt", "r")
    return wrap(missing)
'''


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder of the test's own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def built(bend: Command, folder: Path) -> Callable[..., None]:
    """Builds `made.wasm` of a source with options."""
    def make(source: str, *words: str) -> None:
        (folder / 'made.bend').write_text(source, encoding='utf-8')
        outcome = bend('build', 'made.bend', '--target', 'wasm32', *words)
        assert (outcome.code, outcome.out) == (0, ''), outcome.err
    return make


def output(*words: str, given: bytes = b'') -> tuple[int, str, str]:
    """The exit code and the output of Node with the module that was built."""
    done = subprocess.run(['node', 'bend.js', *words], input=given, capture_output=True, timeout=60, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


@needs_node
def test_results_of_all_kinds(bend: Command, built: Callable[..., None]) -> None:
    built(RESULTS)
    usual = bend('run', 'made.bend')
    assert usual.code == 0, usual.err
    assert output('made.wasm') == (0, usual.out, '')
    code, out, _ = output('-s', '--memory=1G', 'made.wasm')
    assert code == 0
    assert out.startswith(f'{usual.out}- ENGINE: direct\n- TIME: 0.')


@needs_node
def test_actions(built: Callable[..., None], folder: Path) -> None:
    built(ACTIONS)
    code, out, err = output('made.wasm', given='Zoë\nmore\n'.encode())
    assert (code, err) == (0, '')
    assert out == ('Hello, Zoë!\n'
                   'Result: ("Zoë", (Result/Ok([105, 255, 10]), (Result/Err(+2), (Result/Err(+9), Kind/Known))))\n')
    assert (folder / 'note.txt').read_bytes() == b'hi\xff\n'


@needs_node
def test_input_from_a_pipe_and_from_a_file(built: Callable[..., None], folder: Path) -> None:
    built(INPUT, '--engine', 'direct')
    given = folder / 'given.txt'
    given.write_bytes(b'a line\nof many\nand more')
    expected = (0, f'Result: [Result/Ok({list(b"a line")}), Result/Ok({list(b"of m")}), Result/Ok('
                   f'{list(given.read_bytes()[11:])}), Result/Ok([]), Result/Err(*)]\n', 'err\n')
    assert output('made.wasm', given=given.read_bytes()) == expected
    with given.open('rb') as file:
        done = subprocess.run(['node', 'bend.js', 'made.wasm'], stdin=file, capture_output=True, check=False)
    assert (done.returncode, done.stdout.decode(), done.stderr.decode()) == expected


@needs_node
def test_files(built: Callable[..., None], folder: Path) -> None:
    (folder / 'note.txt').write_bytes(b'?\n')
    built(FILES, '--engine', 'direct')
    assert output('made.wasm') == (
        0, f'Result: [Result/Ok({list(b"012")}), Result/Ok({list(b"2" + bytes([10]) + b"3" + bytes([10]))}), '
           'Result/Err(+22)]\n', '')
    assert (folder / 'note.txt').read_bytes() == b'?\n012\n3\n'


@needs_node
@pytest.mark.parametrize('mode', ['rb+', 'w', 'a', 'rw', 'wx'])
def test_modes_of_files(mode: str, bend: Command, built: Callable[..., None], folder: Path) -> None:
    built(MODES.replace('MODE', mode), '--engine', 'direct')
    note = folder / 'note.txt'
    note.write_bytes(b'note')
    usual = bend('run', 'made.bend')
    after = note.read_bytes()
    note.write_bytes(b'note')
    assert output('made.wasm') == (0, usual.out, '')
    assert note.read_bytes() == after


@needs_node
def test_arguments(built: Callable[..., None]) -> None:
    """Numbers on the command line, of the types that the program gives them; or terms, when it is built."""
    built(ARGUMENTS)
    assert output('made.wasm', '2', '--', '-4') == (0, 'counting\nResult: [-4, -1, +2]\n', '')
    code, out, _ = output('-t2', '--threads=2', '-t', '1', 'made.wasm', '0x1', '+8388607')
    assert (code, out) == (0, 'counting\nResult: [+8388607, -8388606]\n')
    wrong = ([], ['1'], ['1', '2', '3'], ['-1', '2'], ['--', '-1', '2'], ['1', '8388608'], ['1', '1.5'], ['', '1'],
             ['16777216', '1'], ['one', '1'], ['--engine', 'net'], ['--memory'], ['--memory='], ['-t0'], ['-t', 'many'])
    for words in wrong:
        code, out, err = output('made.wasm', *words)
        assert (code, out) == (2, ''), words
        assert err.startswith('error[command-line]: '), words
    built(LIST, '7')
    assert output('made.wasm') == (0, 'Result: 28\n', '')


@needs_node
def test_runs_that_fail(bend: Command, built: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('NO_COLOR', '1')
    built(DIVISION)
    usual = bend('run', 'made.bend')
    known = ''.join(line for line in usual.err.splitlines(keepends=True) if 'called from' not in line)
    assert output('made.wasm') == (1, '', known)
    built(TREES)
    assert output('--memory', '100M', 'made.wasm') == (
        1, '', 'error[out-of-memory]: The program ran out of memory: it had used 101 MB of 100 MB.\n'
               '  = hint: Allow it more with `--memory SIZE`.\n\n')


@needs_node
def test_an_engine_that_gets_no_memory(built: Callable[..., None]) -> None:
    built(LIST, '7')
    done = subprocess.run(['sh', '-c', 'ulimit -v 4000000; exec node bend.js made.wasm'], capture_output=True,
                          timeout=60, check=False, text=True)
    assert (done.returncode, done.stdout) == (1, '')
    assert done.stderr.startswith('error[out-of-memory]: The engine cannot reserve memory: ')


@needs_node
def test_deep_recursion(built: Callable[..., None]) -> None:
    built(LIST)
    assert output('made.wasm', '1000000') == (0, 'Result: 4500000\n', '')
    built(DEEP)
    code, out, err = output('--memory', '20M', 'made.wasm')
    assert (code, out) == (1, '')
    assert err.startswith('error[stack-overflow]: Calls are nested too deeply')
    assert "in definition 'count'" in err


@needs_node
def test_what_is_no_program(built: Callable[..., None], folder: Path) -> None:
    built(DIVISION)
    (folder / 'text.wasm').write_text('no module')
    (folder / 'empty.wasm').write_bytes(b'\0asm\1\0\0\0')
    module = (folder / 'made.wasm').read_bytes()
    older = module.replace(b'"version":"', b'"version":"x', 1).replace(b'"source":"m', b'"source":"')
    (folder / 'old.wasm').write_bytes(older)
    for words, code, message in (
            ((), 2, 'No program is named'), (('missing.wasm',), 1, 'The program cannot be read'),
            (('text.wasm',), 1, 'This is no WebAssembly module'), (('empty.wasm',), 1, 'is not made by Bend'),
            (('old.wasm',), 1, 'The module is made by version x')):
        found, out, err = output(*words)
        assert (found, out) == (code, ''), err
        assert message in err
    assert output('--help')[1].startswith('usage: ')


@needs_node
def test_the_script_in_other_programs(built: Callable[..., None], folder: Path) -> None:
    """`run` where it is called, and `start` in a thread that can be stopped; output and input go to functions."""
    built(GREETING)
    (folder / 'use.js').write_text('''
        const { run, start } = require('./bend.js');
        const program = require('fs').readFileSync('made.wasm');
        (async () => {
            const found = [];
            for (const call of [run, (...given) => start(...given).done]) {
                let printed = '';
                const lines = ['Zoë\\n'];
                const { result, code, error } = await call(program, [], {
                    memory: '50M', onInput: () => lines.shift() ?? null, onOutput: text => printed += text });
                found.push([printed, result, code, error]);
            }
            const job = start(program, [], { onInput: () => new Promise(() => undefined) });
            setTimeout(job.stop, 50);
            found.push(await job.done);
            console.log(JSON.stringify(found));
        })();''', encoding='utf-8')
    done = subprocess.run(['node', 'use.js'], capture_output=True, timeout=60, check=True)
    here, there, stopped = json.loads(done.stdout)
    # A program that is given functions for its streams gets no files.
    assert here == there == ['Hello, Zoë', 'Result/Err(+2)', 0, '']
    assert stopped['code'] == 130


@needs_node
def test_calls_in_the_place_of_the_caller(built: Callable[..., None], folder: Path) -> None:
    """They use no stack, of which Node has little without a thread."""
    built(MUTUAL)
    (folder / 'use.js').write_text('''
        require('./bend.js').run(require('fs').readFileSync('made.wasm'), [1000001])
            .then(({ result, error }) => console.log(JSON.stringify([result, error])));''', encoding='utf-8')
    done = subprocess.run(['node', 'use.js'], capture_output=True, timeout=60, check=True)
    assert json.loads(done.stdout) == ['("odd", 3)', '']


def test_a_module_by_itself(bend: Command, program: Callable[[str], str], folder: Path) -> None:
    path = program(LIST)
    assert bend('build', path, '--target', 'wasm32', '-o', 'it.wasm').code == 0
    module = (folder / 'it.wasm').read_bytes()
    assert module.startswith(b'\0asm\1\0\0\0')
    assert len(module) < 10_000
    assert (folder / 'bend.js').read_text(encoding='utf-8') == host_script()
    assert bend('build', path, '--target', 'wasm32', '-o', 'again.wasm').code == 0
    assert (folder / 'again.wasm').read_bytes() == module


def test_no_target(bend: Command, program: Callable[[str], str], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(text: str, level: int) -> bytes:
        raise NoTarget('no target')

    monkeypatch.setattr('bend.building.wasm_module.compile_wasm_object', refuse)
    outcome = bend('build', program(LIST), '--target', 'wasm32')
    assert (outcome.code, outcome.out) == (1, '')
    assert outcome.err.startswith('error[no-target]: The LLVM that llvmlite has here makes no WebAssembly: no target.')
    assert 'pip install --force-reinstall llvmlite' in outcome.err


def test_errors_of_the_program(bend: Command, program: Callable[[str], str], folder: Path) -> None:
    outcome = bend('build', program('main = (+ 1 {2 3})'), '--target', 'wasm32', '--engine', 'direct')
    assert outcome.code == 1
    assert 'error[needs-nets]: The direct engine cannot run this program, because ' in outcome.err
    assert sorted(entry.name for entry in folder.iterdir()) == ['program.bend']


# ---- nets ----------------------------------------------------------------------------------------

LOOP = '''
def work(n):
  switch n:
    case 0:
      return 1
    case _:
      return work(n-1) + work(n-1)

def main(n):
  return 100 / (work(n) - 1)
'''

LISTS = '''
def numbers(n):
  switch n:
    case 0:
      return []
    case _:
      return List/Cons(n, numbers(n-1))

def main(n):
  return numbers(n)
'''

LINES = '''
def repeat(n):
  with IO:
    line <- IO/FS/read_line(0)
    * <- IO/FS/write(1, Result/unwrap(line))
    switch n:
      case 0:
        return wrap("end")
      case _:
        return repeat(n-1)

def main():
  return repeat(1)
'''


@needs_node
@pytest.mark.parametrize('words', [(), ('-O', 'adt-scott')])
@pytest.mark.parametrize('source', [NET_RESULTS, TERMS], ids=['data', 'terms'])
def test_results_of_nets(source: str, words: tuple[str, ...], bend: Command, built: Callable[..., None]) -> None:
    """Also warnings of what is no term, and interactions."""
    built(source, '--engine', 'net', *words)
    usual = bend('run', '--engine', 'net', '-s', '-t', '1', *words, 'made.bend')
    assert usual.code == 0, usual.err
    code, out, err = output('made.wasm', '-s')
    assert (code, timeless(out), err) == (0, timeless(usual.out), usual.err)


@needs_node
def test_deep_results_of_nets(built: Callable[..., None]) -> None:
    """The bag of tasks and memory grow, and nothing is as deep as the result is."""
    built(LISTS, '--engine', 'net')
    code, out, err = output('made.wasm', '300000')
    assert (code, err) == (0, '')
    assert out == f'Result: [{", ".join(map(str, range(300000, 0, -1)))}]\n'
    assert output('made.wasm', '300000', '--memory', '4M') == (
        1, '', 'error[out-of-memory]: The program ran out of memory: it had used 4 MB of 4 MB.\n'
               '  = hint: Allow it more with `--memory SIZE`.\n\n')


@needs_node
def test_nets_that_divide_by_zero(bend: Command, built: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('NO_COLOR', '1')
    built(LOOP, '--engine', 'net')
    assert output('made.wasm', '3') == (0, 'Result: 14\n', '')
    assert output('made.wasm', '0') == (1, '', bend('run', '--engine', 'net', 'made.bend', '0').err)


@needs_node
def test_actions_of_nets(built: Callable[..., None], folder: Path) -> None:
    built(ACTIONS, '--engine', 'net')
    code, out, err = output('made.wasm', given='Zoë\nmore\n'.encode())
    assert (code, err) == (0, '')
    assert out == ('Hello, Zoë!\n'
                   'Result: ("Zoë", (Result/Ok([105, 255, 10]), (Result/Err(+2), (Result/Err(+9), Kind/Known))))\n')
    assert (folder / 'note.txt').read_bytes() == b'hi\xff\n'


@needs_node
def test_long_lists_of_actions_of_nets(built: Callable[..., None]) -> None:
    """They go through memory piece by piece."""
    built(LINES, '--engine', 'net')
    first, second = 'é' * 20000, 'x' * 16383
    given = f'{first}\n{second}\n'.encode()
    assert output('made.wasm', given=given) == (0, f'{first}{second}Result: "end"\n', '')


@needs_node
@pytest.mark.parametrize('source', ['main = (+ 1 {2 3})', 'main = λx (+ x 1)'])
def test_the_engine_is_chosen(source: str, bend: Command, built: Callable[..., None]) -> None:
    """What only nets can do runs as nets."""
    built(source)
    assert output('made.wasm') == (0, bend('run', 'made.bend').out, '')


@needs_node
@pytest.mark.parametrize(('source', 'words'), [
    ('def main(n):\n  return [n, lambda x: x]\n', ['7']),
    (SHAPE, ['7']),
    (BUDGET, []),
], ids=['function', 'shape', 'budget'])
def test_a_program_begins_again_as_nets(source: str, words: list[str], bend: Command, built: Callable[..., None],
                                        folder: Path) -> None:
    built(source)
    usual = bend('run', '--engine', 'net', '-s', 'made.bend', *words)
    code, out, err = output('made.wasm', '-s', *words)
    assert (code, timeless(out), err) == (0, timeless(usual.out), '')


@needs_node
def test_a_program_that_has_acted_begins_again_as_nets(built: Callable[..., None], folder: Path) -> None:
    """Nothing is performed twice; where it is not known any more what was performed, the run ends."""
    built(RESTARTS)
    code, out, err = output('made.wasm', '-s', '5', given=b'first\nnext\n')
    assert (code, err) == (0, '')
    result = '(Result/Ok("first"), (Result/Ok([110, 101, 120, 116]), (λn n, (5, (0, Result/Err(+2))))))'
    assert out.startswith(f'same\nsame\nlast\nResult: {result}\n- ITRS: ')
    assert (folder / 'log.txt').read_text(encoding='utf-8') == 'entry\n'
    script = folder / 'bend.js'
    text = script.read_text(encoding='utf-8')
    limit = 'RECORD_LIMIT = 64 * MEGABYTE'
    assert text.count(limit) == 1
    script.write_text(text.replace(limit, 'RECORD_LIMIT = 600'), encoding='utf-8')
    code, out, err = output('made.wasm', '5', given=b'first\nnext\n')
    assert (code, out) == (1, 'same\nsame\n')
    assert 'error[wrong-shape]' in err
    assert 'must not be repeated' in err
