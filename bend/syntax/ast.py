"""The surface syntax of both notations, imp (Python-like) and fun (ML-like), as a frozen tree with spans.

Expressions, patterns and types (`type_ast`) are shared. Statements exist in imp only; `Let`, `If`, `Match` and the
other block-like terms are their fun counterparts. Names are plain strings, as written. No node is changed after
parsing.
"""

from __future__ import annotations

from typing import Literal

from bend.hvm.numbers import Number
from bend.records import dataclass
from bend.source import Source, Span
from bend.syntax.node import Node
from bend.syntax.type_ast import Type

# ---- patterns --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PatternVar(Node):
    """A name, or `*` (then `name` is None). In fun rules a name may turn out to be a constructor."""

    name: str | None


@dataclass(frozen=True, slots=True)
class PatternUnscoped(Node):
    """`$x`."""

    name: str


@dataclass(frozen=True, slots=True)
class PatternNumber(Node):
    """A number or character; always u24."""

    value: int


@dataclass(frozen=True, slots=True)
class PatternString(Node):
    """`"..."`."""

    value: str


@dataclass(frozen=True, slots=True)
class PatternConstructor(Node):
    """`(T/C p q)`."""

    name: str
    arguments: tuple[Pattern, ...]


@dataclass(frozen=True, slots=True)
class PatternTuple(Node):
    """`(p, q, ...)`, at least two."""

    elements: tuple[Pattern, ...]


@dataclass(frozen=True, slots=True)
class PatternDup(Node):
    """`{p q ...}`, at least two."""

    elements: tuple[Pattern, ...]


@dataclass(frozen=True, slots=True)
class PatternList(Node):
    """`[p, q]`, fun rules only."""

    elements: tuple[Pattern, ...]


Pattern = (PatternVar | PatternUnscoped | PatternNumber | PatternString | PatternConstructor | PatternTuple
           | PatternDup | PatternList)


# ---- expressions of both notations -----------------------------------------------------------

Operator = Literal['+', '-', '*', '/', '%', '**', '==', '!=', '<', '>', '<=', '>=', '&', '|', '^', '<<', '>>']


@dataclass(frozen=True, slots=True)
class Var(Node):
    """A variable, function or constructor."""

    name: str


@dataclass(frozen=True, slots=True)
class Unscoped(Node):
    """`$x` as a term."""

    name: str


@dataclass(frozen=True, slots=True)
class Eraser(Node):
    """`*`."""


@dataclass(frozen=True, slots=True)
class Num(Node):
    """A number, character or symbol literal."""

    value: Number


@dataclass(frozen=True, slots=True)
class String(Node):
    """`"..."`, escapes resolved."""

    value: str


@dataclass(frozen=True, slots=True)
class ListLiteral(Node):
    """`[a, b]`."""

    elements: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class TupleLiteral(Node):
    """`(a, b, ...)`, at least two."""

    elements: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Superposition(Node):
    """`{a, b}` in imp, `{a b}` in fun; at least two."""

    elements: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class TreeNode(Node):
    """`![a, b]`."""

    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class TreeLeaf(Node):
    """`!x`."""

    value: Expr


@dataclass(frozen=True, slots=True)
class Call(Node):
    """`f(a, b, name = c)` in imp, `(f a b)` in fun. Without arguments it is just `f`."""

    function: Expr
    arguments: tuple[Expr, ...]
    named: tuple[tuple[str, Expr], ...] = ()


@dataclass(frozen=True, slots=True)
class BinaryOperation(Node):
    """`a + b`, `(+ a b)`."""

    operator: Operator
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class Lambda(Node):
    """`lambda x, y: e` (several parameters) or `λp t` (one; any simple pattern)."""

    parameters: tuple[Pattern, ...]
    body: Expr


# ---- expressions of imp only -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MapLiteral(Node):
    """`{k: v, ...}`."""

    entries: tuple[tuple[Expr, Expr], ...]


@dataclass(frozen=True, slots=True)
class MapGet(Node):
    """`m[k]`."""

    map_name: str
    key: Expr


