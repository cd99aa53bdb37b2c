"""The table of operations on numbers, `tests/hvm/numbers.table`: what the compiled reference runtime gives for them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from bend import compiling, running
from bend.codegen.nets import compile_program
from bend.diagnostics import BendError
from bend.engines import Engine
from bend.hvm import net
from bend.hvm.numbers import show_net
from bend.hvm.reduce import reduce
from bend.hvm.text import parse_book
from bend.source import Source

TABLE = Path(__file__).parents[1] / 'hvm' / 'numbers.table'
ROWS = [(pair, result) for pair, _, result in (line.partition(' => ') for line in TABLE.read_text().splitlines())]
DEFINED = [(pair, result) for pair, result in ROWS if result != 'division by zero']
UNDEFINED = [pair for pair, result in ROWS if result == 'division by zero']
OPERATION = re.compile(r'(\S+) ~ \$\(\[([^\w\s]+)\] \$\((\S+) r\)\)')
# A compiled definition may have this many nodes at most, so that operations come in groups.
GROUP = 40


def book(text: str) -> net.Book:
    """The definitions of a core text."""
    return parse_book(Source('table.hvm', text))


def tuple_of(names: Iterable[str]) -> str:
    """A tree with wires, to the right."""
    listed = list(names)
    return ''.join(f'({name} ' for name in listed) + '*' + ')' * len(listed)


def numbers_in(tree: net.Tree) -> list[str]:
    """The numbers in such a tree."""
    found = []
    while isinstance(tree, net.Con):
        assert isinstance(tree.first, net.Num)
        found.append(show_net(tree.first.word))
        tree = tree.second
    return found


def groups(rows: list[tuple[str, str]]) -> list[list[tuple[str, str]]]:
    """The rows in groups."""
    return [rows[start:start + GROUP] for start in range(0, len(rows), GROUP)]


def pairs_text(rows: list[tuple[str, str]]) -> tuple[str, str]:
    """The tree of the results, and the active pairs."""
    pairs = ''.join(f'\n  & {re.sub(" r(?=[)])", f" r{index}", pair)}' for index, (pair, _) in enumerate(rows))
    return tuple_of(f'r{index}' for index in range(len(rows))), pairs


def run(text: str) -> list[str]:
    """The numbers that a core text gives when it is compiled."""
    result = running.execute(compile_program(book(text), 1), 'net', running.Resources(1))
    return numbers_in(result.net.root)


def differences(rows: list[tuple[str, str]], found: list[str]) -> list[tuple[str, str, str]]:
    """The rows with another result."""
    return [(pair, expected, given) for (pair, expected), given in zip(rows, found, strict=True) if expected != given]


def test_the_table_is_large() -> None:
    assert len(ROWS) >= 500
    assert len(set(ROWS)) == len(ROWS)
    assert len(UNDEFINED) > 5


def test_reducer() -> None:
    found = [show_net(reduce(book(f'@main = r & {pair}')).net.root.word) for pair, _ in DEFINED]
    assert differences(DEFINED, found) == []


def test_native_engine_with_numbers_in_main() -> None:
    """`main` is instantiated node by node, so that these are operations of the kernel."""
    tree, pairs = pairs_text(DEFINED)
    assert differences(DEFINED, run(f'@main = {tree}{pairs}')) == []


def test_native_engine_with_numbers_known_to_the_compiler() -> None:
    parts = [pairs_text(rows) for rows in groups(DEFINED)]
    text = ''.join(f'@f{index} = (* {tree}){pairs}\n' for index, (tree, pairs) in enumerate(parts))
    calls = ''.join(f'\n  & @f{index} ~ (0 c{index})' for index in range(len(parts)))
    root = '(' + ' ('.join(f'c{index}' for index in range(len(parts))) + ' *' + ')' * len(parts)
    result = running.execute(compile_program(book(f'@main = {root}{calls}\n{text}'), 1), 'net', running.Resources(1))
    found: list[str] = []
    tree = result.net.root
    while isinstance(tree, net.Con):
        found += numbers_in(tree.first)
        tree = tree.second
    assert differences(DEFINED, found) == []


def test_native_engine_with_numbers_known_at_run_time_only() -> None:
    """One function for each operator, in the form that the compiler writes in line."""
    rows = [(pair, result) for pair, result in DEFINED if OPERATION.fullmatch(pair)]
    operators: dict[str, str] = {}
    calls = ''
    for index, (pair, _) in enumerate(rows):
        match = OPERATION.fullmatch(pair)
        assert match is not None
        name = operators.setdefault(match[2], f'f{len(operators)}')
        calls += f'\n  & @{name} ~ ({match[1]} ({match[3]} r{index}))'
    text = ''.join(f'@{name} = (a (b r)) & a ~ $([{operator}] $(b r))\n' for operator, name in operators.items())
    root = tuple_of(f'r{index}' for index in range(len(rows)))
    assert differences(rows, run(f'@main = {root}{calls}\n{text}')) == []


NANS = [
    ('8355841 ~ $([+] $(1.0 x))', '[*0x07FC001]'), ('1.0 ~ $([+] $(+NaN x))', '[*0x07FC001]'),
    ('0.0 ~ $([/] $(0.0 x))', '[*0x0FFC001]'), ('-1.0 ~ $([^] $(0.5 x))', '[*0x0FFC001]'),
    ('2.0 ~ $([|] $(-1.0 x))', '[*0x0FFC001]'), ('+inf ~ $([<<] $(0.0 x))', '[*0x0FFC001]'),
    ('+inf ~ $([>>] $(0.0 x))', '[*0x0FFC001]'), ('1.0 ~ $([%] $(0.0 x))', '[*0x0FFC001]'),
    ('16777215 ~ $([*] $(2.0 x))', '[*0x0FFFFFF]'),
]
"""Operations that give NaN, and its bits as a partial operator shows them; by the compiled reference as well."""


@pytest.mark.parametrize(('pair', 'expected'), NANS)
def test_bits_of_nan(pair: str, expected: str) -> None:
    text = f'@main = (r *) & {pair} & x ~ $([*] r)'
    assert numbers_in(reduce(book(text)).net.root) == run(text) == [expected]


@pytest.mark.parametrize('engine', ['net', 'reference'])
def test_division_by_zero(engine: Engine) -> None:
    for pair in UNDEFINED if engine == 'reference' else UNDEFINED[::5]:
        built = compiling.build(book(f'@main = r & @f ~ (0 r)\n@f = (* r) & {pair}'), engine)
        with pytest.raises(BendError) as caught:
            running.execute(built, engine, running.Resources(1))
        diagnostic, = caught.value.diagnostics
        assert (diagnostic.code, diagnostic.definition) == ('division-by-zero', 'f')
        assert diagnostic.labels[0].span.position[0] == 2
