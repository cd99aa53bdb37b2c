"""Options of the test suite."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--update-golden` writes the expected files of `tests/golden` instead of comparing with them."""
    parser.addoption('--update-golden', action='store_true', default=False,
                     help='write the expected outputs of tests/golden, and remove those without a source')