@dataclass(frozen=True, slots=True)
class ConstructorLiteral(Node):
    """`T/C { a: 1, b: 2 }`."""

    name: str
    fields: tuple[tuple[str, Expr], ...]


@dataclass(frozen=True, slots=True)
class Comprehension(Node):
    """`[element for name in iterable if condition]`."""

    element: Expr
    name: str
    iterable: Expr
    condition: Expr | None


# ---- terms of fun only -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Binding(Node):
    """`name = value` of a scrutinee, `with` clause or bend state.

    `name` is None where an expression that is not a variable stands without a name;
    `value` is None where a name stands alone (`with y` means `with y = y`).
    """

    name: str | None
    value: Expr | None


@dataclass(frozen=True, slots=True)
class Let(Node):
    """`let p = v; body`."""

    pattern: Pattern
    value: Expr
    body: Expr


@dataclass(frozen=True, slots=True)
class Use(Node):
    """`use x = v; body`."""

    name: str
    value: Expr
    body: Expr


@dataclass(frozen=True, slots=True)
class Ask(Node):
    """`ask p = v; body`."""

    pattern: Pattern
    value: Expr
    body: Expr


@dataclass(frozen=True, slots=True)
class If(Node):
    """`if c { a } else { b }`; `elif` is an `If` in `otherwise`."""

    condition: Expr
    then: Expr
    otherwise: Expr


@dataclass(frozen=True, slots=True)
class Arm(Node):
    """An arm of a fun `match` or `fold`; `name` is None for `*`."""

    name: str | None
    body: Expr


@dataclass(frozen=True, slots=True)
class Match(Node):
    """`match x = e with y = v { ... }`."""

    scrutinee: Binding
    with_: tuple[Binding, ...]
    arms: tuple[Arm, ...]


@dataclass(frozen=True, slots=True)
class Fold(Node):
    """`fold x = e with y = v { ... }`."""

    scrutinee: Binding
    with_: tuple[Binding, ...]
    arms: tuple[Arm, ...]


@dataclass(frozen=True, slots=True)
class Switch(Node):
    """`switch x = e with ... { 0: a; 1: b; _: c }`; `arms` are those of 0, 1, ..., and last that of `_`."""

    scrutinee: Binding
    with_: tuple[Binding, ...]
    arms: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Bend(Node):
    """`bend x = e, ... { when c: step else: base }`."""

    states: tuple[Binding, ...]
    condition: Expr
    step: Expr
    base: Expr


@dataclass(frozen=True, slots=True)
class With(Node):
    """`with T { body }`."""

    type_name: str
    body: Expr


@dataclass(frozen=True, slots=True)
class Open(Node):
    """`open T x; body`."""

    type_name: str
    name: str
    body: Expr


@dataclass(frozen=True, slots=True)
class LocalDef(Node):
    """`def f ... = ...; body`."""

    function: FunDef
    body: Expr


Expr = (Var | Unscoped | Eraser | Num | String | ListLiteral | TupleLiteral | Superposition | TreeNode | TreeLeaf
        | Call | BinaryOperation | Lambda | MapLiteral | MapGet | ConstructorLiteral | Comprehension
        | Let | Use | Ask | If | Match | Fold | Switch | Bend | With | Open | LocalDef)


# ---- statements of imp -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ReturnStmt(Node):
    """`return e`."""

    value: Expr


@dataclass(frozen=True, slots=True)
class AssignStmt(Node):
    """`p = e`."""

    pattern: Pattern
    value: Expr


@dataclass(frozen=True, slots=True)
class MapSetStmt(Node):
    """`m[k] = e`."""

    map_name: str
    key: Expr
    value: Expr


@dataclass(frozen=True, slots=True)
class AskStmt(Node):
    """`p <- e`."""

    pattern: Pattern
    value: Expr


@dataclass(frozen=True, slots=True)
class InPlaceStmt(Node):
    """`x += e`, `m[k] += e` (then `key`); operator `@` for `@=`."""

    name: str
    key: Expr | None
    operator: Operator | Literal['@']
    value: Expr


@dataclass(frozen=True, slots=True)
class IfStmt(Node):
    """`if`/`else`; `elif` is an `IfStmt` alone in `otherwise`."""

    condition: Expr
    then: Block
    otherwise: Block


