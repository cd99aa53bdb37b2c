"""C that was emitted, through a C compiler into this process."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from pathlib import Path

from bend.codegen.emit_c import support

COMPILER = shutil.which('gcc') or shutil.which('clang')
WARNINGS = ('-std=c11', '-Wall', '-Wextra', '-Werror')


class CLibrary:
    """A shared object in this process."""

    def __init__(self, path: Path) -> None:
        self.library = ctypes.CDLL(str(path))

    def address(self, name: str) -> int:
        """The address of a function. Raises KeyError if there is none."""
        try:
            return ctypes.cast(getattr(self.library, name), ctypes.c_void_p).value or 0
        except AttributeError:
            raise KeyError(name) from None


def compile_c(text: str, folder: Path, opt_level: int = 2) -> CLibrary:
    """Compiles C that `emit_c` has made; warnings are errors. Raises RuntimeError with what the compiler says."""
    assert COMPILER is not None, 'there is no C compiler'
    source, target = folder / 'module.c', folder / 'module.so'
    source.write_text(support() + text, encoding='utf-8')
    command = [COMPILER, *WARNINGS, f'-O{opt_level}', '-shared', '-fPIC', str(source), '-o', str(target), '-lm']
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    return CLibrary(target)
