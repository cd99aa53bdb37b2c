"""The reference's own programs in HVM text, run in place and compared with what was recorded of them.

They need a checkout of the repository of HVM2: `pytest tests/reference --hvm-path DIRECTORY`, or its path in the
environment variable HVM_REFERENCE.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bend.cli.main import hvm_main

sys.path.insert(0, str(Path(__file__).resolve().parent))
from net_suite import PATH_VARIABLE, NetCase, find_net_cases, net_checkout_of, same_output
from trial import attempt

NO_CHECKOUT = f'no checkout of HVM2: name one with --hvm-path or ${PATH_VARIABLE}'

DIFFERENCES = {
    # It copies a function that copies its variable. `hvm run` refuses to; `hvm run-c` and this project do it.
    'tests/programs/safety-check.hvm',
}
"""Programs with another verdict here."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test for each program."""
    if 'net_case' not in metafunc.fixturenames:
        return
    try:
        checkout = net_checkout_of(metafunc.config.getoption('--hvm-path'))
    except ValueError as problem:
        raise pytest.UsageError(str(problem)) from None
    cases = [] if checkout is None else find_net_cases(checkout)
    metafunc.parametrize('net_case', cases or [pytest.param(None, marks=pytest.mark.skip(reason=NO_CHECKOUT))],
                         ids=[case.name for case in cases] or ['none'])


@pytest.mark.parametrize('threads', [1, 8])
def test_program(net_case: NetCase, threads: int) -> None:
    """The program prints what it printed with the reference."""
    words = ['run', '-t', str(threads), '--memory', '2G', net_case.name]
    tried = attempt(lambda: hvm_main(words), net_case.checkout, 120)
    if net_case.name in DIFFERENCES:
        assert (tried.code == 0) != net_case.accepted
    elif net_case.accepted:
        assert tried.code == 0, tried.err
        assert same_output(tried.out, net_case.recorded), tried.out
    else:
        assert tried.code == 1, tried.out
        assert tried.err.startswith('error['), tried.err


def make(checkout: Path, name: str, program: str, snapshot: str, recorded: str) -> None:
    """Adds a program with its snapshot to a suite."""
    for path, text in ((f'tests/programs/{name}', program),
                       (f'tests/snapshots/{snapshot}', f'---\nx\n---\n{recorded}')):
        (checkout / path).parent.mkdir(parents=True, exist_ok=True)
        (checkout / path).write_text(text, encoding='utf-8')


def test_what_a_checkout_holds(tmp_path: Path) -> None:
    """Programs with snapshots, in folders too."""
    make(tmp_path, 'one.hvm', '@main = 1', 'run__file@one.hvm.snap', 'Result: 1\n')
    make(tmp_path, 'io/two.hvm', '@main = 2', 'run__io_file@io__two.hvm.snap', 'exit status: 101\nx\n')
    (tmp_path / 'tests/programs/three.hvm').write_text('@main = 3')
    cases = find_net_cases(tmp_path)
    assert [(case.name, case.recorded, case.accepted) for case in cases] == [
        ('tests/programs/io/two.hvm', 'exit status: 101\nx', False), ('tests/programs/one.hvm', 'Result: 1', True)]
    assert net_checkout_of(str(tmp_path)) == tmp_path
    with pytest.raises(ValueError, match='no checkout'):
        net_checkout_of(str(tmp_path / 'tests'))


def test_outputs_are_equal_up_to_names() -> None:
    """Of variables in results only."""
    assert same_output('hi\nResult: (v0 (v1 (v0 v1)))\n', 'hi\nResult: (x0 (x1 (x0 x1)))')
    assert not same_output('Result: (v0 (v1 (v0 v1)))', 'Result: (x0 (x1 (x1 x0)))')
    assert not same_output('a\nResult: 1', 'b\nResult: 1')
