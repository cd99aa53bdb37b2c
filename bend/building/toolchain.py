"""The C compiler of the system, which compiles the host's part of a program and links it with the rest."""

from __future__ import annotations

import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bend.diagnostics import BendError, error

_COMPILERS: Mapping[str, tuple[str, ...]] = {
    'x86_64': ('x86_64-linux-gnu-gcc', 'x86_64-linux-musl-gcc'),
    'aarch64': ('aarch64-linux-gnu-gcc', 'aarch64-linux-musl-gcc'),
}
"""Compilers for machines that are not this one."""
_OWN = ('cc', 'gcc', 'clang')
_MEND: Mapping[str, str] = {
    'x86_64': '`apt install gcc-x86-64-linux-gnu libc6-dev-amd64-cross` installs one on Debian',
    'aarch64': '`apt install gcc-aarch64-linux-gnu libc6-dev-arm64-cross` installs one on Debian',
}
_MOST_LINES = 12

Files = Mapping[str, bytes]


def find_compiler(family: str, own: bool, shared: bool = False) -> tuple[str, ...]:
    """The command of a C compiler that makes executables, or shared libraries, for a family of machines, which this
    machine is of or not. Raises `BendError` if there is none."""
    found = next(_compilers(family, own, shared), None)
    if found is None:
        what = 'this machine' if own else f'machines of the kind {family}'
        where = ', or name one in the environment variable CC' if own else ''
        mend = '`apt install gcc libc6-dev` installs one on Debian' if own else _MEND[family]
        raise BendError(error(
            'no-compiler', f'There is no C compiler that links programs for {what}.',
            hint=f'{mend}, and `pip install ziglang` anywhere{where}. `--target c` and `--target llvm` need none.'))
    return found


def _compilers(family: str, own: bool, shared: bool) -> Iterator[tuple[str, ...]]:
    """Commands of C compilers that are there, the one that the user names first."""
    named = shlex.split(os.environ.get('CC', '')) if own else []
    if named:
        if shutil.which(named[0]) is None:
            raise BendError(error('no-compiler', f"The C compiler '{named[0]}', which the environment variable CC "
                                                 'names, is not there.', hint='Name another one, or unset CC.'))
        yield tuple(named)
    for name in _OWN if own else _COMPILERS[family]:
        if shutil.which(name) is not None:
            yield (name,)
    # Zig brings C libraries along: musl is small, but libraries need the one of the programs that use them.
    target = f'{family}-linux-{"gnu" if shared else "musl"}'
    zig = shutil.which('zig')
    if zig is not None:
        yield (zig, 'cc', '-target', target)
    elif importlib.util.find_spec('ziglang') is not None:
        yield (sys.executable, '-m', 'ziglang', 'cc', '-target', target)


@dataclass(frozen=True, slots=True)
class Tool:
    """What is said of a compiler that fails: what it is called, the environment variable that names it, and what
    probably mends it, by what it says."""

    name: str
    variable: str
    hint: Callable[[str], str]


def compiled(command: Sequence[str], steps: Sequence[Sequence[str]], files: Files, output: str,
             tool: Tool | None = None) -> bytes:
    """The file that steps of a compiler make of others, by their names in one folder. What they make does not depend on
    where the folder lies. Raises `BendError` with what the compiler says if it fails."""
    with tempfile.TemporaryDirectory(prefix='bend-build-') as name:
        folder = Path(name)
        for file, data in files.items():
            (folder / file).write_bytes(data)
        for step in steps:
            _run([*command, *step], folder, tool or C_COMPILER)
        return (folder / output).read_bytes()


def _run(words: Sequence[str], folder: Path, tool: Tool) -> None:
    environment = {**os.environ, 'LC_ALL': 'C', 'SOURCE_DATE_EPOCH': '0'}
    try:
        done = subprocess.run(words, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, errors='replace', check=False)
    except OSError as problem:
        raise BendError(error('compiler-failed', f"{tool.name} '{words[0]}' cannot be run: {problem.strerror}.",
                              hint=f'Name another one in the environment variable {tool.variable}.')) from None
    if done.returncode != 0:
        lines = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        said = '\n'.join(['', *lines[:_MOST_LINES]])
        raise BendError(error('compiler-failed', f'{tool.name} failed ({shlex.join(words)}):{said}',
                              hint=tool.hint(said)))


def _hint(said: str) -> str:
    """What probably mends a failure of the compiler."""
    if 'cannot find -l' in said or 'crt1.o' in said or 'Scrt1.o' in said or 'No such file or directory' in said:
        return 'The files of the C library for linking are missing: on Debian, `apt install libc6-dev` installs them.'
    if 'No space left' in said:
        return 'Make room where temporary files go to, or name another folder in the environment variable TMPDIR.'
    return 'Another compiler may do; the environment variable CC names it.'


C_COMPILER = Tool('The C compiler', 'CC', _hint)
