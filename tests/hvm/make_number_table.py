"""Makes `numbers.table`: active pairs of numbers and what the compiled reference runtime gives for them.

    python tests/hvm/make_number_table.py HVM > tests/hvm/numbers.table

`HVM` is the reference's binary. Where it dies (division by an integer zero), the table says so.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from itertools import product

OPERATORS = ('+', '-', ':-', '*', '/', ':/', '%', ':%', '=', '!', '<', '>', '&', '|', '^', '<<', ':<<', '>>', ':>>')
DIVISIONS = {'/': 1, '%': 1, ':/': 0, ':%': 0}
OPERANDS = {
    'u24': [('0', '0'), ('1', '16777215'), ('16777215', '2'), ('12345', '678'), ('8388608', '8388607'), ('5', '33')],
    'i24': [('+0', '-1'), ('-8388608', '-1'), ('+8388607', '+8388607'), ('-12345', '+678'), ('+7', '-3'),
            ('-1', '+0')],
    'f24': [('0.0', '-0.0'), ('1.5', '-2.25'), ('0.1', '3.0e38'), ('-7.5', '2.0'), ('+inf', '-1.0'), ('+NaN', '1.0'),
            ('1.0e-40', '0.3'), ('65535.0', '3.0'), ('1.0e10', '0.5'), ('-0.75', '-3.0'), ('3.0e38', '+inf')],
}
MIXED = [('1', '-1'), ('-1', '1'), ('1.5', '7'), ('7', '1.5'), ('-3', '0.5'), ('0.5', '+3')]
CASTS = ['0', '7', '16777215', '8388608', '65537', '65539', '+0', '-1', '+8388607', '-8388608', '-65537', '0.0', '-0.0',
         '0.99', '-0.99', '2.5', '-2.5', '16777215.0', '16777216.0', '1.0e20', '-1.0e20', '+inf', '-inf', '+NaN',
         '8388607.0', '8388608.0', '-8388608.0', '1.0e-45']
LITERALS = ['0x1F', '0b101', '0xFFFFFF', '+0x10', '-0x10', '-0b11', '+0', '-0', '0.1', '0.0001', '1.0e15', '1.0e16',
            '4.0e-43', '1.0e-45', '3.4028e38', '1.0e39', '-1.0e39', '1.00001525878906250', '1.000045776367187500',
            '0.5', '100.0', '123456.789', '-2.5e-10', '+1.5', '+inf', '-inf', '+NaN', '1.0e10', '9.99995', '0.3333']
RETAGGED = ['[+1]', '[:-16777215]', '[*1.5]', '[/-3]', '[&+3]', '[>>7]']


def pairs() -> Iterator[str]:
    """All active pairs, with their result at `r`."""
    for operands in OPERANDS.values():
        yield from (f'{a} ~ $([{operator}] $({b} r))' for operator, (a, b) in product(OPERATORS, operands))
    yield from (f'{a} ~ $([{operator}] $({b} r))' for operator, (a, b) in product(OPERATORS, MIXED))
    for operator, operands in product(OPERATORS, OPERANDS.values()):
        a, b = operands[3]
        yield f'[{operator}{a}] ~ $({b} r)'
        yield f'{b} ~ $([{operator}{a}] r)'
        yield f'{b} ~ $([{operator}] r)'
    yield from (f'{value} ~ $([{kind}] r)' for kind, value in product(OPERANDS, CASTS))
    # The smallest operation that shows a literal: a cast to the type that it has.
    yield from (f'{value} ~ $([{_kind(value)}] r)' for value in LITERALS)
    yield from (f'{word} ~ $([{other}] r)' for word, other in product(RETAGGED, ('u24', 'i24', 'f24', '+', ':<<')))


def _kind(literal: str) -> str:
    if '.' in literal or 'inf' in literal or 'NaN' in literal:
        return 'f24'
    return 'i24' if literal[0] in '+-' else 'u24'


def divides_by_zero(pair: str) -> bool:
    """Whether an operation of integers has no result."""
    match = re.fullmatch(r'(\S+) ~ \$\(\[(\S+)\] \$\((\S+) r\)\)', pair)
    if match is None or match[2] not in DIVISIONS or _kind(match[3]) == 'f24':
        return False
    divisor = match[3] if DIVISIONS[match[2]] else match[1]
    return divisor in ('0', '+0', '0.0')


def expected(hvm: str, batch: list[str]) -> list[str]:
    """What the runtime gives for the pairs, all in one program."""
    root = ''.join(f'(r{index} ' for index in range(len(batch))) + '*' + ')' * len(batch)
    lines = [f'  & {re.sub(r" r(?=[)])", f" r{index}", pair)}' for index, pair in enumerate(batch)]
    with tempfile.NamedTemporaryFile('w', suffix='.hvm') as file:
        file.write(f'@main = {root}\n' + '\n'.join(lines) + '\n')
        file.flush()
        output = subprocess.run([hvm, 'run-c', file.name], capture_output=True, text=True, check=True).stdout
    words = re.sub(r'[()]', ' ', output.partition('Result:')[2].partition('\n')[0]).split()
    assert words[-1] == '*', output
    assert len(words) == len(batch) + 1, output
    return words[:-1]


def main() -> None:
    """Writes the table."""
    found = list(dict.fromkeys(pairs()))
    alive = [pair for pair in found if not divides_by_zero(pair)]
    results: dict[str, str] = {}
    for start in range(0, len(alive), 40):
        batch = alive[start:start + 40]
        results.update(zip(batch, expected(sys.argv[1], batch), strict=True))
    for pair in found:
        print(f'{pair} => {results.get(pair, "division by zero")}')


if __name__ == '__main__':
    main()
