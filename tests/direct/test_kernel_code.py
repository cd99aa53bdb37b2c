"""The part of the kernel that is compiled once for all programs."""

from __future__ import annotations

from pathlib import Path

import pytest

from bend.codegen.direct import kernel_code
from bend.codegen.direct.kernel_code import Variant, compiled_kernel
from bend.runtime.cache import Cache


def test_a_kernel_is_compiled_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[int] = []

    def compile_object(code: str, level: int) -> bytes:
        compiled.append(level)
        return b'object code'

    monkeypatch.setattr(kernel_code, 'compile_object', compile_object)
    files = Cache(tmp_path)
    found = []
    for _ in range(2):
        monkeypatch.setattr(kernel_code, '_COMPILED', {})
        found += [compiled_kernel(Variant(parallel), level, files)
                  for parallel in (False, True) for level in (0, 2)] * 2
    assert compiled == [0, 2, 0, 2]
    assert found[:8] == found[8:]


def test_programs_bring_the_small_functions(tmp_path: Path) -> None:
    kernel = compiled_kernel(Variant(True), 0, Cache(tmp_path)).interface
    assert kernel.function('allocate').body and not kernel.function('fresh').body
    assert kernel.function('fresh').extern and not kernel.function('free_cells').extern
