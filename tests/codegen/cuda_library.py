"""CUDA C++ that was emitted, on the CPU: its functions of the device in this process."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from c_compiler import CLibrary

from bend.codegen import lir
from bend.codegen.c_text import part
from bend.codegen.emit_c import Style
from bend.codegen.emit_cu import emit_cu
from tests.gpu.cuda_emulated import COMPILER, WARNINGS, on_threads


def library_text(module: lir.Module) -> str:
    """C++ whose exported functions are those of a module. Raises ValidationError for what GPUs lack."""
    names = frozenset(function.name for function in module.functions if function.exported)
    emitted = emit_cu(module, Style(names))
    headers = '#include <cuda_runtime.h>\n#include <string.h>\n'
    text = '\n'.join((headers, part('types.h'), part('gpu_support.h'), f'namespace device {{\n{emitted}}}',
                      'using namespace device;', *(_entrance(emitted, name) for name in sorted(names))))
    return on_threads(text)


def _entrance(emitted: str, name: str) -> str:
    """A function of the device as one that is visible outside, if C++ knows it by its own name."""
    found = re.search(rf'^static __device__ (?:\w+_INLINE |inline )?(.*\b{name})\((.*)\);$', emitted, re.MULTILINE)
    if found is None:
        return ''
    words = '' if found[2] == 'void' else ', '.join(re.findall(r'(\w+)(?:,|$)', found[2]))
    return f'extern "C" {found[1]}({found[2]}) {{ return device::{name}({words}); }}'


def compile_cu(text: str, folder: Path, opt_level: int = 2) -> CLibrary:
    """Compiles what `library_text` gives; warnings are errors. Raises RuntimeError with what the compiler says."""
    assert COMPILER is not None, 'there is no C++ compiler'
    source, target = folder / 'module.cpp', folder / 'module.so'
    source.write_text(text, encoding='utf-8')
    done = subprocess.run([COMPILER, '-std=c++17', *WARNINGS, f'-O{opt_level}', '-ffp-contract=off', '-shared', '-fPIC',
                           str(source), '-o', str(target)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    return CLibrary(target)
