"""The script for machines with a GPU, on threads of the CPU."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.gpu import run_all
from tests.gpu.run_all import SECTIONS, Lab


@pytest.mark.parametrize('name', [
    *(name for name in SECTIONS if name not in ('doctor', 'trap') and not name.startswith('program ')), 'program tree'])
def test_sections(name: str) -> None:
    found = SECTIONS[name](Lab(emulated=True))
    assert found.pop('ok'), found
    assert json.loads(json.dumps(found)) == found


def test_differences_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    original = run_all._computed
    runs: list[int] = []

    def computed(*arguments: Any) -> list[int]:
        results = original(*arguments)
        runs.append(len(results))
        if len(runs) == 1:
            results[3] ^= 1
        return results

    monkeypatch.setattr(run_all, '_computed', computed)
    found = run_all.compute(Lab(emulated=True))
    assert not found['ok']
    assert found['different']['sine']['count'] == 1
    assert [item['count'] for item in found['different'].values()] == [1, 0, 0, 0, 0, 0, 0]


def test_one_file_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                             capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / 'results.json'
    monkeypatch.setattr(sys, 'argv', ['run_all', str(path), '--emulated', '--only', 'trap'])
    assert run_all.main() == 0
    found = json.loads(path.read_text())
    assert found['ok']
    assert list(found['sections']) == ['trap']
    assert capsys.readouterr().out.startswith('ok      trap')
