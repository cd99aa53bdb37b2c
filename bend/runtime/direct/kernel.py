"""Which kernel modules programs of the direct engine are compiled with, and how."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from pathlib import Path

_KERNEL = Path(__file__).parent.parent / 'kernel'
MODULES: tuple[Path, ...] = (_KERNEL / 'numbers.py', *(
    _KERNEL / 'direct' / f'{name}.py'
    for name in ('sizes', 'state', 'system', 'stop', 'cells', 'memory', 'deque', 'stack', 'counts', 'constants',
                 'literals', 'fork', 'main')))
"""For `compile_kernel`. The program provides `run_entry`, `apply_value`, `cell_words` and `run_task`."""
WASM_MODULES: tuple[Path, ...] = (_KERNEL / 'numbers.py', *(
    _KERNEL / 'direct' / f'{name}.py'
    for name in ('sizes', 'state', 'cells', 'counts', 'constants', 'literals', 'wasm')))
"""The same for WebAssembly, where one worker runs, and the engine has the stack."""
_SYSTEM_CALLS: Mapping[str, Mapping[str, int]] = {
    'x86_64': {'EXIT': 60, 'FUTEX': 202, 'YIELD': 24},
    'aarch64': {'EXIT': 93, 'FUTEX': 98, 'YIELD': 124},
}


C_SYSTEM_CALLS: Mapping[str, int] = {'EXIT': 0, 'FUTEX': 1, 'YIELD': 2}
"""The numbers that `system_call` of standalone programs knows system calls by (`bend/runtime/c/system.c`)."""


def kernel_parameters(*, parallel: bool, check_overflow: bool = False, counting: bool = False,
                      system_calls: Mapping[str, int] | None = None) -> dict[str, int]:
    """The parameters to compile the modules with: whether several workers may run, whether integers that do not fit
    into 24 bits are counted, whether cells are, and the numbers of system calls (of this machine unless given)."""
    return {'PARALLEL': int(parallel), 'CHECK_OVERFLOW': int(check_overflow), 'COUNTING': int(counting),
            **(_SYSTEM_CALLS[platform.machine()] if system_calls is None else system_calls)}
