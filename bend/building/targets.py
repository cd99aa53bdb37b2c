"""What programs can be built for: the table that the command line reads, and what builders take and give."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from bend.diagnostics import Diagnostic
from bend.driver import Request
from bend.engines import Engine
from bend.passes import Late, PassManager
from bend.records import dataclass
from bend.runtime.cache import Cache

NATIVE = 'native'
"""The target where none is named."""
CUDA = 'cuda'
"""The target for GPUs."""


class BadSetting(Exception):
    """What the command line asks of a target cannot be; says why, and what to write instead."""

    def __init__(self, message: str, hint: str) -> None:
        self.message = message
        self.hint = hint
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Settings:
    """What is asked of an artefact besides its target, each only where the target has that option: the CPU (as LLVM
    calls it) and the architecture (of GPUs) to make code for, the engine, how many threads it runs on unless told
    otherwise (0: one a core), whether all libraries become part of it, and whether it is a library itself, of which
    functions (none: of all that can be called)."""

    cpu: str = ''
    arch: str = ''
    engine: Engine = 'auto'
    threads: int = 0
    static: bool = False
    lib: bool = False
    export: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Job:
    """Something to build: a program, what is asked, and where it goes. `render` makes texts of diagnostics for when
    the program runs. A builder writes nothing itself; it may need the name of the output for what else it makes. The
    program `is_core` if it is HVM text, not Bend."""

    request: Request
    manager: PassManager
    files: Cache
    render: Callable[[Diagnostic], str]
    settings: Settings
    output: Path
    is_core: bool = False


@dataclass(frozen=True, slots=True)
class File:
    """A file to write: the output, or if it has a name, another one in the same folder. If it `replaces` something, a
    file that is there already is only replaced if it begins so: others are not ours."""

    data: bytes
    name: str = ''
    is_executable: bool = False
    replaces: bytes = b''


@dataclass(frozen=True, slots=True)
class Artefact:
    """What a builder has made: the output and what belongs to it, and the warnings found on the way."""

    files: tuple[File, ...]
    warnings: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True)
class Target:
    """Something that programs can be built for. Without `-o`, the output is called like the program with another
    `suffix`. `options` are the fields of `Settings` that mean something to it. `build` takes a job and gives an
    artefact; it raises `BendError`, and `BadSetting` for settings whose values mean nothing to it."""

    about: str
    suffix: str
    build: Callable[[Job], Artefact]
    options: frozenset[str] = frozenset()


_PROGRAM = frozenset({'cpu', 'engine', 'threads', 'static', 'lib', 'export'})

TARGETS: Mapping[str, Target] = {
    NATIVE: Target('an executable for this machine and its like', '', Late('bend.building.native', 'build_native'),
                   _PROGRAM),
    'aarch64': Target('an executable for 64-bit ARM with Linux', '', Late('bend.building.native', 'build_aarch64'),
                      _PROGRAM),
    'object': Target('object code with `main`, to link with the C library', '.o',
                     Late('bend.building.native', 'build_object'), frozenset({'cpu', 'engine', 'threads'})),
    'wasm32': Target('a WebAssembly module for Node and browsers, and `bend.js`, which runs it', '.wasm',
                     Late('bend.building.wasm', 'build_wasm'), frozenset({'engine'})),
    'c': Target('the C that `bend gen-c` prints', '.c', Late('bend.building.texts', 'build_c'),
                frozenset({'engine', 'threads'})),
    CUDA: Target('an executable for GPUs, which nvcc makes', '', Late('bend.building.cuda', 'build_cuda'),
                   frozenset({'arch', 'engine'})),
    'cu': Target('the CUDA C++ that `bend gen-cu` prints', '.cu', Late('bend.building.cuda', 'build_cu'),
                 frozenset({'engine'})),
    'llvm': Target('the LLVM IR that object code is made from', '.ll', Late('bend.building.texts', 'build_llvm'),
                   frozenset({'cpu', 'engine', 'threads'})),
    'ptx': Target('the PTX that `bend run-cu` runs', '.ptx', Late('bend.building.texts', 'build_ptx'),
                  frozenset({'arch', 'engine'})),
}
"""All targets, by the names that `--target` takes."""
