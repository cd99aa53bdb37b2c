"""The playground (`examples/web`), and WebAssembly programs in a browser at all."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bend.cli.main import main
from tests.cli.test_gen_c_nets import SHAPE
from tests.web.browser import browser, evaluated

needs_browser = pytest.mark.skipif(browser() is None, reason='there is no Chromium')
EXAMPLES = Path(__file__).resolve().parents[2] / 'examples'

HELPERS = """
    const until = async (check, what) => {
        for (const end = performance.now() + 60000; performance.now() < end;) {
            if (check()) {
                return;
            }
            await new Promise(resolve => setTimeout(resolve, 10));
        }
        throw new Error(`waited in vain for ${what}`);
    };
    const status = () => element('status').textContent;
    const isOver = () => /^(Done|Failed|Stopped)/.test(status());
    const choose = async title => {
        await until(() => element('programs').children.length > 0, 'the programs');
        [...element('programs').children].find(button => button.textContent === title).click();
        await until(() => element('source').textContent !== '', 'the source');
    };
    const begin = (argument, memory) => {
        if (argument !== null) {
            document.querySelector('.argument').value = argument;
        }
        element('memory').value = memory ?? '2G';
        element('start').click();
    };
    const outcome = async () => {
        await until(isOver, 'the end');
        return [status().replace(/ in .*/, ''), element('output').textContent];
    };
    const ran = async (title, argument, memory) => {
        await choose(title);
        begin(argument, memory);
        return outcome();
    };
"""


@pytest.fixture(scope='module')
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The playground, as its script makes it."""
    spec = importlib.util.spec_from_file_location('web_build', EXAMPLES / 'web' / 'build.py')
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules['web_build'] = module
    spec.loader.exec_module(module)
    folder = tmp_path_factory.mktemp('site')
    assert module.make(folder) == 0
    return folder


@pytest.fixture
def built(tmp_path: Path) -> Callable[..., Path]:
    """Builds `made.wasm` of a source, with a page that only has the script; gives the folder."""
    def make(source: str, before: str = '') -> Path:
        path = tmp_path / 'made.bend'
        path.write_text(source, encoding='utf-8')
        assert main(['build', str(path), '--target', 'wasm32', '-o', str(tmp_path / 'made.wasm')]) == 0
        (tmp_path / 'page.html').write_text(f'<!doctype html>{before}<script src="bend.js"></script>')
        return tmp_path
    return make


