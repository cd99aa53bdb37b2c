"""Bend: a parallel language with the looks of Python, compiled to native code.

>>> import bend
>>> bend.run('def main(x): return x * 2', 21)
42

`run`, `compile` and `check` take programs as paths or as text; docs/python.md tells more. Everything is imported when
it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = '0.1.0'

if TYPE_CHECKING:
    from bend.api import Program, Result, check, compile, run
    from bend.diagnostics import BendError, Diagnostic
    from bend.runtime.foreign import register, unregister
    from bend.values import F24, I24, NOTHING, U24, Constructor, Err, Nat, Ok, Some, Term

_PLACES = {
    'api': ('Program', 'Result', 'check', 'compile', 'run'),
    'diagnostics': ('BendError', 'Diagnostic'),
    'runtime.foreign': ('register', 'unregister'),
    'values': ('F24', 'I24', 'NOTHING', 'U24', 'Constructor', 'Err', 'Nat', 'Ok', 'Some', 'Term'),
}
_MODULES = {name: module for module, names in _PLACES.items() for name in names}

__all__ = ['F24', 'I24', 'NOTHING', 'U24', 'BendError', 'Constructor', 'Diagnostic', 'Err', 'Nat', 'Ok', 'Program',
           'Result', 'Some', 'Term', 'check', 'compile', 'register', 'run', 'unregister']


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'bend' has no attribute '{name}'")
    from importlib import import_module
    value = getattr(import_module(f'bend.{_MODULES[name]}'), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES})
