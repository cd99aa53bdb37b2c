"""Expressions of LIR as C.

C leaves the order of operands open, and the right side of `&&` takes no statements. So where the order matters,
operands become temporary variables in statements before the expression; lazy operands that need such statements become
an `if`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import IntEnum

from bend.codegen import lir
from bend.codegen.c_effects import Effect, Effects
from bend.codegen.c_helpers import Helpers
from bend.codegen.c_names import ModuleNames
from bend.codegen.c_types import c_type, declaration
from bend.records import dataclass

_OPERATORS = {'add': '+', 'sub': '-', 'mul': '*', 'div': '/', 'rem': '%', 'and': '&', 'or': '|', 'xor': '^',
              'shl': '<<', 'shr': '>>'}
_COMPARISONS = {'eq': '==', 'ne': '!=', 'lt': '<', 'le': '<=', 'gt': '>', 'ge': '>='}
_RMW = {'xchg': 'exchange_n', 'add': 'fetch_add', 'sub': 'fetch_sub', 'and': 'fetch_and', 'or': 'fetch_or',
        'xor': 'fetch_xor'}
_FLOAT_FUNCTIONS = {'sqrt', 'floor', 'ceil', 'trunc', 'fabs'}


class Level(IntEnum):
    """How tightly an expression holds together."""

    PRIMARY = 0
    UNARY = 1
    BINARY = 2
    COMPARISON = 3
    BITWISE = 4
    LOGICAL = 5
    CONDITIONAL = 6


@dataclass(frozen=True, slots=True)
class Text:
    """An expression of C."""

    text: str
    level: Level = Level.PRIMARY

    def within(self, level: Level) -> str:
        """The expression as an operand of something that holds as tightly as `level`."""
        return self.text if self.level < level or self.level == Level.PRIMARY else f'({self.text})'


def known_by_type(comparison: lir.Compare) -> bool | None:
    """What a comparison with 0 gives for any number of its type, if that is known."""
    match comparison:
        case lir.Compare('lt' | 'ge' as op, left, lir.Const(0)) | lir.Compare('gt' | 'le' as op, lir.Const(0), left):
            is_unsigned = isinstance(left.type, lir.Int) and not left.type.signed and not isinstance(left, lir.Const)
            return op in ('ge', 'le') if is_unsigned else None
        case _:
            return None


@dataclass
class Surroundings:
    """What the expressions of all functions of a module share."""

    names: ModuleNames
    functions: Mapping[str, lir.Function]
    effects: Effects
    helpers: Helpers


class Expressions:
    """Emits the expressions of one function. Statements that must come before an expression go to `lines`."""

    def __init__(self, shared: Surroundings, local_names: Mapping[str, str], new_name: Callable[[str], str]) -> None:
        self.shared = shared
        self.local_names = local_names
        self.new_name = new_name
        self.lines: list[str] = []

    # ---- the order of evaluation ---------------------------------------------------------------

    def operands(self, exprs: Sequence[lir.Expr]) -> list[Text]:
        """Operands, evaluated from left to right."""
        effects = [self.shared.effects.of(expr) for expr in exprs]
        impure = [index for index, effect in enumerate(effects) if effect]
        ordered = len(impure) > 1 and Effect.ACTS in effects
        found = []
        for index, expr in enumerate(exprs):
            before = len(self.lines)
            text = self.emit(expr)
            if len(self.lines) > before and not ordered:
                # What reads memory before must be read before these statements, which happen only where something acts.
                assert not any(effects[:index])
            if ordered and effects[index] and index != impure[-1]:
                text = self.keep(text, expr.type)
            found.append(text)
        return found

    def keep(self, value: Text, type_: lir.Type) -> Text:
        """A temporary variable with a value."""
        name = self.new_name('t')
        self.lines.append(f'{declaration(type_, name, self.shared.names.structs)} = {value.text};')
        return Text(name)

    def aside(self, expr: lir.Expr) -> tuple[Text, list[str]]:
        """An expression and the statements that it needs before it, which are not written yet."""
        outer, self.lines = self.lines, []
        text = self.emit(expr)
        lines, self.lines = self.lines, outer
        return text, lines

    # ---- expressions -----------------------------------------------------------------------------

    def emit(self, expr: lir.Expr) -> Text:
        """An expression."""
        match expr:
            case lir.Const(value, type_):
                return constant(value, type_)
            case lir.Local(name):
                return Text(self.local_names[name])
            case lir.GlobalAddress(name):
                return Text(self.shared.names.globals[name])
            case lir.Binary():
                return self.binary(expr)
            case lir.Compare(op, left, right):
                if (known := known_by_type(expr)) is not None:
                    # Compilers warn of such comparisons.
                    other = right if isinstance(left, lir.Const) else left
                    return Text(f'((void)({self.emit(other).text}), {"true" if known else "false"})')
                first, second = self.pair(left, right)
                return Text(f'{first.within(Level.COMPARISON)} {_COMPARISONS[op]} {second.within(Level.COMPARISON)}',
                            Level.COMPARISON)
            case lir.Logical():
                return self.logical(expr)
            case lir.Select():
                return self.select(expr)
            case lir.Not(value):
                return self.complement(value)
            case lir.Neg(value):
                return self.negative(value)
            case lir.Convert(value, type_):
                return self.convert(value, type_)
            case lir.Bitcast(value, type_):
                return self.helper('bits', (value.type, type_), (value,))
            case lir.Pack(type_, values):
                parts = ', '.join(part.text for part in self.operands(values))
                return Text(f'({self.type(type_)}){{{parts}}}', Level.UNARY)
            case lir.Extract(value, field):
                return Text(f'{self.emit(value).within(Level.UNARY)}.{field}')
            case lir.Call(function, arguments):
                parts = ', '.join(self.argument(part, argument)
                                  for part, argument in zip(self.operands(arguments), arguments, strict=True))
                return Text(f'{self.shared.names.functions[function]}({parts})')
            case lir.Intrinsic(name, arguments):
                return self.intrinsic(name, arguments)
            case lir.FieldAddress():
                # Fields have a type of their own; as a value, the address is one of LIR's type.
                return Text(f'({self.type(expr.type)})&{self.place(expr)}', Level.UNARY)
            case lir.IndexAddress(pointer, index):
                base, offset = self.base_and_offset(pointer, index)
                cast = f'({self.type(expr.type)})' if isinstance(pointer, lir.FieldAddress) else ''
                return Text(f'{cast}&{base}[{offset}]', Level.UNARY)
            case lir.Load(pointer):
                return Text(self.place(pointer), Level.UNARY if self.is_starred(pointer) else Level.PRIMARY)
            case _:
                return self.atomic(expr)

    def type(self, type_: lir.Type) -> str:
        """A type in C."""
        return c_type(type_, self.shared.names.structs)

    def argument(self, text: Text, expr: lir.Expr) -> str:
        """An argument of a call, or what is stored: prototypes convert plain constants, but not addresses of constant
        data."""
        if isinstance(expr, lir.GlobalAddress):
            return f'({self.type(expr.type)}){text.text}'
        return bare(expr) or text.text

    def helper(self, kind: str, types: Sequence[lir.Type], arguments: Sequence[lir.Expr]) -> Text:
        """A call of one of the functions that the emitter brings along."""
        name = self.shared.helpers.name(kind, types)
        return Text(f'{name}({", ".join(part.text for part in self.operands(arguments))})')

    def pair(self, left: lir.Expr, right: lir.Expr) -> tuple[Text, Text]:
        """Two operands of one type. One that is a constant takes the type of the other."""
        first, second = self.operands((left, right))
        if not isinstance(left, lir.Const):
            second = Text(bare(right) or second.text, second.level)
        elif not isinstance(right, lir.Const):
            first = Text(bare(left) or first.text, first.level)
        return first, second

    def binary(self, expr: lir.Binary) -> Text:
        """Arithmetic. C computes with at least 32 bits, and signed integers must not overflow in it."""
        type_, op = expr.type, expr.op
        sign = _OPERATORS[op]
        if not isinstance(type_, lir.Int):
            first, second = self.operands((expr.left, expr.right))
            return Text(f'{first.within(Level.BINARY)} {sign} {second.within(Level.BINARY)}', Level.BINARY)
        if op in ('shl', 'shr'):
            return self.shift(expr, type_)
        if op in ('div', 'rem') and isinstance(expr.right, lir.Const) and expr.right.value == 0:
            # Never done, and compilers warn of it.
            return self.emit(expr.left)
        first, second = self.pair(expr.left, expr.right)
        left, right = first.within(Level.BINARY), second.within(Level.BINARY)
        if type_.signed and op in ('add', 'sub', 'mul'):
            unsigned = 'u64' if type_.bits == 64 else 'u32'
            left = f'({unsigned}){first.within(Level.UNARY)}'
            if not bare(expr.right):
                right = f'({unsigned}){second.within(Level.UNARY)}'
        elif type_.bits < 32 and op == 'mul':
            left = f'(u32){first.within(Level.UNARY)}'
        wraps = op in ('add', 'sub', 'mul') and (type_.signed or type_.bits < 32)
        level = Level.BITWISE if op in ('and', 'or', 'xor') else Level.BINARY
        return self.wrapped(Text(f'{left} {sign} {right}', level), type_, wraps)

    def wrapped(self, text: Text, type_: lir.Type, wraps: bool) -> Text:
        """A result that may have to be cut to its type."""
        return Text(f'({self.type(type_)})({text.text})', Level.UNARY) if wraps else text

    def shift(self, expr: lir.Binary, type_: lir.Int) -> Text:
        """A shift; the count is taken modulo the width."""
        first, second = self.operands((expr.left, expr.right))
        if isinstance(expr.right, lir.Const):
            count = str(int(expr.right.value) % type_.bits)
        else:
            count = f'({second.within(Level.BINARY)} & {type_.bits - 1})'
        if expr.op == 'shr':
            return Text(f'{first.within(Level.BINARY)} >> {count}', Level.BITWISE)
        left = first.within(Level.BINARY)
        if type_.signed or type_.bits < 32:
            left = f'({"u64" if type_.bits == 64 else "u32"}){first.within(Level.UNARY)}'
        return self.wrapped(Text(f'{left} << {count}', Level.BITWISE), type_, type_.signed or type_.bits < 32)

    def logical(self, expr: lir.Logical) -> Text:
        """Lazy `and` and `or`."""
        sign = '&&' if expr.op == 'and' else '||'
        left = self.emit(expr.left)
        right, lines = self.aside(expr.right)
        if not lines:
            parts = [part.within(Level.LOGICAL) for part in (left, right)]
            return Text(f' {sign} '.join(parts), Level.LOGICAL)
        result = self.keep(left, lir.BOOL)
        condition = result.text if expr.op == 'and' else f'!{result.text}'
        self.lines += [f'if ({condition}) {{', *lines, f'{result.text} = {right.text};', '}']
        return result

    def select(self, expr: lir.Select) -> Text:
        """One of two values."""
        condition = self.emit(expr.condition)
        then, then_lines = self.aside(expr.then)
        otherwise, other_lines = self.aside(expr.otherwise)
        if not then_lines and not other_lines:
            parts = (condition.within(Level.CONDITIONAL), then.within(Level.CONDITIONAL),
                     otherwise.within(Level.CONDITIONAL))
            return Text('{} ? {} : {}'.format(*parts), Level.CONDITIONAL)
        name = self.new_name('t')
        self.lines += [f'{declaration(expr.type, name, self.shared.names.structs)};', f'if ({condition.text}) {{',
                       *then_lines, f'{name} = {then.text};', '} else {', *other_lines, f'{name} = {otherwise.text};',
                       '}']
        return Text(name)

    def complement(self, value: lir.Expr) -> Text:
        """`not` of a truth value, or the complement of an integer."""
        operand = self.emit(value)
        if value.type == lir.BOOL:
            return Text(f'!{operand.within(Level.BINARY)}', Level.UNARY)
        assert isinstance(value.type, lir.Int)
        text = f'~{operand.within(Level.BINARY)}'
        return Text(f'({value.type}){text}' if value.type.bits < 32 else text, Level.UNARY)

    def negative(self, value: lir.Expr) -> Text:
        """The negative of a number."""
        operand = self.emit(value)
        type_ = value.type
        if not isinstance(type_, lir.Int):
            return Text(f'-{operand.within(Level.UNARY)}', Level.UNARY)
        unsigned = 'u64' if type_.bits == 64 else 'u32'
        return Text(f'({type_})(0 - ({unsigned}){operand.within(Level.UNARY)})', Level.UNARY)

    def convert(self, value: lir.Expr, type_: lir.Type) -> Text:
        """A conversion."""
        source = value.type
        if source == type_:
            return self.emit(value)
        if isinstance(source, lir.Float) and isinstance(type_, lir.Int):
            return self.helper('saturate', (source, type_), (value,))
        operand = self.emit(value).within(Level.BINARY)
        if isinstance(type_, lir.Ptr) and isinstance(source, lir.Int) and source.bits < 64:
            operand = f'(u64){operand}'
        if isinstance(source, lir.Ptr) and isinstance(type_, lir.Int) and type_.bits < 64:
            operand = f'(u64){operand}'
        return Text(f'({self.type(type_)}){operand}', Level.UNARY)

    def intrinsic(self, name: str, arguments: Sequence[lir.Expr]) -> Text:
        """An operation that C compilers have a builtin for."""
        if name in ('likely', 'unlikely'):
            return Text(f'{name.upper()}({self.emit(arguments[0]).text})')
        if name == 'trap':
            return Text('__builtin_trap()')
        if name == 'pause':
            return Text('pause_core()')
        if name == 'stack_pointer':
            return Text('stack_pointer()')
        if name == 'prefetch':
            return Text(f'__builtin_prefetch({self.emit(arguments[0]).text})')
        if name in _FLOAT_FUNCTIONS:
            suffix = 'f' if arguments[0].type == lir.F32 else ''
            return Text(f'__builtin_{name}{suffix}({self.emit(arguments[0]).text})')
        return self.helper(name, (arguments[0].type,), arguments)

    # ---- memory ----------------------------------------------------------------------------------

    def place(self, pointer: lir.Expr) -> str:
        """What a pointer points to, as what can be read and assigned."""
        match pointer:
            case lir.FieldAddress(base, field):
                return f'{self.emit(base).within(Level.UNARY)}->{field}'
            case lir.IndexAddress(base, index):
                array, offset = self.base_and_offset(base, index)
                return f'{self.retyped(array, pointer, base)}[{offset}]'
            case _:
                return f'*{self.retyped(self.emit(pointer).within(Level.BINARY), pointer, pointer)}'

    def is_starred(self, pointer: lir.Expr) -> bool:
        """Whether `place` gives something with a star before it."""
        return not isinstance(pointer, lir.FieldAddress | lir.IndexAddress)

    def base_and_offset(self, pointer: lir.Expr, index: lir.Expr) -> tuple[str, str]:
        """An array, or the pointer to its first element, and the index of an element."""
        if isinstance(pointer, lir.FieldAddress):
            base, offset = self.operands((pointer.pointer, index))
            return f'{base.within(Level.UNARY)}->{pointer.field}', bare(index) or offset.text
        base, offset = self.operands((pointer, index))
        return base.within(Level.UNARY), bare(index) or offset.text

    def retyped(self, text: str, pointer: lir.Expr, base: lir.Expr) -> str:
        """A pointer through which C may access memory that it knows as one of words."""
        pointee = lir.pointee(pointer.type)
        if isinstance(base, lir.FieldAddress | lir.GlobalAddress) or pointee == lir.U64:
            return text
        return f'(({self.shared.helpers.alias(pointee, self.type(pointee))} *){text})'

    def atomic(self, expr: lir.Expr) -> Text:
        """Atomic operations."""
        match expr:
            case lir.AtomicLoad(pointer, order):
                return Text(f'__atomic_load_n({self.address(pointer, expr.type)}, {_order(order)})')
            case lir.AtomicRmw(op, pointer, value, order):
                place, operand = self.operands((pointer, value))
                address = self.shared_address(place, pointer, expr.type)
                number = bare(value) or operand.text
                if op in ('max', 'min'):
                    name = self.shared.helpers.name(op, (expr.type,))
                    return Text(f'{name}({address}, {number}, {_order(order)})')
                return Text(f'__atomic_{_RMW[op]}({address}, {number}, {_order(order)})')
            case lir.CompareExchange(pointer, expected, new, order, failure):
                place, old, replacement = self.operands((pointer, expected, new))
                address = self.shared_address(place, pointer, expr.type)
                name = self.shared.helpers.name('compare_exchange', (expr.type,))
                values = f'{bare(expected) or old.text}, {bare(new) or replacement.text}'
                return Text(f'{name}({address}, {values}, {_order(order)}, {_order(failure)})')
            case _:
                raise TypeError(f'no expression: {expr}')

    def address(self, pointer: lir.Expr, type_: lir.Type) -> str:
        """The address for an atomic operation."""
        return self.shared_address(self.emit(pointer), pointer, type_)

    def shared_address(self, place: Text, pointer: lir.Expr, type_: lir.Type) -> str:
        """The same, of a pointer that has been emitted: one that may point to words and to fields alike."""
        text = place.within(Level.BINARY)
        if isinstance(pointer, lir.FieldAddress | lir.IndexAddress):
            text = text.removeprefix(f'({self.type(pointer.type)})')
        return f'({self.shared.helpers.alias(type_, self.type(type_))} *){text}'


def _order(order: lir.Order) -> str:
    """A memory order as the builtins of C compilers know it."""
    return f'__ATOMIC_{"RELAXED" if order == "unordered" else order.upper()}'


def constant(value: int | float, type_: lir.Type) -> Text:
    """A constant, with its type."""
    match type_:
        case lir.BoolType():
            return Text('true' if value else 'false')
        case lir.Float(bits):
            return _float(float(value), bits)
        case lir.Ptr():
            return Text('0') if value == 0 else Text(f'(void *){_digits(int(value))}ull', Level.UNARY)
        case lir.Int(bits, signed):
            number = int(value)
            if not signed:
                suffix = 'ull' if bits == 64 else 'u' if bits == 32 else ''
                return Text(_digits(number) + suffix)
            if number == -(1 << (bits - 1)) and bits >= 32:
                return Text(f'INT{bits}_MIN')
            text = _digits(abs(number)) + ('ll' if bits == 64 else '')
            return Text(f'-{text}', Level.UNARY) if number < 0 else Text(text)
        case _:
            raise ValueError(f'no constant of {type_}')


def bare(expr: lir.Expr) -> str:
    """A constant without the marks of its type, for where what stands around it gives it one; '' for anything else."""
    if isinstance(expr, lir.Const) and isinstance(expr.type, lir.Int) and 0 <= expr.value < 1 << 31:
        return _digits(int(expr.value))
    return ''


def _digits(number: int) -> str:
    """A number that is not negative: masks, single bits and addresses are read more easily in hexadecimal."""
    is_mask = number & (number + 1) == 0 or number & (number - 1) == 0
    return hex(number) if number >> 32 or (is_mask and number > 255) else str(number)


def _float(value: float, bits: int) -> Text:
    """A float; those that have no digits are what the compiler's builtins give."""
    suffix = 'f' if bits == 32 else ''
    if value != value:
        return Text(f'__builtin_nan{suffix}("")')
    if value in (float('inf'), float('-inf')):
        text = f'__builtin_inf{suffix}()'
        return Text(f'-{text}', Level.UNARY) if value < 0 else Text(text)
    text = f'{abs(value)!r}{suffix}' if 'e' in repr(value) or len(repr(value)) < 12 else f'{abs(value).hex()}{suffix}'
    return Text(f'-{text}', Level.UNARY) if str(value).startswith('-') else Text(text)
