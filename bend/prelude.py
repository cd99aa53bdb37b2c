"""The prelude: the modules of `stdlib/`, parsed once and then read from the cache."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from bend import __version__
from bend.runtime.cache import Cache, key_of
from bend.source import Source

T = TypeVar('T')

if TYPE_CHECKING:
    from bend.syntax.ast import Module

_PACKAGE = Path(__file__).resolve().parent


def prelude_directory() -> Path:
    """Where the modules lie: inside an installed package, beside the package in a checkout."""
    installed = _PACKAGE / 'stdlib'
    return installed if installed.is_dir() else _PACKAGE.parent / 'stdlib'


def prelude_sources() -> list[Source]:
    """The modules' texts, in alphabetical order of their names."""
    return [Source(f'<prelude>/{path.name}', path.read_text(encoding='utf-8'), builtin=True)
            for path in sorted(prelude_directory().glob('*.bend'))]


def load_prelude(cache: Cache, fingerprint: str) -> Module:
    """All modules as one. `fingerprint` stands for the parser, so that another one does not read this one's trees."""
    from bend.syntax.ast import Module
    from bend.syntax.parser import parse_module
    sources = prelude_sources()
    key = key_of('prelude', __version__, fingerprint, *(part for source in sources
                                                        for part in (source.name, source.text)))
    cached = unpickled(cache.get(key), Module)
    if cached is not None:
        return cached
    items = tuple(item for source in sources for item in parse_module(source).items)
    module = Module(Source('<prelude>', '', builtin=True), items)
    cache.put(key, pickle.dumps(module, pickle.HIGHEST_PROTOCOL))
    return module


def unpickled(data: bytes | None, kind: type[T]) -> T | None:
    """The object in the bytes; None if there is none, or if it is of another kind (then it is not ours)."""
    if data is None:
        return None
    try:
        value = pickle.loads(data)
    except Exception:  # whatever is wrong with a file of the cache, it is made anew
        return None
    return value if isinstance(value, kind) else None
