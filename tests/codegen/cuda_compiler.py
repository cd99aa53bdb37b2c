"""The compiler for CUDA C++ that the test extra brings (or that is installed with CUDA)."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from pathlib import Path

import pytest


def find_nvcc() -> str | None:
    """Where `nvcc` is."""
    package = importlib.util.find_spec('nvidia')
    for folder in package.submodule_search_locations or () if package is not None else ():
        for found in sorted(Path(folder).glob('cu*/bin/nvcc')):
            if os.access(found, os.X_OK):
                return str(found)
    return shutil.which('nvcc')


def run_nvcc(*words: str | Path) -> None:
    """Compiles; fails if the compiler warns of something."""
    compiler = find_nvcc()
    if compiler is None or shutil.which('g++') is None:
        pytest.skip('there is no nvcc, which comes with nvidia-cuda-nvcc, or no g++, which it needs')
    done = subprocess.run([compiler, '-O2', *map(str, words)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, '')
