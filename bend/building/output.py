"""Where artefacts go: what they are called, and how they are written."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from bend.building.targets import Artefact, File, Target
from bend.diagnostics import BendError, error

STANDARD_OUTPUT = '-'
_SOURCES = ('.bend', '.hvm')


def output_of(source: str, target: Target, named: str | None, lib: bool = False) -> Path:
    """The output's path: the one that was named, or the program's name with another suffix, in the current folder.
    Raises `BendError` where nothing can be written."""
    if named == STANDARD_OUTPUT:
        return Path(STANDARD_OUTPUT)
    stem = Path(source).stem
    path = Path(named if named is not None else f'lib{stem}.so' if lib else stem + target.suffix)
    _check(path, source)
    return path


def _check(path: Path, source: str) -> None:
    """Raises `BendError` if a file must not or cannot be written."""
    hint = 'Name another file with `-o OUT`.'
    if _is_same(path, source) or path.suffix in _SOURCES:
        raise BendError(error('unwritable-file', f"The output '{path}' would take the place of a program's source.",
                              hint=hint))
    folder = path.parent
    if path.is_dir() or not path.name:
        raise BendError(error('unwritable-file', f"The output '{path}' is a directory.", hint=hint))
    if not folder.is_dir():
        raise BendError(error('unwritable-file', f"The output '{path}' cannot be written: there is no directory "
                                                 f"'{folder}'.", hint=f'Make it, or {hint[0].lower()}{hint[1:]}'))
    if not _is_special(path) and not os.access(folder, os.W_OK):
        raise BendError(error('unwritable-file', f"The output '{path}' cannot be written: the directory '{folder}' is "
                                                 'read-only.', hint=hint))


def _is_same(path: Path, source: str) -> bool:
    try:
        return os.path.samefile(path, source)
    except OSError:
        return False


def _is_special(path: Path) -> bool:
    """Whether something is there that is no file and takes what is written, such as `/dev/null`."""
    return path.exists() and not path.is_file()


def write(artefact: Artefact, output: Path) -> None:
    """Writes all files, or none of them where the first one cannot be. Raises `BendError`."""
    if output == Path(STANDARD_OUTPUT):
        if any(file.name for file in artefact.files):
            raise BendError(error('unwritable-file', 'This makes several files, which cannot go to standard output.',
                                  hint='Name a file with `-o OUT`.'))
        sys.stdout.flush()
        stream = getattr(sys.stdout, 'buffer', None)
        for file in artefact.files:
            if stream is None:
                sys.stdout.write(file.data.decode())
            else:
                stream.write(file.data)
        return
    for path, file in placed(artefact.files, output):
        try:
            _write(path, file)
        except OSError as problem:
            raise BendError(error('unwritable-file', f"The output '{path}' cannot be written: {problem.strerror}.",
                                  hint='Name another file with `-o OUT`, or make room.')) from None


def placed(files: Iterable[File], output: Path) -> list[tuple[Path, File]]:
    """The files with their paths. Raises `BendError` if one would take the place of a directory, or of a file that is
    not ours."""
    found = [(output.parent / file.name if file.name else output, file) for file in files]
    for path, file in found:
        if path.is_dir():
            raise BendError(error('unwritable-file', f"The output '{path}' is a directory.",
                                  hint='Name another file with `-o OUT`.'))
        if file.replaces and path.is_file() and not _begins(path, file.replaces):
            raise BendError(error('unwritable-file', f"The output '{path}' would take the place of a file that "
                                                     'somebody else has made.', hint='Move it, or use `-o OUT`.'))
    return found


def _begins(path: Path, text: bytes) -> bool:
    """Whether a file is empty or begins with a text; also if nobody can read it, so that writing tells."""
    try:
        with path.open('rb') as file:
            return file.read(len(text)) in (b'', text)
    except OSError:
        return True


def _write(path: Path, file: File) -> None:
    """Writes a file; it is there completely or not at all."""
    if _is_special(path):
        path.write_bytes(file.data)
        return
    descriptor, name = tempfile.mkstemp(prefix=f'.{path.name}.', dir=path.parent)
    try:
        with os.fdopen(descriptor, 'wb') as stream:
            stream.write(file.data)
        os.chmod(name, _mode(file))
        os.replace(name, os.path.realpath(path))
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


def _mode(file: File) -> int:
    """The permissions of a new file, as the user's mask leaves them."""
    mask = os.umask(0)
    os.umask(mask)
    usual = stat.S_IRUSR | stat.S_IWUSR | stat.S_IRGRP | stat.S_IWGRP | stat.S_IROTH | stat.S_IWOTH
    if file.is_executable:
        usual |= stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH
    return usual & ~mask
