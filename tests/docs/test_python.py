"""The examples of the page on the Python API do what they show."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[2] / 'docs' / 'python.md'


def test_examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('BEND_CACHE_DIR', str(tmp_path))
    outcome = doctest.testfile(str(PAGE), module_relative=False, encoding='utf-8')
    assert outcome.attempted > 10
    assert outcome.failed == 0
