"""A directory of small files on disk, keyed by hashes: compiled programs, object code, the parsed prelude.

Losing an entry only costs time, so nothing here raises: an unreadable directory, a full disk or a damaged file is a
miss. Entries appear whole or not at all (written beside their place, then renamed), so that processes may share it.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path

_DIGEST_SIZE = 16
_SUFFIX = '.bin'
_STALE_SECONDS = 3600.0


def key_of(*parts: str | bytes) -> str:
    """A key for what is made from all these parts, and from nothing else."""
    digest = blake2b(digest_size=20)
    for part in parts:
        data = part.encode('utf-8', 'surrogatepass') if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, 'little'))
        digest.update(data)
    return digest.hexdigest()


def user_directory() -> Path | None:
    """Where the user's cache is: `BEND_CACHE_DIR`, else the platform's place; None (no cache) when that is empty."""
    chosen = os.environ.get('BEND_CACHE_DIR')
    if chosen is not None:
        return Path(chosen) if chosen else None
    # Importing platformdirs takes longer than a warm start can spare; on Linux its answer is two lines.
    if sys.platform == 'linux':
        base = os.environ.get('XDG_CACHE_HOME', '')
        return Path(base, 'bend') if os.path.isabs(base) else Path(os.path.expanduser('~/.cache/bend'))
    from platformdirs import user_cache_dir
    return Path(user_cache_dir('bend', appauthor=False))


class Cache:
    """Bytes by key. `limit` bounds the sum of the entries' sizes; the least recently used go first."""

    def __init__(self, directory: Path | None, limit: int = 256 << 20) -> None:
        self.directory = directory
        self.limit = limit

    @classmethod
    def of_user(cls) -> Cache:
        """The cache that all runs of this user share."""
        return cls(user_directory())

    def get(self, key: str) -> bytes | None:
        """The bytes under a key; None when there are none, or when they are damaged."""
        if self.directory is None:
            return None
        path = self.directory / (key + _SUFFIX)
        try:
            content = path.read_bytes()
            os.utime(path)
        except OSError:
            return None
        digest, data = content[:_DIGEST_SIZE], content[_DIGEST_SIZE:]
        return data if blake2b(data, digest_size=_DIGEST_SIZE).digest() == digest else None

    def put(self, key: str, data: bytes) -> None:
        """Stores bytes under a key, if that is possible."""
        if self.directory is None or len(data) > self.limit // 4:
            return
        digest = blake2b(data, digest_size=_DIGEST_SIZE).digest()
        temporary = self.directory / f'{key}.{os.getpid()}.{time.monotonic_ns()}.tmp'
        try:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            temporary.write_bytes(digest + data)
            os.replace(temporary, self.directory / (key + _SUFFIX))
        except OSError:
            _ignoring_errors(temporary.unlink)
        _ignoring_errors(self._shrink)

    def _shrink(self) -> None:
        """Takes away the oldest entries beyond the limit, and what processes that died have left."""
        if self.directory is None:
            return
        entries: list[tuple[float, int, str]] = []
        now = time.time()
        for entry in os.scandir(self.directory):
            status = entry.stat()
            if entry.name.endswith(_SUFFIX):
                entries.append((status.st_mtime, status.st_size, entry.path))
            elif entry.name.endswith('.tmp') and now - status.st_mtime > _STALE_SECONDS:
                os.unlink(entry.path)
        total = sum(size for _, size, _ in entries)
        for _, size, path in sorted(entries):
            if total <= self.limit:
                break
            os.unlink(path)
            total -= size


def _ignoring_errors(action: Callable[[], object]) -> None:
    """Runs an action whose failure does not matter (another process may have been faster)."""
    try:
        action()
    except OSError:
        return
