"""The CPUs that executables are built for."""

from __future__ import annotations

import platform
from collections.abc import Mapping

from bend.building.targets import BadSetting
from bend.records import dataclass
from bend.runtime.jit import Machine, host_machine
from bend.suggest import did_you_mean

OWN = 'native'
"""What stands for the CPU of this machine."""


@dataclass(frozen=True, slots=True)
class Family:
    """Machines that run the same code: the triple that LLVM knows them by, and the CPUs that can be named. The first
    one is usual: all that are in use run its code."""

    triple: str
    cpus: tuple[str, ...]


FAMILIES: Mapping[str, Family] = {
    'x86_64': Family('x86_64-unknown-linux-gnu', ('x86-64-v2', 'x86-64', 'x86-64-v3', 'x86-64-v4')),
    'aarch64': Family('aarch64-unknown-linux-gnu', ('generic',)),
}
"""By their names in `platform.machine`."""
_LEVELS = ('x86-64', 'x86-64-v2', 'x86-64-v3', 'x86-64-v4')
_FEATURES: Mapping[str, tuple[int, int]] = {
    'sse3': (1, 0), 'ssse3': (1, 9), 'sse4.1': (1, 19), 'sse4.2': (1, 20), 'popcnt': (1, 23),
    'fma': (2, 12), 'avx': (2, 28),
}
"""What CPUs can do more than the first level: since which level, and its bit in register ECX of CPUID's leaf 1."""
_WIDE_FEATURES: Mapping[str, tuple[int, int]] = {
    'bmi': (2, 3), 'avx2': (2, 5), 'bmi2': (2, 8),
    'avx512f': (3, 16), 'avx512dq': (3, 17), 'avx512cd': (3, 28), 'avx512bw': (3, 30), 'avx512vl': (3, 31),
}
"""The same in register EBX of leaf 7."""
_AVX_REGISTERS, _AVX512_REGISTERS = 0x6, 0xE6


@dataclass(frozen=True, slots=True)
class Needs:
    """What code needs of an x86 CPU, and of the system: bits of what CPUID tells in leaves 1 and 7, and of the kinds of
    registers that the system saves."""

    features: int
    wide_features: int
    registers: int


def machine_for(family: str, cpu: str) -> Machine:
    """What to compile for, for a CPU of a family (empty: the usual one). Raises `BadSetting` if there is none."""
    cpus = FAMILIES[family].cpus
    if cpu == OWN and family == platform.machine():
        host = host_machine()
        return Machine(FAMILIES[family].triple, host.cpu, host.features)
    if cpu and cpu not in cpus:
        known = (*cpus, OWN) if family == platform.machine() else cpus
        raise BadSetting(f"Programs cannot be built for the CPU '{cpu}'.",
                         did_you_mean(cpu, known) or f'There are {", ".join(known)}.')
    return Machine(FAMILIES[family].triple, cpu or cpus[0])


def needs_of(machine: Machine) -> Needs | None:
    """What code for a machine needs; None where all of its family have it."""
    if machine.triple != FAMILIES['x86_64'].triple or machine.cpu == _LEVELS[0]:
        return None
    has = machine.features.split(',')
    level = _LEVELS.index(machine.cpu) if machine.cpu in _LEVELS else 0

    def bits(features: Mapping[str, tuple[int, int]]) -> int:
        return sum(1 << bit for name, (first, bit) in features.items() if first <= level or f'+{name}' in has)

    features, wide = bits(_FEATURES), bits(_WIDE_FEATURES)
    registers = 0
    if features & 1 << _FEATURES['avx'][1]:
        registers = _AVX512_REGISTERS if wide & 1 << _WIDE_FEATURES['avx512f'][1] else _AVX_REGISTERS
    return Needs(features, wide, registers)


def own_family() -> str:
    """The family of this machine. Raises `BadSetting` if executables cannot be built for it."""
    machine = platform.machine()
    if machine not in FAMILIES:
        raise BadSetting(f'Executables cannot be built for this machine ({machine}).',
                         '`--target c` makes C for any 64-bit Linux.')
    return machine
