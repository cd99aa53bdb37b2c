"""Small functions and types that emitted C brings along, each where it is used."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from bend.codegen import lir


class Helpers:
    """Collects what a module uses, or several modules in one file."""

    def __init__(self) -> None:
        self.used: dict[str, list[str]] = {}
        self.written: set[str] = set()

    def name(self, kind: str, types: Sequence[lir.Type]) -> str:
        """The name of a helper for some types: `bits` and `saturate` convert from one to another, the others are
        intrinsics and atomic operations."""
        name = '_of_'.join(map(str, reversed(types)))
        name = {'bits': f'{name}_bits', 'saturate': name}.get(kind, f'{kind}_{name}')
        if name not in self.used:
            self.used[name] = []
            self.used[name] = self.definition(kind, name, types)
            if kind in ('max', 'min'):
                self.alias(types[0], str(types[0]))
        return name

    def definition(self, kind: str, name: str, types: Sequence[lir.Type]) -> list[str]:
        """The lines of a helper."""
        return _HELPERS[kind](name, *types)

    def alias(self, type_: lir.Type, text: str) -> str:
        """The name of a type through which memory of any type may be accessed; `text` is the type itself."""
        name = f'any_{text.replace(" ", "_").replace("*", "ptr")}'
        self.used.setdefault(name, [f'typedef {text} __attribute__((may_alias)) {name};'])
        return name

    def lines(self) -> Iterator[str]:
        """The definitions that were not given before, types first."""
        fresh = [name for name in self.used if name not in self.written]
        self.written.update(fresh)
        for name in sorted(fresh, key=lambda name: not self.used[name][0].startswith('typedef')):
            yield from self.used[name]


def _bits(name: str, source: lir.Type, target: lir.Type) -> list[str]:
    return [f'static inline {target} {name}({source} value) {{', f'{target} bits;',
            '__builtin_memcpy(&bits, &value, sizeof bits);', 'return bits;', '}']


def _saturate(name: str, source: lir.Type, target: lir.Type) -> list[str]:
    """Cut towards zero, to the nearest number that the type has; NaN gives 0."""
    assert isinstance(target, lir.Int) and isinstance(source, lir.Float)
    signed, bits = target.signed, target.bits
    end = 1 << (bits - signed)
    suffix = 'f' if source.bits == 32 else ''
    low = f'-{end}.0{suffix}' if signed else f'0.0{suffix}'
    letter = '' if signed else 'U'
    lowest = f'INT{bits}_MIN' if signed else '0'
    return [f'static inline {target} {name}({source} value) {{',
            f'if (!(value > {low})) {{', f'return value <= {low} ? {lowest} : 0;' if signed else
            'return 0;', '}',
            f'return value >= {end}.0{suffix} ? {letter}INT{bits}_MAX : ({target})value;', '}']


def _count_bits(kind: str) -> Callable[..., list[str]]:
    def define(name: str, type_: lir.Type) -> list[str]:
        assert isinstance(type_, lir.Int)
        bits = type_.bits
        unsigned = f'(u{bits})value'
        if kind == 'popcount':
            body = f'({type_})__builtin_popcountll({unsigned})'
        elif kind == 'ctz':
            body = f'value == 0 ? {bits} : ({type_})__builtin_ctzll({unsigned})'
        else:
            shift = f' - {64 - bits}' if bits < 64 else ''
            body = f'value == 0 ? {bits} : ({type_})(__builtin_clzll({unsigned}){shift})'
        return [f'static inline {type_} {name}({type_} value) {{', f'return {body};', '}']
    return define


def _compare_exchange(name: str, type_: lir.Type) -> list[str]:
    """The orders are constants where this is inlined, as the builtin wants them."""
    return [f'#define {name}(place, expected, new, order, failure) __extension__ ({{ \\',
            f'{type_} old_ = (expected); \\',
            '__atomic_compare_exchange_n(place, &old_, new, false, order, failure); \\', 'old_; })']


def _extreme(sign: str) -> Callable[..., list[str]]:
    def define(name: str, type_: lir.Type) -> list[str]:
        return [f'static inline {type_} {name}(any_{type_} *place, {type_} value, int order) {{',
                f'{type_} old = __atomic_load_n(place, __ATOMIC_RELAXED);',
                f'while (!__atomic_compare_exchange_n(place, &old, old {sign} value ? old : value, true, order,',
                '                                        __ATOMIC_RELAXED)) {', '}', 'return old;', '}']
    return define


_HELPERS: Mapping[str, Callable[..., list[str]]] = {
    'bits': _bits, 'saturate': _saturate, 'compare_exchange': _compare_exchange, 'max': _extreme('>'),
    'min': _extreme('<'), 'ctz': _count_bits('ctz'), 'clz': _count_bits('clz'), 'popcount': _count_bits('popcount'),
}
