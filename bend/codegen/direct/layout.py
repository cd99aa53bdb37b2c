"""How values look: the shapes of constructors and tuples, and which numbers stay unboxed.

Things that meet where something looks at them have one shape. A field that holds numbers of one type only, in all of
them, is packed into the header (docs/direct.md, Values).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field

from bend.codegen.direct import ir
from bend.codegen.direct.flow import F24, I24, NUMBERS, U24, Flow, Given, Made, Plain
from bend.codegen.direct.ir import Unsupported
from bend.records import dataclass
from bend.runtime.direct.program import SHAPE_MASK, Shape

KINDS = {U24: 1, I24: 2, F24: 3}


def number_kind(bits: int) -> int:
    """1, 2 or 3 for a set of u24, i24 or f24 only; 0 for any other."""
    return KINDS.get(bits, 0)


@dataclass
class Layout:
    """The shapes of a program by number, and which one each thing has. Shape 0 is that of partial applications."""

    shapes: list[Shape | None]
    by_place: dict[Made, int]
    by_constructor: dict[str, int]

    def shape(self, number: int) -> Shape:
        """A shape that is not of partial applications."""
        shape = self.shapes[number]
        assert shape is not None
        return shape


def lay_out(program: ir.Program, flow: Flow) -> Layout:
    """The layout of all that a program makes. Raises `Unsupported` if there are too many shapes."""
    classes = _Classes()
    for bits in flow.looked_at:
        by_constructor: dict[str | None, Made] = {}
        for item in flow.objects_in(bits):
            if isinstance(item, Made):
                classes.join(by_constructor.setdefault(item.constructor, item), item)
    members: dict[Made, list[Made]] = {}
    for made in flow.fields:
        members.setdefault(classes.find(made), []).append(made)
    layout = Layout([None], {}, {})
    numbers: dict[Shape, int] = {}
    for group in members.values():
        number = _numbered(layout, numbers, _shape(flow, group))
        layout.by_place.update(dict.fromkeys(group, number))
    for item in flow.objects:
        if isinstance(item, Plain):
            layout.by_constructor[item.constructor] = _numbered(layout, numbers, Shape(item.constructor, 0))
    if len(layout.shapes) > SHAPE_MASK:
        raise Unsupported('it has too many kinds of constructors')
    return layout


def _numbered(layout: Layout, numbers: dict[Shape, int], shape: Shape) -> int:
    if shape not in numbers:
        numbers[shape] = len(layout.shapes)
        layout.shapes.append(shape)
    return numbers[shape]


def _shape(flow: Flow, group: Iterable[Made]) -> Shape:
    """The shape of things that meet."""
    columns: list[int] = []
    constructor = None
    for made in group:
        constructor = made.constructor
        bits = flow.fields[made]
        columns = [a | b for a, b in zip(columns, bits, strict=True)] if columns else list(bits)
    for index, column in enumerate(columns):
        if kind := number_kind(column):
            return Shape(constructor, len(columns), index, kind)
    return Shape(constructor, len(columns))


def may_be_cell(flow: Flow, layout: Layout, bits: int) -> bool:
    """Whether a value can be the address of a cell, so that it is counted."""
    if bits & ~NUMBERS == 0:
        return False
    for item in flow.objects_in(bits):
        if isinstance(item, Given) and item.count > 0:
            return True
        if isinstance(item, Made) and not layout.shape(layout.by_place[item]).is_immediate:
            return True
    return False


@dataclass
class _Classes:
    """Disjoint sets."""

    parents: dict[Made, Made] = field(default_factory=dict)

    def find(self, item: Made) -> Made:
        """The representative of an item's set."""
        while (parent := self.parents.get(item, item)) != item:
            self.parents[item] = self.parents.get(parent, parent)
            item = parent
        return item

    def join(self, one: Made, other: Made) -> None:
        """Makes two sets one."""
        first, second = self.find(one), self.find(other)
        if first != second:
            self.parents[second] = first