@dataclass(frozen=True, slots=True)
class Case(Node):
    """A `case` of `match` or `fold`; `name` is as written (`_` included)."""

    name: str
    body: Block


@dataclass(frozen=True, slots=True)
class MatchStmt(Node):
    """`match x with ...:`."""

    scrutinee: Binding
    with_: tuple[Binding, ...]
    cases: tuple[Case, ...]


@dataclass(frozen=True, slots=True)
class FoldStmt(Node):
    """`fold x with ...:`."""

    scrutinee: Binding
    with_: tuple[Binding, ...]
    cases: tuple[Case, ...]


@dataclass(frozen=True, slots=True)
class SwitchStmt(Node):
    """`switch x with ...:`; `cases` are those of 0, 1, ..., and last that of `_`."""

    scrutinee: Binding
    with_: tuple[Binding, ...]
    cases: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class BendStmt(Node):
    """`bend x = e, ...:` with `when c:` and `else:`."""

    states: tuple[Binding, ...]
    condition: Expr
    step: Block
    base: Block


@dataclass(frozen=True, slots=True)
class WithStmt(Node):
    """`with T:`."""

    type_name: str
    body: Block


@dataclass(frozen=True, slots=True)
class OpenStmt(Node):
    """`open T: x`."""

    type_name: str
    name: str


@dataclass(frozen=True, slots=True)
class UseStmt(Node):
    """`use x = e`."""

    name: str
    value: Expr


@dataclass(frozen=True, slots=True)
class LocalDefStmt(Node):
    """`def` inside a function."""

    function: ImpDef


Stmt = (ReturnStmt | AssignStmt | MapSetStmt | AskStmt | InPlaceStmt | IfStmt | MatchStmt | FoldStmt | SwitchStmt
        | BendStmt | WithStmt | OpenStmt | UseStmt | LocalDefStmt)
Block = tuple[Stmt, ...]


# ---- top level -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Parameter(Node):
    """A parameter of an imp function, or of a fun signature."""

    name: str
    type: Type | None


@dataclass(frozen=True, slots=True)
class ImpDef(Node):
    """`def name(parameters) -> result: body`. `checked` is None unless written."""

    name: str
    parameters: tuple[Parameter, ...]
    result: Type | None
    body: Block
    checked: bool | None = None


@dataclass(frozen=True, slots=True)
class Rule(Node):
    """One equation."""

    patterns: tuple[Pattern, ...]
    body: Expr


@dataclass(frozen=True, slots=True)
class FunDef(Node):
    """One or more adjacent equations of one name, with the type of a signature (arrows included) if written.

    `f (x: A) : B = body` is one rule whose patterns are the arguments.
    """

    name: str
    rules: tuple[Rule, ...]
    type: Type | None = None
    checked: bool | None = None


@dataclass(frozen=True, slots=True)
class Field(Node):
    """A field of a constructor; `recursive` if marked with `~`."""

    name: str
    type: Type | None
    recursive: bool


@dataclass(frozen=True, slots=True)
class Constructor(Node):
    """A constructor; `name` is full (`List/Cons`; for an `object` the type's own name)."""

    name: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class TypeDef(Node):
    """`type` of either notation, or `object`."""

    name: str
    variables: tuple[str, ...]
    constructors: tuple[Constructor, ...]


@dataclass(frozen=True, slots=True)
class HvmDef(Node):
    """`hvm name -> type:` and the text of its net."""

    name: str
    type: Type | None
    net_text: str


@dataclass(frozen=True, slots=True)
class ImportedName(Node):
    """`name` or `name as alias` in an import."""

    name: str
    alias: str | None


@dataclass(frozen=True, slots=True)
class Import(Node):
    """`from path import a as b, ...`; `names` is empty for `*`. `import path/a` is `from path import a`, where `path`
    may be empty."""

    path: str
    names: tuple[ImportedName, ...]
    path_span: Span


Item = ImpDef | FunDef | TypeDef | HvmDef | Import


@dataclass(frozen=True, slots=True)
class Module:
    """One parsed file: its items in order."""

    source: Source
    items: tuple[Item, ...]
