"""The CPUs that executables are built for."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass

from bend.building.targets import BadSetting
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
    'aarch64': Family('aarch64-unknown-linux-gnu', ('generic', 'cortex-a72', 'cortex-a76', 'neoverse-n1',
                                                    'neoverse-v1', 'neoverse-v2')),
}
"""By their names in `platform.machine`."""


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


def own_family() -> str:
    """The family of this machine. Raises `BadSetting` if executables cannot be built for it."""
    machine = platform.machine()
    if machine not in FAMILIES:
        raise BadSetting(f'Executables cannot be built for this machine ({machine}).',
                         '`--target c` makes C for any 64-bit Linux.')
    return machine
