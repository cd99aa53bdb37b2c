"""`bend doctor`: what was found on this machine, what is missing, and the command that mends it."""

from __future__ import annotations

import ctypes
import json
import os
import platform
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import field
from importlib import metadata
from typing import Any, Literal

from bend import __version__
from bend.diagnostics import BendError
from bend.records import dataclass
from bend.runtime.cache import Cache, key_of
from bend.runtime.gpu_device import (
    Device,
    Driver,
    GpuUnavailable,
    load_driver,
    require_packages,
    usable_device,
)

State = Literal['ok', 'off', 'missing', 'broken']
_GPU_PACKAGES = ('numpy', 'numba', 'numba-cuda', 'cuda-bindings', 'cuda-core')


@dataclass(frozen=True, slots=True)
class Check:
    """What was found of one thing. Without those that are `needed`, no program runs. `facts` are for JSON."""

    name: str
    state: State
    text: str
    hint: str = ''
    needed: bool = False
    facts: Mapping[str, Any] = field(default_factory=dict)


def examine(cache: Cache) -> tuple[Check, ...]:
    """Looks at everything; tries out native code, and the GPU if there is one."""
    driver, gpu, device = _gpu_checks()
    packages = _packages()
    checks = [_python(), _llvm(), _cores(), _cache(cache), _compiler(), driver, gpu, packages]
    if device is not None and packages.state == 'ok':
        checks.append(_trial(device, cache))
    return tuple(checks)


def is_healthy(checks: Sequence[Check]) -> bool:
    """Whether programs run at all."""
    return all(check.state == 'ok' for check in checks if check.needed)


def has_gpu(checks: Sequence[Check]) -> bool:
    """Whether there is a GPU that has been tried out."""
    return any(check.name == 'trial' and check.state == 'ok' for check in checks)


def as_text(checks: Sequence[Check]) -> str:
    """A line for each check, and under it what to do about it."""
    width = max(len(check.name) for check in checks)
    lines = []
    for check in checks:
        lines.append(f'{check.state:<8} {check.name:<{width}}  {check.text}')
        if check.hint:
            lines.append(f'{"":<8} {"":<{width}}  {check.hint}')
    return '\n'.join([*lines, '', *_summary(checks), ''])


def _summary(checks: Sequence[Check]) -> list[str]:
    if not is_healthy(checks):
        return ['Programs cannot run here.']
    if has_gpu(checks):
        return ['Programs run on all cores, and on the GPU.']
    return ['Programs run on all cores. There is no GPU that can be used.']


def as_json(checks: Sequence[Check]) -> str:
    """A line of JSON: `healthy`, `gpu`, and `checks`, each with `name`, `state`, `text`, `hint` and its facts."""
    shown = [{'name': check.name, 'state': check.state, 'text': check.text, 'hint': check.hint or None, **check.facts}
             for check in checks]
    return json.dumps({'healthy': is_healthy(checks), 'gpu': has_gpu(checks), 'checks': shown}) + '\n'


# ---- what everybody needs --------------------------------------------------------------------


def _python() -> Check:
    version = platform.python_version()
    return Check('python', 'ok', f'{version}, {sys.executable}; bend {__version__}', needed=True,
                 facts={'version': version, 'executable': sys.executable, 'bend': __version__})


def _llvm() -> Check:
    hint = 'Install it again with `pip install --force-reinstall llvmlite`.'
    try:
        import llvmlite
        from llvmlite import binding

        from bend.runtime.jit import compile_object, load_object
        version = '.'.join(map(str, binding.llvm_version_info))
        library = load_object(compile_object('define i32 @answer() {\n  ret i32 42\n}\n'))
        answer = ctypes.CFUNCTYPE(ctypes.c_int32)(library.address('answer'))()
    except Exception as problem:
        text = f'llvmlite makes no native code: {type(problem).__name__}: {problem}'
        return Check('llvm', 'broken', text, hint, needed=True)
    if answer != 42:
        return Check('llvm', 'broken', f'native code computes {answer} instead of 42', hint, needed=True)
    cpu = binding.get_host_cpu_name()
    return Check('llvm', 'ok', f'{version} (llvmlite {llvmlite.__version__}), makes native code for {cpu}', needed=True,
                 facts={'version': version, 'llvmlite': llvmlite.__version__, 'cpu': cpu})


def _cores() -> Check:
    count = len(os.sched_getaffinity(0))
    return Check('cores', 'ok', f'{count}, {platform.machine()}',
                 facts={'count': count, 'machine': platform.machine()})


