"""CUDA C++ that runs on threads of the system: the header `cuda_emulation.h` stands for CUDA, and inline PTX becomes
builtins of the C++ compiler."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

COMPILER = shutil.which('g++') or shutil.which('clang++')
HEADER = Path(__file__).with_name('cuda_emulation.h')
WARNINGS = ('-Wall', '-Wextra', '-Werror', '-Wno-missing-field-initializers')
FEW_LANES = ('--blocks', '2', '--threads-per-block', '32')
"""Options for the program: each lane is a thread."""
SCOPES = ('cta', 'gpu', 'sys')
_ORDERS = {'relaxed': 'RELAXED', 'acquire': 'ACQUIRE', 'release': 'RELEASE', 'acq_rel': 'ACQ_REL'}
_FETCHES = {'add': 'fetch_add', 'and': 'fetch_and', 'or': 'fetch_or', 'xor': 'fetch_xor', 'exch': 'exchange_n'}
_ASM = re.compile(r'asm volatile\("(.*?);".*?\);')
_SHARED = 'extern __shared__ __align__(16) u8 block_memory[];'


def on_threads(text: str) -> str:
    """A .cu file as C++ for the emulation. Raises ValueError for an instruction that is not known."""
    assert _SHARED in text
    text = text.replace(_SHARED, '#define block_memory emulated_block->memory')
    text = text.replace('#include <cuda_runtime.h>', f'#include "{HEADER}"')
    return _ASM.sub(lambda found: _builtin(found[1]), text)


def _builtin(instruction: str) -> str:
    """What an instruction does, on words of the type that it names."""
    if instruction == 'exit':
        return 'emulated_exit();'
    if instruction == 'mov.u64 %0, %%globaltimer':
        return 'now = (u64)clock64();'
    name, _, operands = instruction.partition(' ')
    parts = name.split('.')
    if parts[0] == 'fence' and parts[1] in ('sc', 'acq_rel') and parts[2:] in ([scope] for scope in SCOPES):
        return f'__atomic_thread_fence(__ATOMIC_{"SEQ_CST" if parts[1] == "sc" else "ACQ_REL"});'
    if len(parts) < 4 or parts[1] not in _ORDERS or parts[2] not in SCOPES or not operands:
        raise ValueError(instruction)
    order, _, *rest, kind = parts[1:]
    place = f'(u{kind[1:]} *)place'
    memory_order = f'__ATOMIC_{_ORDERS[order]}'
    match parts[0], rest:
        case 'ld', []:
            return f'old = __atomic_load_n({place}, {memory_order});'
        case 'st', []:
            return f'__atomic_store_n({place}, value, {memory_order});'
        case 'atom', ['cas']:
            return (f'old = expected; __atomic_compare_exchange_n({place}, &old, value, false, {memory_order}, '
                    f'__ATOMIC_{"ACQUIRE" if order in ("acquire", "acq_rel") else "RELAXED"});')
        case 'atom', [operation] if operation in _FETCHES:
            return f'old = __atomic_{_FETCHES[operation]}({place}, value, {memory_order});'
        case 'atom', ['max' | 'min' as operation]:
            number = f'{"i" if kind[0] == "s" else "u"}{kind[1:]}'
            best = f'({number})old {">" if operation == "max" else "<"} ({number})value ? old : value'
            return (f'old = __atomic_load_n({place}, __ATOMIC_RELAXED); while (!__atomic_compare_exchange_n('
                    f'{place}, &old, {best}, true, {memory_order}, __ATOMIC_RELAXED)) {{}}')
    raise ValueError(instruction)


def build(source: Path, target: Path, options: Sequence[str] = ()) -> None:
    """Compiles a .cu file for the emulation; warnings are errors. Raises RuntimeError with what the compiler says."""
    assert COMPILER is not None, 'there is no C++ compiler'
    translated = target.with_suffix('.cpp')
    translated.write_text(on_threads(source.read_text(encoding='utf-8')), encoding='utf-8')
    command = [COMPILER, '-std=c++17', *WARNINGS, *options, str(translated), '-o', str(target), '-lpthread']
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
