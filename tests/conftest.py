"""Options of the test suite."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--update-golden` writes the expected files of `tests/golden` instead of comparing with them; `--reference-path`
    and `--hvm-path` tell `tests/reference` where the reference's programs are."""
    parser.addoption('--update-golden', action='store_true', default=False,
                     help='write the expected outputs of tests/golden, and remove those without a source')
    parser.addoption('--reference-path', metavar='DIRECTORY',
                     help="a checkout of the reference's repository, for tests/reference (default: $BEND_REFERENCE)")
    parser.addoption('--hvm-path', metavar='DIRECTORY',
                     help='a checkout of the repository of HVM2, for tests/reference (default: $HVM_REFERENCE)')
