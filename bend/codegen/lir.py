"""The low-level IR: a small, structured, statically typed language that every target is emitted from.

The runtime kernel (`bend.codegen.pylir`) and compiled programs (`bend.codegen.nets`, `bend.codegen.direct`) become
LIR; `emit_llvm` and `emit_c` turn it into native code, PTX or C. This module is data only; walking through it is in
`lir_walk`, putting modules together in `lir_merge`, checking in `lir_validate`, printing in `lir_printer`.

Semantics that all targets share:

* operands are evaluated from left to right, once; `Logical` and `Select` are lazy;
* integers wrap; `div` and `rem` cut towards zero, and dividing by zero is undefined;
* the count of `shl` and `shr` is taken modulo the width; `shr` is arithmetic on signed integers;
* float to integer conversion saturates, and NaN gives 0; other integer conversions wrap, extending by the signedness
  of the source; nothing is contracted or reassociated in floats;
* a plain access must not race with another one; what is shared goes through the atomic nodes;
* a struct field is accessed plainly only through `FieldAddress` (or an `IndexAddress` straight on it): a pointer to a
  field that was kept as a value serves only atomic accesses, and calls. Emitters tell the target's alias analysis so.
"""

from __future__ import annotations

from typing import Literal, TypeAlias, final

from bend.codegen.lir_intrinsics import INTRINSICS as INTRINSICS
from bend.codegen.lir_types import BOOL as BOOL
from bend.codegen.lir_types import F32 as F32
from bend.codegen.lir_types import F64 as F64
from bend.codegen.lir_types import I8 as I8
from bend.codegen.lir_types import I16 as I16
from bend.codegen.lir_types import I32 as I32
from bend.codegen.lir_types import I64 as I64
from bend.codegen.lir_types import U8 as U8
from bend.codegen.lir_types import U16 as U16
from bend.codegen.lir_types import U32 as U32
from bend.codegen.lir_types import U64 as U64
from bend.codegen.lir_types import VOID as VOID
from bend.codegen.lir_types import Array as Array
from bend.codegen.lir_types import BoolType as BoolType
from bend.codegen.lir_types import Float as Float
from bend.codegen.lir_types import Int as Int
from bend.codegen.lir_types import Ptr as Ptr
from bend.codegen.lir_types import Space as Space
from bend.codegen.lir_types import StructName as StructName
from bend.codegen.lir_types import Type as Type
from bend.codegen.lir_types import VoidType as VoidType
from bend.codegen.lir_types import pointee as pointee
from bend.records import dataclass

Order = Literal['unordered', 'relaxed', 'acquire', 'release', 'acq_rel', 'seq_cst']
Scope = Literal['block', 'device', 'system']
Inline = Literal['hint', 'always', 'never', 'auto']
BinaryOp = Literal['add', 'sub', 'mul', 'div', 'rem', 'and', 'or', 'xor', 'shl', 'shr']
CompareOp = Literal['eq', 'ne', 'lt', 'le', 'gt', 'ge']
LogicalOp = Literal['and', 'or']
RmwOp = Literal['xchg', 'add', 'sub', 'and', 'or', 'xor', 'max', 'min']


# --- expressions -----------------------------------------------------------------------------------------------


@final
@dataclass(frozen=True, slots=True)
class Const:
    """A number or a truth value; for a pointer type, 0 is the null pointer."""

    value: int | float
    type: Type


@final
@dataclass(frozen=True, slots=True)
class Local:
    """The value of a parameter or a local variable."""

    name: str
    type: Type


@final
@dataclass(frozen=True, slots=True)
class GlobalAddress:
    """The address of a global's first element."""

    name: str
    type: Ptr


@final
@dataclass(frozen=True, slots=True)
class StackArray:
    """The address of memory for so many elements that each call of the function has for itself until it ends. C does
    not know it."""

    element: Type
    count: int

    @property
    def type(self) -> Ptr:
        """A pointer to the first one."""
        return Ptr(self.element)


@final
@dataclass(frozen=True, slots=True)
class Binary:
    """Arithmetic on two operands of one type; floats have `add sub mul div` only."""

    op: BinaryOp
    left: Expr
    right: Expr

    @property
    def type(self) -> Type:
        """That of the operands."""
        return self.left.type


@final
@dataclass(frozen=True, slots=True)
class Compare:
    """A comparison of two operands of one type; with a NaN all are false but `ne`."""

    op: CompareOp
    left: Expr
    right: Expr

    @property
    def type(self) -> Type:
        """Always bool."""
        return BOOL


@final
@dataclass(frozen=True, slots=True)
class Logical:
    """Lazy `and` or `or` of truth values: the right one is evaluated only if the left one does not decide."""

    op: LogicalOp
    left: Expr
    right: Expr

    @property
    def type(self) -> Type:
        """Always bool."""
        return BOOL


@final
@dataclass(frozen=True, slots=True)
class Not:
    """Negation of a truth value, or the complement of an integer."""

    value: Expr

    @property
    def type(self) -> Type:
        """That of the operand."""
        return self.value.type


