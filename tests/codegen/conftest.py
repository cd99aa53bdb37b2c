"""Runs the native code of these tests through C where `--emitter c` asks for that."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bend.codegen.emit_c import emit_c

sys.path.insert(0, str(Path(__file__).resolve().parent))
from c_compiler import CLibrary, compile_c


@pytest.fixture(autouse=True)
def _emitter(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory,
             monkeypatch: pytest.MonkeyPatch) -> None:
    """Puts the C emitter and a C compiler in the place of LLVM."""
    module = request.module
    if request.config.getoption('--emitter') != 'c' or not hasattr(module, 'load_object'):
        return
    if request.node.get_closest_marker('llvm'):
        pytest.skip('the test is about what only the LLVM emitter does')

    def compiled(text: str, opt_level: int = 2) -> CLibrary:
        return compile_c(text, tmp_path_factory.mktemp('c'), opt_level)

    def loaded(library: CLibrary) -> CLibrary:
        return library

    for name, replacement in (('emit_module', emit_c), ('compile_object', compiled), ('load_object', loaded)):
        monkeypatch.setattr(module, name, replacement)
