"""Counting integers that do not fit: both engines count the same, with any number of threads."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from bend import compiling, running
from bend.engines import Engine
from bend.hvm import net
from bend.hvm.text import parse_book
from bend.source import Source

TABLE = Path(__file__).parents[1] / 'hvm' / 'numbers.table'
PAIRS = [pair for pair, _, result in (line.partition(' => ') for line in TABLE.read_text().splitlines())
         if result != 'division by zero' and '.' not in pair]
MANY = '''@main = r & @tree ~ (10 r)
@tree = (?((@leaf @branch) r) r)
@leaf = r & @operations ~ (16777215 (-8388608 r))
@branch = ({a b} r)
  & @tree ~ (a $([+] $(s r)))
  & @tree ~ (b s)
@operations = ({a {b {c d}}} (i r))
  & a ~ $([+1] $([&] $(s $([+] $(t r)))))
  & b ~ $([:-0] s)
  & c ~ $([<<4] $([^] $(u t)))
  & d ~ $([*] $(3 $([+] $(v u))))
  & i ~ $([-1] $([u24] v))
'''


def book(text: str) -> net.Book:
    """The definitions of a core text."""
    return parse_book(Source('overflow.hvm', text))


def counted(nets: net.Book, engine: Engine, threads: int = 1) -> running.Overflows:
    """What a run counts."""
    overflows: running.Overflows = Counter()
    program = compiling.build(nets, engine, compiling.Counting(overflows=True))
    running.execute(program, engine, running.Resources(threads), overflows=overflows)
    return overflows


@pytest.mark.parametrize('form', ['main', 'compiled'])
def test_engines_count_the_same_operations(form: str) -> None:
    """Those of the table: in `main`, which is not compiled, and with operands known when code is compiled."""
    text = ''.join(f'@f{index} = (* r)\n  & {pair}\n' for index, pair in enumerate(PAIRS))
    calls = ''.join(f'\n  & @f{index} ~ (0 *)' for index in range(len(PAIRS)))
    if form == 'main':
        text, calls = '', ''.join(f'\n  & {pair.replace(" r)", " *)")}' for pair in PAIRS)
    nets = book(f'@main = 0{calls}\n{text}')
    native = counted(nets, 'net')
    assert native == counted(nets, 'reference')
    assert 30 < len(native) < len(PAIRS) / 2
    assert set(native.values()) == {1}


@pytest.mark.parametrize('threads', [1, 2, 8])
def test_counts_do_not_depend_on_threads(threads: int) -> None:
    nets = book(MANY)
    overflows = counted(nets, 'net', threads)
    assert overflows == counted(nets, 'reference')
    assert sum(overflows.values()) > 4 << 10


def test_copied_operations_keep_their_places() -> None:
    """An operation that waits for its operand is copied with the function that it is in."""
    nets = book('''@main = (r s)
  & @apply ~ ((a b) ({(16777215 r) (16777214 s)} *))
  & a ~ $([+2] b)
@apply = (f (f *))
''')
    native = counted(nets, 'net')
    assert native == counted(nets, 'reference')
    (place, count), = native.items()
    assert place is not None
    assert (place.function, count, str(place.span)) == ('main', 2, 'overflow.hvm:3:9')


def test_nothing_is_counted_unless_asked_for() -> None:
    overflows: running.Overflows = Counter()
    artifact = compiling.build(book(MANY), 'net')
    running.execute(artifact, 'net', running.Resources(1), overflows=overflows)
    assert overflows == Counter()
    assert artifact.counted == 0
