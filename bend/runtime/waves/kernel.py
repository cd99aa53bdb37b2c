"""Which kernel modules programs for a device are compiled with, and how."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from pathlib import Path

_KERNEL = Path(__file__).parent.parent / 'kernel'
MODULES: tuple[Path, ...] = (
    _KERNEL / 'numbers.py',
    *(_KERNEL / 'direct' / f'{name}.py' for name in ('sizes', 'cells', 'counts', 'literals', 'floats')),
    *(_KERNEL / 'waves' / f'{name}.py' for name in (
        'state', 'target', 'stop', 'memory', 'constants', 'frames', 'spill', 'schedule', 'main')))
"""For `compile_kernel`: what is the same on all devices. The program provides `step`, `sequence`, `frame_words`,
`entry_fact`, `call_fact`, `cell_words`, and `run_entry` as a state."""
EMULATION = _KERNEL / 'waves' / 'emulation.py'
"""What the CPU provides in the place of a device."""
GPU = _KERNEL / 'waves' / 'gpu.py'
"""What a GPU provides."""
GPU_MAIN = 'gpu_main'
"""The function of it that each thread runs."""
KEPT_CELLS = 32
"""Free cells of a size that a lane keeps when others lack some: there are many lanes."""
_SYSTEM_CALLS: Mapping[str, Mapping[str, int]] = {
    'x86_64': {'EXIT': 60, 'YIELD': 24},
    'aarch64': {'EXIT': 93, 'YIELD': 124},
}


def kernel_parameters(*, check_overflow: bool = False) -> dict[str, int]:
    """The parameters to compile the modules with: whether integers that do not fit into 24 bits are counted."""
    return {'PARALLEL': 1, 'WEAK': 1, 'SELECTS': 1, 'KEPT_CELLS': KEPT_CELLS, 'CHECK_OVERFLOW': int(check_overflow),
            **_SYSTEM_CALLS[platform.machine()]}