@final
@dataclass(frozen=True, slots=True)
class Neg:
    """The negative of a number."""

    value: Expr

    @property
    def type(self) -> Type:
        """That of the operand."""
        return self.value.type


@final
@dataclass(frozen=True, slots=True)
class Convert:
    """A value in another type: integers, floats, bool to integer, pointer to and from integer, pointer to pointer."""

    value: Expr
    type: Type


@final
@dataclass(frozen=True, slots=True)
class Bitcast:
    """The bits of a float as an integer of its size, or the other way."""

    value: Expr
    type: Type


@final
@dataclass(frozen=True, slots=True)
class Select:
    """One of two values; only the chosen one is evaluated."""

    condition: Expr
    then: Expr
    otherwise: Expr

    @property
    def type(self) -> Type:
        """That of both values."""
        return self.then.type


@final
@dataclass(frozen=True, slots=True)
class Load:
    """A plain load."""

    pointer: Expr

    @property
    def type(self) -> Type:
        """What the pointer points to."""
        return pointee(self.pointer.type)


@final
@dataclass(frozen=True, slots=True)
class AtomicLoad:
    """An atomic load: relaxed, acquire or seq_cst; or unordered: as relaxed, but several loads may become one."""

    pointer: Expr
    order: Order = 'seq_cst'
    scope: Scope = 'device'

    @property
    def type(self) -> Type:
        """What the pointer points to."""
        return pointee(self.pointer.type)


@final
@dataclass(frozen=True, slots=True)
class AtomicRmw:
    """An atomic change of a word; gives what was there before."""

    op: RmwOp
    pointer: Expr
    value: Expr
    order: Order = 'seq_cst'
    scope: Scope = 'device'

    @property
    def type(self) -> Type:
        """What the pointer points to."""
        return pointee(self.pointer.type)


@final
@dataclass(frozen=True, slots=True)
class CompareExchange:
    """Stores `new` if `expected` is there; gives what was there before."""

    pointer: Expr
    expected: Expr
    new: Expr
    order: Order = 'seq_cst'
    failure: Order = 'relaxed'
    scope: Scope = 'device'

    @property
    def type(self) -> Type:
        """What the pointer points to."""
        return pointee(self.pointer.type)


@final
@dataclass(frozen=True, slots=True)
class FieldAddress:
    """The address of a field of a struct; `type` is a pointer to the field's type (`Struct.address` makes these)."""

    pointer: Expr
    field: str
    type: Ptr


@final
@dataclass(frozen=True, slots=True)
class IndexAddress:
    """The address of an element, from a pointer to the first one or to an array."""

    pointer: Expr
    index: Expr

    @property
    def type(self) -> Ptr:
        """A pointer to the element."""
        pointer = self.pointer.type
        assert isinstance(pointer, Ptr)
        if isinstance(pointer.pointee, Array):
            return Ptr(pointer.pointee.element, pointer.space)
        return pointer


@final
@dataclass(frozen=True, slots=True)
class Pack:
    """A struct as a value: what functions with several results return. Such values are only kept in locals."""

    type: StructName
    values: tuple[Expr, ...]


@final
@dataclass(frozen=True, slots=True)
class Extract:
    """A field of a struct that is a value; `type` is the field's."""

    value: Expr
    field: str
    type: Type


@final
@dataclass(frozen=True, slots=True)
class Call:
    """A call of a function of the module (defined or declared). A `tail` call, the value of a `Return`, takes the
    place of the caller on the stack where the target can do that; caller and callee must be functions with the `tail`
    convention. `place` numbers the call's place in the source of a `traced` function, 0 if it has none."""

    function: str
    arguments: tuple[Expr, ...]
    type: Type
    tail: bool = False
    place: int = 0


@final
@dataclass(frozen=True, slots=True)
class Intrinsic:
    """An operation that targets have an instruction for; `INTRINSICS` lists them."""

    name: str
    arguments: tuple[Expr, ...]

    @property
    def type(self) -> Type:
        """That of the operand, or what `INTRINSICS` says."""
        match INTRINSICS[self.name]:
            case 'none':
                return VOID
            case 'address':
                return U64
            case 'index' | 'votes':
                return U32
            case 'shared':
                return Ptr(U8, 'shared')
            case _:
                return self.arguments[0].type


Expr: TypeAlias = (
    Const | Local | GlobalAddress | StackArray | Binary | Compare | Logical | Not | Neg | Convert | Bitcast | Select
    | Load
    | AtomicLoad | AtomicRmw | CompareExchange | FieldAddress | IndexAddress | Pack | Extract | Call | Intrinsic
)


# --- statements ------------------------------------------------------------------------------------------------


@final
@dataclass(frozen=True, slots=True)
class Assign:
    """Gives a local (or a parameter) a value; the first one makes the local."""

    target: Local
    value: Expr
    line: int = 0


@final
@dataclass(frozen=True, slots=True)
class Store:
    """A plain store."""

    pointer: Expr
    value: Expr
    line: int = 0


@final
@dataclass(frozen=True, slots=True)
class AtomicStore:
    """An atomic store: relaxed, release or seq_cst."""

    pointer: Expr
    value: Expr
    order: Order = 'seq_cst'
    scope: Scope = 'device'
    line: int = 0


