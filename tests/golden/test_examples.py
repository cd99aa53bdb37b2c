"""Each example runs and prints what its header says."""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path
from typing import cast

import pytest

from bend.cli.main import main

EXAMPLES = Path(__file__).resolve().parents[2] / 'examples'

RESULTS = {
    'bitonic_sort': '(1648, (8184530, (16775204, 1)))',
    'church_numerals': '[7, 60, 1, 0, 6]',
    'expression_evaluator': '(40, (13, "(2 * x + 3)"))',
    'fibonacci': '(17711, 17711)',
    'merge_sort': '([23, 26, 27, 31, 33, 41, 53, 58, 59, 62, 64, 83, 84, 93, 95, 97], (47, ([1, 3, 5], [2, 4])))',
    'n_queens': '[1, 0, 0, 2, 10, 4, 40]',
    'parallel_sum': '5603328',
    'quicksort': '([0, 5, 65, 114, 178, 189, 219, 281, 433, 506, 578, 676, 706, 716, 722, 764, 801, 870, 886, 894, '
                 '903, 958, 974, 981], 1)',
    'shapes': '(2478, (3814, 5))',
    'tree_sum': '(8390656, (12, [1, 2, 3, 4, 5, 6]))',
    'word_count': '(17, [("the", 6), ("fish", 2), ("bicycle", 0)])',
}
"""What the examples print. Tuples print as the pairs that they are."""

DIALOGUES = {
    'guess': ('higher\nlower\nwhat\nyes\n',
              'Think of a number from 1 to 100.\nIs it 50? Is it 75? Is it 62? Please say higher, lower or yes.\n'
              'Is it 62? It took 3 guesses.\n'),
    'line_count': ('one two\n  three\n', '2 lines, 3 words, 16 bytes\n'),
}
"""What examples find on standard input, and what they answer."""

MANDELBROT_MIDDLE = '  @@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@++..... '


def run(name: str, capfd: pytest.CaptureFixture[str], *words: str) -> str:
    """What an example prints; it must end well."""
    capfd.readouterr()
    code = main(['run', *words, str(EXAMPLES / f'{name}.bend')])
    sys.stdout.flush()
    captured = capfd.readouterr()
    assert code == 0, captured.err
    return captured.out


@pytest.mark.parametrize('name', RESULTS)
@pytest.mark.parametrize('threads', ['1', '2'])
def test_result(name: str, threads: str, capfd: pytest.CaptureFixture[str]) -> None:
    """The result is right, on one thread and on two."""
    out = run(name, capfd, '-t', threads, '--readback', 'lambda')
    assert out == f'Result: {RESULTS[name]}\n'


def give(question: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Puts a text on standard input."""
    data = io.BufferedReader(cast(io.RawIOBase, io.BytesIO(question.encode())))
    monkeypatch.setattr(sys, 'stdin', io.TextIOWrapper(data, encoding='utf-8'))


@pytest.mark.parametrize('name', DIALOGUES)
def test_dialogue(name: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer to the input is right, and nothing else is printed."""
    question, answer = DIALOGUES[name]
    give(question, monkeypatch)
    assert run(name, capfd) == answer


def test_game_of_life(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The glider has its second form, and moves by one row and column in four generations: by 250 in a thousand."""
    give('\nfar\n', monkeypatch)
    *boards, end = run('game_of_life', capfd).split('\n\n')
    first, second, third = (board.splitlines() for board in boards)
    assert end == 'The end.\n'
    assert [len(row) for row in first] == [12] * 12
    assert [row[:3] for row in first[:4]] == ['.#.', '..#', '###', '...']
    assert [row[:3] for row in second[:4]] == ['...', '#.#', '.##', '.#.']
    moved = 250 % 12
    assert [row[moved:] + row[:moved] for row in third[moved:] + third[:moved]] == second


def test_mandelbrot(capfd: pytest.CaptureFixture[str]) -> None:
    """The picture has its rows, and is the same upside down."""
    rows = re.findall('"([^"]*)"', run('mandelbrot', capfd))
    assert len(rows) == 15
    assert rows[7] == MANDELBROT_MIDDLE
    assert rows == rows[::-1]


def test_every_example_is_tested() -> None:
    """No example without an expected result."""
    assert {path.stem for path in EXAMPLES.glob('*.bend')} == {*RESULTS, *DIALOGUES, 'game_of_life', 'mandelbrot'}
