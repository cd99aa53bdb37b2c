"""Options of the test suite."""

from __future__ import annotations

import signal

import pytest


def pytest_configure() -> None:
    """Lets interrupts through to this process and its children; those in the background of a shell ignore them."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--update-golden` writes the expected files of `tests/golden` instead of comparing with them; `--reference-path`
    and `--hvm-path` tell `tests/reference` where the reference's programs are."""
    parser.addoption('--update-golden', action='store_true', default=False,
                     help='write the expected outputs of tests/golden, and remove those without a source')
    parser.addoption('--reference-path', metavar='DIRECTORY',
                     help="a checkout of the reference's repository, for tests/reference (default: $BEND_REFERENCE)")
    parser.addoption('--hvm-path', metavar='DIRECTORY',
                     help='a checkout of the repository of HVM2, for tests/reference (default: $HVM_REFERENCE)')