def usual(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """What `bend run` prints."""
    capsys.readouterr()
    assert main(['run', *words]) == 0
    return capsys.readouterr().out


@needs_browser
def test_the_programs(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All that take a number run as `bend run` does; the source stands beside."""
    cases = [('tree sum', 'tree_sum', '10'), ('sort', 'sort', '8'), ('queens', 'queens', '6'),
             ('mandelbrot', 'mandelbrot', '30'), ('primes', 'primes', '50'), ('long list', 'long_list', '1000000')]
    calls = ', '.join(f'await ran("{title}", "{argument}")' for title, _, argument in cases)
    found = evaluated(site, 'index.html', f'{HELPERS} return [{calls}, element("source").textContent];')
    programs = EXAMPLES / 'web' / 'programs'
    for (_, file, argument), outcome in zip(cases, found, strict=False):
        assert outcome == ['Done', usual(capsys, str(programs / f'{file}.bend'), argument)]
    assert found[-1] == (programs / 'long_list.bend').read_text(encoding='utf-8')


@needs_browser
def test_input_errors_and_stopping(site: Path) -> None:
    found = evaluated(site, 'index.html', HELPERS + """
        const found = {};
        await choose('guess');
        begin(null);
        for (const line of ['higher', 'lower', 'yes']) {
            await until(() => !element('answer').hidden, 'a question');
            element('line').value = line;
            element('answer').requestSubmit();
        }
        found.game = await outcome();
        begin(null);
        await until(() => !element('answer').hidden, 'a question');
        element('end').click();
        found.end = await outcome();
        found.memory = await ran('tree sum', '22', '20M');
        found.arguments = await ran('tree sum', 'many');
        await choose('queens');
        begin('16');
        let ticks = 0;
        const timer = setInterval(() => ticks++, 5);
        await until(() => ticks > 20, 'time');
        clearInterval(timer);
        found.during = status();
        element('stop').click();
        found.stopped = await outcome();
        begin('5');
        found.after = await outcome();
        return found;""")
    assert found['game'] == ['Done', 'Think of a number from 1 to 100.\nIs it 50? higher\nIs it 75? lower\n'
                                     'Is it 62? yes\nIt took 3 guesses.\n']
    assert found['end'][1].endswith('Good-bye.\n')
    assert found['memory'][0] == 'Failed with exit code 1'
    assert found['memory'][1].startswith('error[out-of-memory]: The program ran out of memory')
    assert found['arguments'][0] == 'Failed with exit code 2'
    assert found['arguments'][1].startswith('error[command-line]: An argument is not a number')
    assert found['during'] == 'Running ...'
    assert found['stopped'] == ['Stopped.', '']
    assert found['after'] == ['Done', 'Result: 10\n']


DEEP = """
type Chain:
  Link { weight, ~rest }
  Last

# Recursion through constructors, numbers of all kinds, several results, functions, and many parameters.
def chain(n, f):
  switch n:
    case 0:
      return Chain/Last
    case _:
      return Chain/Link(f(n), chain(n-1, f))

def halves(chain):
  fold chain:
    case Chain/Link:
      (odd, even) = chain.rest
      return (chain.weight + even, odd + 1.0)
    case Chain/Last:
      return (0.0, 0.5)

def composed(n):
  switch n:
    case 0:
      return lambda x: x
    case _:
      rest = composed(n-1)
      return lambda x: rest(x) + 1

def wide(n, a, b, c, d, e, f, g):
  switch n:
    case 0:
      return a + b + c + d + e + f + g
    case _:
      return wide(n-1, b, c, d, e, f, g, a) * 3 + n

def main(n):
  f = lambda n: u24/to_f24(n % 2)
  return (halves(chain(n, f)), composed(n, 7), wide(n, 1, 2, 3, 4, 5, 6, 7))
"""


@needs_browser
def test_deep_recursion_of_all_kinds(built: Callable[..., Path], capsys: pytest.CaptureFixture[str]) -> None:
    """Functions go on with new stacks in the middle of whatever they do."""
    folder = built(DEEP)
    found = evaluated(folder, 'page.html', """
        const outcomes = [];
        for (const size of [10, 100000]) {
            outcomes.push(await bend.start('made.wasm', [size]).done);
        }
        outcomes.push(await bend.start('made.wasm', [1000000], { memory: '100M' }).done);
        return outcomes;""")
    for outcome, size in zip(found, ('10', '100000'), strict=False):
        assert f'Result: {outcome["result"]}\n' == usual(capsys, str(folder / 'made.bend'), size), outcome
    assert found[2]['code'] == 1
    assert found[2]['error'].startswith(('error[stack-overflow]: ', 'error[out-of-memory]: '))


@needs_browser
def test_programs_that_turn_out_to_need_nets(built: Callable[..., Path], capsys: pytest.CaptureFixture[str]) -> None:
    folder = built(SHAPE)
    outcome = evaluated(folder, 'page.html', "return await bend.start('made.wasm', [7]).done;")
    assert (outcome['code'], outcome['error']) == (0, '')
    assert f'Result: {outcome["result"]}\n' == usual(capsys, str(folder / 'made.bend'), '7')
    assert outcome['interactions'] > 7


@needs_browser
def test_a_browser_without_more_stacks(built: Callable[..., Path]) -> None:
    """The stack of the engine ends; the program says so, and where."""
    folder = built(DEEP, '<script>delete WebAssembly.promising</script>')
    found = evaluated(folder, 'page.html', """
        const program = await (await fetch('made.wasm')).arrayBuffer();
        return [await bend.run(program, [10]), await bend.run(program, [1000000])];""")
    assert found[0]['code'] == 0
    assert found[1]['code'] == 1
    assert found[1]['error'].startswith('error[stack-overflow]: Calls are nested too deeply for the stack.\n'
                                        "  = in definition 'composed'")
