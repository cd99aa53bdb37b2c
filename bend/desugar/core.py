"""The core language: what desugaring works on and hands to both engines.

A `Book` maps names to definitions. Early passes meet every node below; `FINAL_TERMS` are those that survive the
last pass, `Match` among them: constructors are references to their names, matches are encoded only on the way to
nets (`bend.hvm.encode`). Terms are immutable; passes rebuild what they change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from bend.hvm.net import Net
from bend.hvm.numbers import Number
from bend.records import dataclass, replace
from bend.source import Span
from bend.syntax.ast import Operator
from bend.syntax.type_ast import Type


@dataclass(frozen=True, slots=True)
class Node:
    """Anything that may know its place; the place does not take part in equality."""

    span: Span | None = field(default=None, kw_only=True, compare=False, repr=False)


# ---- patterns --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PVar(Node):
    """A variable; None erases."""

    name: str | None


@dataclass(frozen=True, slots=True)
class PUnscoped(Node):
    """`$x`: binds an unscoped variable."""

    name: str


@dataclass(frozen=True, slots=True)
class PTup(Node):
    """A tuple of two or more."""

    elements: tuple[Pattern, ...]


@dataclass(frozen=True, slots=True)
class PDup(Node):
    """A duplication into two or more."""

    elements: tuple[Pattern, ...]


@dataclass(frozen=True, slots=True)
class PNum(Node):
    """A u24; rules only."""

    value: int


@dataclass(frozen=True, slots=True)
class PCtr(Node):
    """A constructor with patterns for its fields; rules only."""

    name: str
    arguments: tuple[Pattern, ...]


@dataclass(frozen=True, slots=True)
class PList(Node):
    """A list; rules only, and only before literals are encoded."""

    elements: tuple[Pattern, ...]


@dataclass(frozen=True, slots=True)
class PStr(Node):
    """A string; rules only, and only before literals are encoded."""

    value: str


Pattern = PVar | PUnscoped | PTup | PDup | PNum | PCtr | PList | PStr


# ---- terms that survive ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Var(Node):
    """A local variable (before names are resolved also a reference)."""

    name: str


@dataclass(frozen=True, slots=True)
class Unscoped(Node):
    """`$x` as a term."""

    name: str


@dataclass(frozen=True, slots=True)
class Ref(Node):
    """A definition or constructor."""

    name: str


@dataclass(frozen=True, slots=True)
class Num(Node):
    """A number."""

    value: Number


@dataclass(frozen=True, slots=True)
class Era(Node):
    """`*`."""


@dataclass(frozen=True, slots=True)
class Lam(Node):
    """A function of one argument. At the end the pattern is `PVar` or `PUnscoped`."""

    pattern: Pattern
    body: Term


@dataclass(frozen=True, slots=True)
class App(Node):
    """An application to one argument."""

    function: Term
    argument: Term


@dataclass(frozen=True, slots=True)
class Let(Node):
    """`let pattern = value; body`."""

    pattern: Pattern
    value: Term
    body: Term


@dataclass(frozen=True, slots=True)
class Tup(Node):
    """A tuple of two or more."""

    elements: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Sup(Node):
    """A superposition of two or more."""

    elements: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Op(Node):
    """A binary operation. Which operand types it is fixed by its shape (spec 09, R4)."""

    operator: Operator
    left: Term
    right: Term


@dataclass(frozen=True, slots=True)
class Arm(Node):
    """A match arm: constructor (before normalising any name, or None for `*`), field variables, body.

    After float-combinators `fields` may be a prefix of the constructor's fields: the body then is a function of
    the remaining ones, curried. In practice a floated arm has no fields and its body is a `Ref` to `λf1 … λfn t`.
    The last of several arms takes what is left of the tag first; `takes_tag` marks one that was floated with that
    parameter: its body is `(f *)` with a `Ref` to `λ* λf1 … λfn t`.
    """

    constructor: str | None
    fields: tuple[str | None, ...]
    body: Term
    takes_tag: bool = False


@dataclass(frozen=True, slots=True)
class Match(Node):
    """A match. `bound` names the scrutinee until matches are normalised, `with_` lists what is passed to the
    arms until they are linearised; at the end every constructor has its arm, in declaration order."""

    argument: Term
    arms: tuple[Arm, ...]
    bound: str | None = None
    with_: tuple[tuple[str, Term], ...] = ()


@dataclass(frozen=True, slots=True)
class Switch(Node):
    """A switch on a u24: `arms` are those of 0, 1, ..., and last the default, in which `predecessor` is the
    number less the count of the others. `bound` and `with_` as in `Match`.

    Only two arms are left at the end. A last arm that was floated is a `Ref` applied to just the predecessor; nets
    take that for the `Ref` itself, which stays folded until the arm is chosen.
    """

    argument: Term
    arms: tuple[Term, ...]
    predecessor: str | None
    bound: str | None = None
    with_: tuple[tuple[str, Term], ...] = ()


# ---- terms that passes take away -------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Use(Node):
    """`use name = value; body`: textual inlining."""

    name: str
    value: Term
    body: Term


@dataclass(frozen=True, slots=True)
class Fold(Node):
    """A recursive match, with the fields of `Match`."""

    argument: Term
    arms: tuple[Arm, ...]
    bound: str | None = None
    with_: tuple[tuple[str, Term], ...] = ()


@dataclass(frozen=True, slots=True)
class Bend(Node):
    """`bend`: state names (None where unnamed) with initial values."""

    states: tuple[tuple[str | None, Term], ...]
    condition: Term
    step: Term
    base: Term


@dataclass(frozen=True, slots=True)
class With(Node):
    """`with T { body }`."""

    type_name: str
    body: Term


@dataclass(frozen=True, slots=True)
class Ask(Node):
    """`ask pattern = value; body`."""

    pattern: Pattern
    value: Term
    body: Term


@dataclass(frozen=True, slots=True)
class Open(Node):
    """`open T x; body`."""

    type_name: str
    name: str
    body: Term


@dataclass(frozen=True, slots=True)
class LocalDef(Node):
    """A local function."""

    definition: Def
    body: Term


@dataclass(frozen=True, slots=True)
class List(Node):
    """A list literal."""

    elements: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Str(Node):
    """A string literal."""

    value: str


FinalTerm = (Var | Unscoped | Ref | Num | Era | Lam | App | Let | Tup | Sup | Op | Match | Switch)
Term = FinalTerm | Use | Fold | Bend | With | Ask | Open | LocalDef | List | Str
FINAL_TERMS: tuple[type, ...] = (Var, Unscoped, Ref, Num, Era, Lam, App, Let, Tup, Sup, Op, Match, Switch)


# ---- definitions -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Rule(Node):
    """One equation."""

    patterns: tuple[Pattern, ...]
    body: Term


@dataclass(frozen=True, slots=True)
class Def(Node):
    """A function. After equations are turned into matches it has one rule without patterns: its `body`.

    `origin` is the user's function that a generated one comes from. `type` is the written type with the
    parameters' as arrows, None where nothing is written. `parameters` are the names for keyword calls.
    """

    name: str
    rules: tuple[Rule, ...]
    type: Type | None = None
    checked: bool = False
    builtin: bool = False
    origin: str = ''
    parameters: tuple[str, ...] = ()

    @property
    def body(self) -> Term:
        """The term of the only rule; patterns must be gone."""
        assert len(self.rules) == 1 and not self.rules[0].patterns, self.name
        return self.rules[0].body

    def with_body(self, body: Term) -> Def:
        """The same definition with another body, without patterns."""
        if len(self.rules) == 1 and body is self.rules[0].body and not self.rules[0].patterns:
            return self
        return Def(self.name, (Rule((), body),), self.type, self.checked, self.builtin, self.origin, self.parameters,
                   span=self.span)

    @property
    def user_name(self) -> str:
        """The user's function that this one is, or was made from."""
        return self.origin or self.name


@dataclass(frozen=True, slots=True)
class FieldInfo:
    """A field of a constructor."""

    name: str
    type: Type | None
    recursive: bool


@dataclass(frozen=True, slots=True)
class Constructor(Node):
    """A constructor: its full name, its type's name, its tag (declaration order from 0) and its fields."""

    name: str
    type_name: str
    tag: int
    fields: tuple[FieldInfo, ...]


@dataclass(frozen=True, slots=True)
class Adt(Node):
    """A data type: its variables and the names of its constructors in order."""

    name: str
    variables: tuple[str, ...]
    constructors: tuple[str, ...]
    builtin: bool = False


@dataclass(frozen=True, slots=True)
class NetDef(Node):
    """An `hvm` definition."""

    name: str
    net: Net
    type: Type | None = None
    builtin: bool = False


@dataclass(frozen=True)
class Book:
    """A program between two passes. Order of `defs` is the order of definition."""

    defs: Mapping[str, Def]
    adts: Mapping[str, Adt]
    constructors: Mapping[str, Constructor]
    nets: Mapping[str, NetDef]
    entry: str | None = None

    def with_defs(self, defs: Mapping[str, Def]) -> Book:
        """The same book with other definitions."""
        return replace(self, defs=defs)
