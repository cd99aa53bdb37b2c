"""Random nets and books: well formed, each variable twice, references bound; they may well run forever."""

from __future__ import annotations

from hypothesis import strategies as st

from bend.hvm import numbers
from bend.hvm.net import Binary, Book, Con, Dup, Era, Net, Num, Opr, Redex, Ref, Swi, Tree, Var
from bend.hvm.numbers import F24, I24, U24, make_partial, make_symbol, make_word

_CODES = sorted(numbers.SYMBOLS)
# Integer division by zero is an error, and which one comes first depends on the order.
_SAFE_OPERATORS = [code for code in _CODES
                   if not numbers.DIV <= code <= numbers.FLIP_REM and code > F24]

payloads = st.one_of(st.integers(0, 9), st.integers(0, numbers.PAYLOAD_MASK))

words = st.one_of(
    st.builds(make_word, payloads, st.sampled_from([U24, I24])),
    st.builds(make_word, st.integers(0, 0x7F7FFF), st.just(F24)),
    st.sampled_from([make_symbol(code) for code in (U24, I24, F24, *_SAFE_OPERATORS)]),
    st.builds(make_partial, st.sampled_from(_SAFE_OPERATORS), payloads),
)
"""Number words of all types, without division and without NaN (of which text keeps only the kind)."""

_LEAF = object()


@st.composite
def nets(draw: st.DrawFn, names: tuple[str, ...] = ('main',), max_nodes: int = 8) -> Net:
    """A linear net that references some of the names."""
    trees = [draw(_shapes(max_nodes)) for _ in range(1 + 2 * draw(st.integers(0, 3)))]
    holes = sum(_count(tree) for tree in trees)
    wires = draw(st.integers(0, holes // 2))
    leaves: list[Tree] = [Var(f'x{index // 2}') for index in range(2 * wires)]
    other = st.one_of(st.just(Era()), st.builds(Ref, st.sampled_from(names)), st.builds(Num, words))
    leaves += draw(st.lists(other, min_size=holes - 2 * wires, max_size=holes - 2 * wires))
    supply = draw(st.permutations(leaves))
    filled = [_fill(tree, supply) for tree in trees]
    redexes = [Redex(left, right, draw(st.booleans())) for left, right in zip(filled[1::2], filled[2::2], strict=True)]
    return Net(filled[0], tuple(redexes))


@st.composite
def books(draw: st.DrawFn, max_nodes: int = 8) -> Book:
    """A book of `@main` and up to three more definitions, each of which may reference all."""
    names = ('main', *draw(st.lists(st.sampled_from(['f', 'g', 'h/C']), max_size=3, unique=True)))
    return Book({name: draw(nets(names, max_nodes)) for name in names})


@st.composite
def layered_books(draw: st.DrawFn, max_nodes: int = 8) -> Book:
    """A book whose definitions reference only earlier ones, and so without recursion."""
    defs: dict[str, Net] = {'id': Net(Con(Var('x'), Var('x')))}
    for name in ('f', 'g', 'main'):
        defs[name] = draw(nets(tuple(defs), max_nodes))
    return Book(defs)


Shape = object | tuple[type[Binary], 'Shape', 'Shape']


def _shapes(max_nodes: int) -> st.SearchStrategy[Shape]:
    kinds = st.sampled_from([Con, Con, Dup, Opr, Swi])
    return st.recursive(st.just(_LEAF), lambda inner: st.tuples(kinds, inner, inner), max_leaves=max_nodes)


def _count(shape: Shape) -> int:
    return _count(shape[1]) + _count(shape[2]) if isinstance(shape, tuple) else 1


def _fill(shape: Shape, supply: list[Tree]) -> Tree:
    """The shape with its holes filled from the end of the supply."""
    if isinstance(shape, tuple):
        return shape[0](_fill(shape[1], supply), _fill(shape[2], supply))
    return supply.pop()
