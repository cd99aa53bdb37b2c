"""Runs the native code of these tests through C where `--emitter c` asks for that, and through CUDA C++, on the CPU,
where `--emitter cu` does."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bend.codegen import lir
from bend.codegen.emit_c import emit_c
from bend.codegen.lir_validate import ValidationError

sys.path.insert(0, str(Path(__file__).resolve().parent))
from c_compiler import CLibrary, compile_c
from cuda_library import compile_cu, library_text


@pytest.fixture(autouse=True)
def _emitter(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory,
             monkeypatch: pytest.MonkeyPatch) -> None:
    """Puts another emitter and its compiler in the place of LLVM."""
    module = request.module
    emitter = request.config.getoption('--emitter')
    if emitter == 'llvm' or not hasattr(module, 'load_object'):
        return
    if request.node.get_closest_marker('llvm'):
        pytest.skip('the test is about what only the LLVM emitter does')

    def emitted(module: lir.Module) -> str:
        if emitter == 'c':
            return emit_c(module)
        try:
            return library_text(module)
        except ValidationError as problem:
            pytest.skip(f'not for GPUs: {problem}')

    def compiled(text: str, opt_level: int = 2) -> CLibrary:
        compile_text = compile_c if emitter == 'c' else compile_cu
        return compile_text(text, tmp_path_factory.mktemp('c'), opt_level)

    def loaded(library: CLibrary) -> CLibrary:
        return library

    for name, replacement in (('emit_module', emitted), ('compile_object', compiled), ('load_object', loaded)):
        monkeypatch.setattr(module, name, replacement)
