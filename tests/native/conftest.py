"""What tests of the native engine share."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from bend.codegen import nets
from bend.runtime import cpu


@pytest.fixture(scope='module')
def threads_from_the_beginning() -> Iterator[None]:
    """Lets all threads take part at once, which they do not in small programs otherwise."""
    usual = cpu.ALLOWANCE
    cpu.ALLOWANCE = 0
    yield
    cpu.ALLOWANCE = usual


@pytest.fixture(autouse=True)
def all_definitions_become_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many a book has: tests put several programs into one."""
    monkeypatch.setattr(nets, 'MANY_DEFINITIONS', sys.maxsize)
