"""The assembler for PTX that the test extra brings (or that is installed with CUDA)."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest


def find_ptxas() -> str | None:
    """Where `ptxas` is, of a release that still knows compute capability 7.0 if the test extra is installed."""
    package = importlib.util.find_spec('nvidia')
    for folder in package.submodule_search_locations or () if package is not None else ():
        found = Path(folder, 'cuda_nvcc', 'bin', 'ptxas')
        if os.access(found, os.X_OK):
            return str(found)
    return shutil.which('ptxas')


def assemble(ptx: str, capability: tuple[int, int], folder: Path) -> dict[str, str]:
    """Assembles PTX; gives what the assembler says about each function. Fails if it does not take the text."""
    assembler = find_ptxas()
    if assembler is None:
        pytest.skip('there is no ptxas: it comes with nvidia-cuda-nvcc-cu12, on Linux for x86-64 and ARM')
    source = folder / 'kernel.ptx'
    source.write_text(ptx, encoding='ascii')
    major, minor = capability
    done = subprocess.run([assembler, '--verbose', f'--gpu-name=sm_{major}{minor}', '--compile-only', str(source),
                           '--output-file', str(folder / 'kernel.cubin')], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return dict(re.findall(r'Function properties for (\S+)\n\s*(.*)', done.stderr))
