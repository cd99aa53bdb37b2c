"""NVIDIA's compiler for CUDA C++, which makes executables for GPUs."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from bend.building.toolchain import Tool, compiled
from bend.diagnostics import BendError, error

_FOLDERS = ('CUDA_HOME', 'CUDA_PATH')
"""The environment variables that name the folder of CUDA."""


def find_nvcc() -> str:
    """Where nvcc is: what the environment variable NVCC names, or it is found by PATH, in the folder of CUDA, or as a
    Python package. Raises `BendError` if there is none."""
    named = os.environ.get('NVCC', '')
    if named and shutil.which(named) is None:
        raise BendError(error('no-compiler', f"The compiler '{named}', which the environment variable NVCC names, is "
                                             'not there.', hint='Name another one, or unset NVCC.'))
    found = next((path for path in (named, *_places()) if path and shutil.which(path) is not None), None)
    if found is None:
        raise BendError(error(
            'no-compiler', 'There is no nvcc, which compiles programs for GPUs.',
            hint='It comes with CUDA, or `pip install nvidia-cuda-nvcc nvidia-cuda-runtime` installs one; the '
                 'environment variable NVCC may name it. `bend gen-cu` and `hvm gen-cu` need none.'))
    return found


def _places() -> Iterator[str]:
    """Where nvcc may be unless the user says."""
    yield 'nvcc'
    yield from (str(Path(os.environ[name], 'bin', 'nvcc')) for name in _FOLDERS if os.environ.get(name))
    package = importlib.util.find_spec('nvidia')
    for folder in package.submodule_search_locations or () if package is not None else ():
        yield from map(str, sorted(Path(folder).glob('cu*/bin/nvcc'), reverse=True))


def compiled_by_nvcc(nvcc: str, text: str, arch: str) -> bytes:
    """The executable that nvcc makes of CUDA C++ for an architecture. Raises `BendError` with what nvcc says if it
    fails."""
    step = ('-O2', f'-arch={arch}', 'program.cu', '-o', 'program')
    return compiled((nvcc,), (step,), {'program.cu': text.encode()}, 'program', NVCC)


def _hint(said: str) -> str:
    """What probably mends a failure of nvcc."""
    if 'nsupported gpu architecture' in said:
        return 'This version of nvcc knows other kinds of GPUs: name one with `--arch`.'
    if 'host compiler' in said or 'not found' in said or 'No such file or directory' in said:
        return 'nvcc needs g++ and its library: on Debian, `apt install g++` installs them.'
    return 'Another version of CUDA may do; the environment variable NVCC names its compiler.'


NVCC = Tool('The compiler', 'NVCC', _hint)
"""What is said of it when it fails."""
