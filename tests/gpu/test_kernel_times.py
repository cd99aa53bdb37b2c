"""The script that measures kernels, on emulated devices."""

from __future__ import annotations

import re
from pathlib import Path
from typing import cast

import pytest

from bend.runtime.gpu import Gpu, Request
from tests.gpu import kernel_times
from tests.gpu.waves_gpu import WavesGpu, compile_emulated

SUM = '''
def main(depth): return sum(depth, 0)

def sum(depth, x):
  switch depth:
    case 0:
      return x
    case _:
      return sum(depth-1, x * 2) + sum(depth-1, x * 2 + 1)
'''


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / 'sum.bend').write_text(SUM, encoding='utf-8')
    return tmp_path


def test_counts_without_a_gpu(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """How the device is used can be changed: with steps only it takes more waves."""
    words = ['--dir', str(folder), '--emulated', '--runs', '2', '--set', 'blocks=2', '--set', 'threads=8', 'sum=9']
    assert kernel_times.main(words) == 0
    alone = capsys.readouterr().out
    assert kernel_times.main([*words, '--set', 'alone_below=0', '--set', 'step_below=9999']) == 0
    shared = capsys.readouterr().out
    row = r'sum +9 +\d+\.\d{3} +\d+\.\d{3}   waves (\d+), rounds (\d+), 0 MB, gives 130816\n'
    counts = [re.fullmatch(row, text) for text in (alone, shared)]
    assert counts[0] is not None
    assert counts[1] is not None
    assert int(counts[0][1]) < int(counts[1][1])


def test_times_on_a_device(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel_times, 'compile_gpu', compile_emulated)
    book = kernel_times.book_of(folder / 'sum.bend', '6')
    request = Request(blocks=2, threads=32)
    told = kernel_times.times(cast(Gpu, WavesGpu()), book, request, 2, {'rounds_below': 8})
    assert re.fullmatch(r' +1\.000 +1\.000   waves \d+, rounds \d+, 0 MB, gives 2016', told)


@pytest.mark.parametrize('text', ['lanes=4', 'budget=x', 'budget'])
def test_what_cannot_be_set(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        kernel_times.main(['--dir', '.', '--set', text, 'sum=1'])
    assert 'is not one of blocks, threads, ' in capsys.readouterr().err