def _cache(cache: Cache) -> Check:
    if cache.directory is None:
        return Check('cache', 'off', 'compiled programs are not kept (BEND_CACHE_DIR is empty)',
                     facts={'directory': None})
    facts: dict[str, Any] = {'directory': str(cache.directory)}
    key = key_of('doctor')
    cache.put(key, b'works')
    if cache.get(key) is None:
        return Check('cache', 'broken', f'{cache.directory} cannot be written: compiled programs are not kept',
                     'Name another directory with `BEND_CACHE_DIR`.', facts=facts)
    with os.scandir(cache.directory) as entries:
        sizes = [entry.stat().st_size for entry in entries]
    return Check('cache', 'ok', f'{cache.directory}, {len(sizes)} files, {sum(sizes) / (1 << 20):.1f} MB',
                 facts={**facts, 'files': len(sizes), 'bytes': sum(sizes)})


def _compiler() -> Check:
    """The C compiler that `bend build` links with; only that needs one."""
    from bend.building.toolchain import compiled, find_compiler
    try:
        command = find_compiler(platform.machine(), own=True)
        compiled(command, [('main.c', '-o', 'main', '-lm', '-lpthread')],
                 {'main.c': b'#include <stdio.h>\nint main(void) { return puts("") < 0; }\n'}, 'main')
    except BendError as problem:
        found = problem.diagnostics[0]
        state: State = 'missing' if found.code == 'no-compiler' else 'broken'
        return Check('compiler', state, found.message.partition('\n')[0], found.hint, facts={'command': None})
    name = shlex.join(command)
    return Check('compiler', 'ok', f'{name}, links executables for `bend build`', facts={'command': name})


# ---- the GPU ---------------------------------------------------------------------------------


def _gpu_checks() -> tuple[Check, Check, Device | None]:
    """What the driver says of itself and of its GPUs, and the one that would be used."""
    nothing = Check('gpu', 'missing', 'no driver was found to ask')
    try:
        driver = Driver(load_driver())
        version = '.'.join(map(str, driver.version()))
        devices = driver.devices()
    except GpuUnavailable as problem:
        return Check('driver', 'missing', problem.message, problem.hint), nothing, None
    known = Check('driver', 'ok', f"NVIDIA's, for CUDA up to {version}", facts={'cuda': version})
    facts = {'devices': [_facts(device) for device in devices]}
    try:
        chosen = usable_device(devices)
    except GpuUnavailable as problem:
        return known, Check('gpu', 'missing', problem.message, problem.hint, facts=facts), None
    others = f' (of {len(devices)})' if len(devices) > 1 else ''
    text = (f'{chosen.name}{others}, compute capability {_version(chosen.capability)}, {chosen.multiprocessors} '
            f'multiprocessors, {chosen.memory / (1 << 30):.0f} GB')
    return known, Check('gpu', 'ok', text, facts=facts), chosen


def _facts(device: Device) -> dict[str, Any]:
    return {'name': device.name, 'capability': _version(device.capability), 'multiprocessors': device.multiprocessors,
            'memory': device.memory, 'shared_memory': device.shared_memory,
            'threads_per_block': device.threads_per_block, 'fault': device.fault()}


def _version(numbers: tuple[int, int]) -> str:
    return '.'.join(map(str, numbers))


def _packages() -> Check:
    """The Python packages for the GPU, which are not imported for that."""
    versions = {name: version for name in _GPU_PACKAGES if (version := _installed(name)) is not None}
    facts = {'versions': versions}
    try:
        require_packages()
    except GpuUnavailable as problem:
        return Check('packages', 'missing', problem.message, problem.hint, facts=facts)
    return Check('packages', 'ok', ', '.join(f'{name} {version}' for name, version in versions.items()), facts=facts)


def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _trial(device: Device, cache: Cache) -> Check:
    """Whether the GPU does what programs need of it."""
    from bend.runtime.gpu import Gpu, GpuFailure
    from bend.runtime.gpu_trial import run_trial
    try:
        result = run_trial(Gpu(device), cache)
    except (GpuUnavailable, GpuFailure) as problem:
        return Check('trial', 'broken', problem.message, problem.hint)
    text = (f'{result.blocks} blocks of {result.threads} threads added up, and waited for each other {result.waits} '
            f'times, for {result.seconds_of_wait * 1e6:.1f} µs on average')
    return Check('trial', 'ok', text,
                 facts={'blocks': result.blocks, 'threads': result.threads, 'waits': result.waits,
                        'seconds_of_wait': result.seconds_of_wait})
