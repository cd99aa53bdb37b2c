"""numba's part of a kernel, linked with ours. No GPU is needed, but the packages of the extra `cuda`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bend.codegen.pylir import compile_kernel
from bend.runtime.cache import Cache
from bend.runtime.gpu import GpuUnavailable, gpu_ptx, load_numba
from bend.runtime.gpu_trial import KERNEL


def test_the_kernel_links(tmp_path: Path) -> None:
    try:
        cuda = load_numba()
        from numba import types
        from numba.cuda.cudadrv.driver import _Linker
    except (GpuUnavailable, ImportError) as problem:
        pytest.skip(f'there is no numba.cuda: {problem}')
    entry = cuda.declare_device('bend_entry', 'uint32(uint64)')

    def bend_kernel(address: Any) -> None:
        entry(address)

    path = tmp_path / 'kernel.ptx'
    module = compile_kernel([KERNEL / 'trial.py', KERNEL / 'device.py'])
    path.write_text(gpu_ptx(module, 'run_trial', (9, 0), Cache(None)), encoding='ascii')
    text, _ = cuda.compile_ptx(bend_kernel, (types.uint64,), cc=(9, 0))
    linker = _Linker(cc=(9, 0))
    linker.add_ptx(text.encode())
    linker.add_file_guess_ext(str(path))
    assert linker.complete().code.startswith(b'\x7fELF')
