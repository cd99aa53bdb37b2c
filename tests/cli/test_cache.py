"""The cache on disk: what is put in comes out, and nothing that goes wrong is more than a miss."""

import os
import threading
from pathlib import Path

import pytest

from bend.runtime.cache import Cache, key_of, user_directory


def test_put_and_get(tmp_path: Path) -> None:
    cache = Cache(tmp_path / 'deep' / 'cache')
    assert cache.get('k') is None
    cache.put('k', b'value')
    assert cache.get('k') == b'value'
    cache.put('k', b'other')
    assert cache.get('k') == b'other'
    assert [path.name for path in (tmp_path / 'deep' / 'cache').iterdir()] == ['k.bin']


@pytest.mark.parametrize('damage', [b'', b'short', b'x' * 100])
def test_damaged_entries_are_misses(tmp_path: Path, damage: bytes) -> None:
    cache = Cache(tmp_path)
    cache.put('k', b'value')
    (tmp_path / 'k.bin').write_bytes(damage)
    assert cache.get('k') is None


def test_no_directory(tmp_path: Path) -> None:
    blocked = tmp_path / 'file'
    blocked.write_text('not a directory')
    for cache in (Cache(None), Cache(blocked), Cache(blocked / 'below')):
        cache.put('k', b'value')
        assert cache.get('k') is None


def test_the_oldest_entries_go_first(tmp_path: Path) -> None:
    cache = Cache(tmp_path, limit=1000)
    for number in range(5):
        cache.put(f'k{number}', bytes(200))
        os.utime(tmp_path / f'k{number}.bin', (number, number)) if number < 4 else None
    assert cache.get('k0') is None
    assert cache.get('k4') == bytes(200)
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 1000


def test_what_is_too_large_is_not_kept(tmp_path: Path) -> None:
    cache = Cache(tmp_path, limit=1000)
    cache.put('k', bytes(900))
    assert cache.get('k') is None


def test_many_writers(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    values = [bytes([number]) * 10_000 for number in range(8)]
    seen: list[bytes | None] = []

    def work(value: bytes) -> None:
        for _ in range(10):
            cache.put('k', value)
            seen.append(cache.get('k'))

    threads = [threading.Thread(target=work, args=(value,)) for value in values]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(value in values for value in seen)


def test_keys_tell_parts_apart() -> None:
    assert key_of('ab', 'c') != key_of('a', 'bc')
    assert key_of('a') != key_of('a', '')
    assert key_of('a', b'b') == key_of(b'a', 'b')


def test_the_users_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv('BEND_CACHE_DIR', str(tmp_path))
    assert user_directory() == tmp_path
    monkeypatch.setenv('BEND_CACHE_DIR', '')
    assert user_directory() is None
    monkeypatch.delenv('BEND_CACHE_DIR')
    directory = user_directory()
    assert directory is not None
    assert directory.name == 'bend'