@final
@dataclass(frozen=True, slots=True)
class Fence:
    """Orders memory accesses around it."""

    order: Order = 'seq_cst'
    scope: Scope = 'device'
    line: int = 0


@final
@dataclass(frozen=True, slots=True)
class If:
    """Two blocks, one of which runs."""

    condition: Expr
    then: Block
    otherwise: Block = ()
    line: int = 0


@final
@dataclass(frozen=True, slots=True)
class While:
    """Runs the body as long as the condition, evaluated before each time, is true."""

    condition: Expr
    body: Block
    line: int = 0


@final
@dataclass(frozen=True, slots=True)
class Break:
    """Leaves the innermost loop."""

    line: int = 0


@final
@dataclass(frozen=True, slots=True)
class Continue:
    """Goes on with the innermost loop."""

    line: int = 0


@final
@dataclass(frozen=True, slots=True)
class Case:
    """One arm of a switch; arms do not fall through."""

    values: tuple[int, ...]
    body: Block


@final
@dataclass(frozen=True, slots=True)
class Switch:
    """Runs the arm that has the value of an integer, or the default."""

    value: Expr
    cases: tuple[Case, ...]
    default: Block = ()
    line: int = 0


@final
@dataclass(frozen=True, slots=True)
class Return:
    """Leaves the function."""

    value: Expr | None = None
    line: int = 0


@final
@dataclass(frozen=True, slots=True)
class ExprStmt:
    """Evaluates an expression for what it does."""

    value: Expr
    line: int = 0


@final
@dataclass(frozen=True, slots=True)
class Fork:
    """Calls that do not need each other, each of which gives a local its value. They may be done at the same time, or
    in any order (`bend.codegen.states`); LLVM does them one after the other, and so does CUDA C++ (`c_forks`); C does
    not know them."""

    targets: tuple[Local, ...]
    calls: tuple[Call, ...]
    line: int = 0


Stmt: TypeAlias = (
    Assign | Store | AtomicStore | Fence | If | While | Break | Continue | Switch | Return | ExprStmt | Fork
)
Block: TypeAlias = tuple[Stmt, ...]


# --- modules ---------------------------------------------------------------------------------------------------


@final
@dataclass(frozen=True, slots=True)
class Struct:
    """A struct: its fields in order, laid out as C does."""

    name: str
    fields: tuple[tuple[str, Type], ...]

    def index(self, field: str) -> int:
        """The position of a field; raises KeyError if there is none of that name."""
        for position, (name, _) in enumerate(self.fields):
            if name == field:
                return position
        raise KeyError(field)

    def address(self, pointer: Expr, field: str) -> FieldAddress:
        """The address of a field of the struct that `pointer` points to."""
        space = pointer.type.space if isinstance(pointer.type, Ptr) else 'generic'
        return FieldAddress(pointer, field, Ptr(self.fields[self.index(field)][1], space))

    def load(self, pointer: Expr, field: str) -> Load:
        """A plain load of a field."""
        return Load(self.address(pointer, field))


@final
@dataclass(frozen=True, slots=True)
class Global:
    """Static data: elements of one type, given or all zero. On a GPU it may be in shared memory, one for each block,
    and undefined at first."""

    name: str
    element: Type
    count: int
    words: tuple[int, ...] | None = None
    constant: bool = True
    space: Space = 'generic'

    def address(self) -> GlobalAddress:
        """The address of the first element."""
        return GlobalAddress(self.name, Ptr(self.element, self.space))


@final
@dataclass(frozen=True, slots=True)
class Function:
    """A function, or with `extern` the declaration of one that another module or the process provides.

    With the `tail` convention it may call others of that kind in its own place; nobody outside of LIR can call it. One
    that is `noreturn` never comes back. One that is `seldom` run is compiled quickly instead of well, and not inlined.
    Of a `traced` one, debug information says which calls were under way (see `bend.codegen.debug_info`).
    """

    name: str
    parameters: tuple[tuple[str, Type], ...]
    result: Type
    body: Block = ()
    inline: Inline = 'auto'
    exported: bool = False
    extern: bool = False
    tail: bool = False
    noreturn: bool = False
    seldom: bool = False
    traced: bool = False
    file: str = ''
    line: int = 0

    def call(self, *arguments: Expr) -> Call:
        """A call of this function."""
        return Call(self.name, arguments, self.result)

    def tail_call(self, *arguments: Expr) -> Return:
        """A call of this function in the place of the caller."""
        return Return(Call(self.name, arguments, self.result, tail=True))


@final
@dataclass(frozen=True, slots=True)
class Module:
    """What is compiled together."""

    functions: tuple[Function, ...]
    structs: tuple[Struct, ...] = ()
    globals: tuple[Global, ...] = ()

    def function(self, name: str) -> Function:
        """A function by its name; raises KeyError."""
        for function in self.functions:
            if function.name == name:
                return function
        raise KeyError(name)

    def struct(self, name: str) -> Struct:
        """A struct by its name; raises KeyError."""
        for struct in self.structs:
            if struct.name == name:
                return struct
        raise KeyError(name)
