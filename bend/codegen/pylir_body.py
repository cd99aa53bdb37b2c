"""Lowers the bodies of kernel functions to LIR (see `bend.codegen.pylir` for the language)."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

from bend.codegen import lir
from bend.codegen.lir_intrinsics import WITHOUT_OPERAND
from bend.codegen.lir_layout import size_and_alignment
from bend.codegen.pylir_scope import (
    ORDERS,
    RMW_OPS,
    SCALARS,
    SCOPES,
    Constant,
    FunctionEntity,
    KernelError,
    LangName,
    Scope,
    constant,
)

_OPERATORS: Mapping[type[ast.operator], lir.BinaryOp] = {
    ast.Add: 'add', ast.Sub: 'sub', ast.Mult: 'mul', ast.FloorDiv: 'div', ast.Mod: 'rem', ast.Div: 'div',
    ast.BitAnd: 'and', ast.BitOr: 'or', ast.BitXor: 'xor', ast.LShift: 'shl', ast.RShift: 'shr',
}
_COMPARISONS: Mapping[type[ast.cmpop], lir.CompareOp] = {
    ast.Eq: 'eq', ast.NotEq: 'ne', ast.Lt: 'lt', ast.LtE: 'le', ast.Gt: 'gt', ast.GtE: 'ge',
}
_BITCASTS: Mapping[str, tuple[lir.Type, lir.Type]] = {
    'f32_bits': (lir.F32, lir.U32), 'bits_f32': (lir.U32, lir.F32),
    'f64_bits': (lir.F64, lir.U64), 'bits_f64': (lir.U64, lir.F64),
}


def lower_body(scope: Scope, entity: FunctionEntity, structs: Mapping[str, lir.Struct]) -> lir.Block:
    """The body of a kernel function in LIR. Raises KernelError."""
    return _Body(scope, entity.function, structs).block(entity.node.body)


class _Body:
    """Lowers one function; knows the types of the locals seen so far."""

    def __init__(self, scope: Scope, function: lir.Function, structs: Mapping[str, lir.Struct]) -> None:
        self.scope = scope
        self.function = function
        self.structs = structs
        self.locals: dict[str, lir.Type] = dict(function.parameters)
        self.temporaries = 0

    def error(self, node: ast.AST, message: str) -> KernelError:
        return self.scope.error(node, message)

    # --- statements --------------------------------------------------------------------------------------------

    def block(self, body: Sequence[ast.stmt]) -> lir.Block:
        lowered: list[lir.Stmt] = []
        for statement in body:
            lowered.extend(self.statement(statement))
        return tuple(lowered)

    def statement(self, node: ast.stmt) -> Sequence[lir.Stmt]:
        line = node.lineno
        match node:
            case ast.Pass() | ast.Expr(value=ast.Constant(value=str())):
                return ()
            case ast.Assign(targets=[target], value=value):
                return self.assign(node, target, None, value)
            case ast.AnnAssign(target=ast.Name() as target, annotation=annotation, value=ast.expr() as value):
                return self.assign(node, target, self.scope.type_of(annotation), value)
            case ast.AugAssign(target=target, op=op, value=value):
                return self.augmented(node, target, op, value)
            case ast.If(test=test, body=body, orelse=otherwise):
                condition = self.condition(test)
                return (lir.If(condition, self.block(body), self.block(otherwise), line),)
            case ast.While(test=test, body=body, orelse=[]):
                return (lir.While(self.condition(test), self.block(body), line),)
            case ast.For():
                return self.counted_loop(node)
            case ast.Match():
                return (self.switch(node),)
            case ast.Break():
                return (lir.Break(line),)
            case ast.Continue():
                return (lir.Continue(line),)
            case ast.Return(value=None):
                return (lir.Return(None, line),)
            case ast.Return(value=ast.expr() as value):
                return (lir.Return(self.typed(value, self.function.result, 'the result'), line),)
            case ast.Expr(value=ast.Call() as call):
                return (self.call_statement(call),)
            case _:
                raise self.error(node, f'kernel code has no such statement: {ast.unparse(node).splitlines()[0]}')

    def assign(self, node: ast.stmt, target: ast.expr, type_: lir.Type | None, value: ast.expr) -> Sequence[lir.Stmt]:
        if not isinstance(target, ast.Name):
            if not isinstance(target, ast.Attribute | ast.Subscript):
                raise self.error(node, 'only a local, an element or a field can be assigned to')
            address = self.place(target)
            return (lir.Store(address, self.typed(value, address_type(address), 'the assigned value'), node.lineno),)
        name = target.id
        known = self.locals.get(name)
        if known is None and name in self.scope.names:
            raise self.error(node, f'{name} is a name of the module, and cannot be a local')
        if type_ is not None and known is not None and known != type_:
            raise self.error(node, f'{name} is {known} already, not {type_}')
        wanted = known or type_
        lowered = self.expr(value) if wanted is None else self.typed(value, wanted, name)
        if lowered.type == lir.VOID:
            raise self.error(node, f'{ast.unparse(value)} has no result')
        self.locals[name] = lowered.type
        return (lir.Assign(lir.Local(name, lowered.type), lowered, node.lineno),)

    def augmented(self, node: ast.stmt, target: ast.expr, op: ast.operator, value: ast.expr) -> Sequence[lir.Stmt]:
        if isinstance(target, ast.Name):
            current = self.expr(target)
            assert isinstance(current, lir.Local)
            return (lir.Assign(current, self.arithmetic(node, op, current, None, value), node.lineno),)
        address = self.place(target)
        before: list[lir.Stmt] = []
        if _has_effects(address):
            holder = lir.Local(self.temporary(address.type), address.type)
            before.append(lir.Assign(holder, address, node.lineno))
            address = holder
        result = self.arithmetic(node, op, lir.Load(address), None, value)
        return (*before, lir.Store(address, result, node.lineno))

    def temporary(self, type_: lir.Type) -> str:
        """A fresh local, with a name that Python cannot write."""
        self.temporaries += 1
        name = f'.{self.temporaries}'
        self.locals[name] = type_
        return name

    def counted_loop(self, node: ast.For) -> Sequence[lir.Stmt]:
        """`for i in range(...)`, as a loop that steps a counter of its own first, so that `continue` is harmless."""
        match node:
            case ast.For(target=ast.Name(id=name), iter=ast.Call(func=ast.Name(id='range'), args=bounds), orelse=[]):
                pass
            case _:
                raise self.error(node, 'a for loop is `for NAME in range(...)`, without else')
        if len(bounds) not in (1, 2):
            raise self.error(node, 'range takes one or two bounds')
        known = self.locals.get(name)
        stop = self.expr(bounds[-1], known)
        type_ = stop.type
        if len(bounds) == 2:
            start = self.expr(bounds[0], type_ if self.scope.fold(bounds[0]) is not None else known)
            if self.scope.fold(bounds[-1]) is not None:
                stop = self.typed(bounds[-1], start.type, 'the bound')
                type_ = start.type
        else:
            start = lir.Const(0, type_)
        if not isinstance(type_, lir.Int) or start.type != type_ or known not in (None, type_):
            raise self.error(node, f'the bounds and {name} must be integers of one type')
        self.locals[name] = type_
        counter = lir.Local(self.temporary(type_), type_)
        limit = lir.Local(self.temporary(type_), type_)
        line = node.lineno
        head = (
            lir.Assign(lir.Local(name, type_), counter, line),
            lir.Assign(counter, lir.Binary('add', counter, lir.Const(1, type_)), line),
        )
        loop = lir.While(lir.Compare('lt', counter, limit), head + self.block(node.body), line)
        return lir.Assign(counter, start, line), lir.Assign(limit, stop, line), loop

    def switch(self, node: ast.Match) -> lir.Switch:
        value = self.expr(node.subject)
        if not isinstance(value.type, lir.Int):
            raise self.error(node, f'match needs an integer, not {value.type}')
        cases: list[lir.Case] = []
        default: lir.Block = ()
        for case in node.cases:
            if case.guard is not None:
                raise self.error(case.pattern, 'cases have no guards')
            patterns = case.pattern.patterns if isinstance(case.pattern, ast.MatchOr) else [case.pattern]
            match patterns:
                case [ast.MatchAs(pattern=None, name=None)]:
                    default = self.block(case.body)
                    continue
            values: list[int] = []
            for pattern in patterns:
                folded = self.scope.fold(pattern.value) if isinstance(pattern, ast.MatchValue) else None
                if not isinstance(folded, int) or constant(folded, value.type) is None:
                    raise self.error(pattern, f'a case is a literal {value.type}, several with |, or _')
                values.append(folded)
            cases.append(lir.Case(tuple(values), self.block(case.body)))
        return lir.Switch(value, tuple(cases), default, node.lineno)

    def call_statement(self, node: ast.Call) -> lir.Stmt:
        word = self.scope.lang_name(node.func)
        if word == 'atomic_store':
            address, rest = self.atomic(node, 2)
            value = self.typed(node.args[1], address_type(address), 'the stored value')
            order, scope = rest
            return lir.AtomicStore(address, value, order, scope, node.lineno)
        if word == 'fence':
            order, scope = self.order_and_scope(node, 0)
            return lir.Fence(order, scope, node.lineno)
        return lir.ExprStmt(self.call(node, None), node.lineno)

    # --- expressions -------------------------------------------------------------------------------------------

    def condition(self, node: ast.expr) -> lir.Expr:
        """A truth value; integers are not taken for one."""
        value = self.expr(node, lir.BOOL)
        if value.type != lir.BOOL:
            raise self.error(node, f'{ast.unparse(node)} is {value.type}, not bool (compare it: `!= 0`)')
        return value

    def typed(self, node: ast.expr, type_: lir.Type, what: str) -> lir.Expr:
        """A value that must have a type."""
        value = self.expr(node, type_)
        if value.type != type_:
            raise self.error(node, f'{what} must be {type_}, and {ast.unparse(node)} is {value.type}')
        return value

    def expr(self, node: ast.expr, expected: lir.Type | None = None) -> lir.Expr:
        """A value; `expected` is what literals in it become."""
        literal = self.scope.fold(node)
        if literal is not None:
            return self.literal(node, literal, expected)
        match node:
            case ast.Name(id=name):
                return self.name(node, name)
            case ast.BinOp(left=left, op=op, right=right):
                return self.arithmetic(node, op, None, left, right, expected)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return lir.Not(self.condition(operand))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return lir.Neg(self.numeric(operand, expected))
            case ast.UnaryOp(op=ast.Invert(), operand=operand):
                value = self.numeric(operand, expected)
                if not isinstance(value.type, lir.Int):
                    raise self.error(node, '~ needs an integer')
                return lir.Not(value)
            case ast.BoolOp(op=connective, values=values):
                result = self.condition(values[0])
                for other in values[1:]:
                    kind: lir.LogicalOp = 'and' if isinstance(connective, ast.And) else 'or'
                    result = lir.Logical(kind, result, self.condition(other))
                return result
            case ast.Compare(left=left, ops=[ast.In()], comparators=[ast.Tuple(elts=choices)]):
                return self.membership(node, left, choices)
            case ast.Compare(left=left, ops=[comparison], comparators=[right]):
                return self.comparison(node, left, comparison, right)
            case ast.IfExp(test=test, body=body, orelse=otherwise):
                condition = self.condition(test)
                first, second = self.operands(node, body, otherwise, expected)
                return lir.Select(condition, first, second)
            case ast.Call():
                return self.call(node, expected)
            case ast.Attribute() | ast.Subscript():
                return self.load(node)
            case _:
                raise self.error(node, f'kernel code has no such expression: {ast.unparse(node)}')

    def literal(self, node: ast.expr, value: int | float, expected: lir.Type | None) -> lir.Const:
        if expected is None or isinstance(expected, lir.VoidType | lir.StructName | lir.Array):
            expected = lir.U64 if isinstance(value, int) else lir.F64
        if isinstance(value, bool):
            expected = lir.BOOL
        result = constant(value, expected)
        if result is None:
            raise self.error(node, f'{value} is no {expected}')
        return result

    def name(self, node: ast.expr, name: str) -> lir.Expr:
        if name in self.locals:
            return lir.Local(name, self.locals[name])
        match self.scope.names.get(name):
            case Constant(value, lir.Int() | lir.Float() | lir.BoolType() as type_):
                return lir.Const(value, type_)
            case FunctionEntity() | LangName():
                raise self.error(node, f'{name} is no value')
            case _:
                raise self.error(node, f'{name} is not defined here')

    def numeric(self, node: ast.expr, expected: lir.Type | None) -> lir.Expr:
        value = self.expr(node, expected)
        if not isinstance(value.type, lir.Int | lir.Float):
            raise self.error(node, f'{ast.unparse(node)} is {value.type}, not a number')
        return value

    def operands(
        self, node: ast.AST, left: ast.expr, right: ast.expr, expected: lir.Type | None
    ) -> tuple[lir.Expr, lir.Expr]:
        """Two values of one type: a literal takes the type of the other."""
        if self.scope.fold(left) is not None and self.scope.fold(right) is None:
            second = self.expr(right, expected)
            first = self.expr(left, second.type)
        else:
            first = self.expr(left, expected)
            second = self.expr(right, first.type)
        if first.type != second.type:
            text = f'{ast.unparse(left)} is {first.type} and {ast.unparse(right)} is {second.type}'
            raise self.error(node, f'{text}: convert one of them')
        return first, second

    def arithmetic(
        self, node: ast.AST, op: ast.operator, first: lir.Expr | None, left: ast.expr | None, right: ast.expr,
        expected: lir.Type | None = None,
    ) -> lir.Expr:
        """`left op right`, the left one lowered already or not."""
        name = _OPERATORS.get(type(op))
        if name is None:
            raise self.error(node, 'kernel code has no such operator')
        if name in ('shl', 'shr'):
            if first is None:
                assert left is not None
                first = self.expr(left, expected)
            second = self.expr(right, first.type)
            if isinstance(second.type, lir.Int) and second.type != first.type:
                second = lir.Convert(second, first.type)
        elif first is not None:
            second = self.expr(right, first.type)
        else:
            assert left is not None
            first, second = self.operands(node, left, right, expected)
        type_ = first.type
        if type_ != second.type:
            raise self.error(node, f'the operands are {type_} and {second.type}: convert one of them')
        if isinstance(type_, lir.Float):
            if name not in ('add', 'sub', 'mul', 'div') or isinstance(op, ast.FloorDiv):
                raise self.error(node, 'floats have only + - * /')
        elif not isinstance(type_, lir.Int):
            raise self.error(node, f'no arithmetic on {type_}')
        elif isinstance(op, ast.Div):
            raise self.error(node, 'integers are divided with //')
        return lir.Binary(name, first, second)

    def comparison(self, node: ast.AST, left: ast.expr, op: ast.cmpop, right: ast.expr) -> lir.Expr:
        name = _COMPARISONS.get(type(op))
        if name is None:
            raise self.error(node, 'kernel code has no such comparison')
        first, second = self.operands(node, left, right, None)
        if first.type == lir.BOOL and name not in ('eq', 'ne'):
            raise self.error(node, 'truth values have no order')
        return lir.Compare(name, first, second)

    def membership(self, node: ast.AST, left: ast.expr, choices: Sequence[ast.expr]) -> lir.Expr:
        """`x in (A, B)`: a comparison with each."""
        if not choices or _has_effects(self.expr(left)):
            raise self.error(node, '`in` takes a plain value and a tuple of choices')
        result = self.comparison(node, left, ast.Eq(), choices[0])
        for choice in choices[1:]:
            result = lir.Logical('or', result, self.comparison(node, left, ast.Eq(), choice))
        return result

    # --- memory ------------------------------------------------------------------------------------------------

    def place(self, node: ast.expr) -> lir.Expr:
        """The address of a field or an element."""
        match node:
            case ast.Attribute(value=base, attr=field):
                pointer = self.base(base)
                target = address_type(pointer) if isinstance(pointer.type, lir.Ptr) else None
                if not isinstance(target, lir.StructName):
                    raise self.error(node, f'{ast.unparse(base)} is {pointer.type}, not a pointer to a struct')
                try:
                    return self.structs[target.name].address(pointer, field)
                except KeyError as error:
                    raise self.error(node, f'{target.name} has no field {field}') from error
            case ast.Subscript(value=base, slice=index):
                pointer = self.base(base)
                if not isinstance(pointer.type, lir.Ptr):
                    raise self.error(node, f'{ast.unparse(base)} is {pointer.type}, not a pointer')
                position = self.expr(index)
                if not isinstance(position.type, lir.Int):
                    raise self.error(index, f'an index is an integer, not {position.type}')
                return lir.IndexAddress(pointer, position)
            case _:
                raise self.error(node, f'{ast.unparse(node)} has no address')

    def base(self, node: ast.expr) -> lir.Expr:
        """What stands before a dot or a bracket, as an address: structs and arrays in memory are not loaded."""
        if not isinstance(node, ast.Attribute | ast.Subscript):
            return self.expr(node)
        address = self.place(node)
        if isinstance(address_type(address), lir.StructName | lir.Array):
            return address
        return lir.Load(address)

    def load(self, node: ast.expr) -> lir.Expr:
        address = self.place(node)
        match address_type(address):
            case lir.Array():
                return lir.IndexAddress(address, lir.Const(0, lir.U64))
            case lir.StructName(name):
                raise self.error(node, f'a {name} cannot be loaded; take its address: addr({ast.unparse(node)})')
            case _:
                return lir.Load(address)

    # --- calls -------------------------------------------------------------------------------------------------

    def call(self, node: ast.Call, expected: lir.Type | None) -> lir.Expr:
        if node.keywords:
            raise self.error(node, 'arguments are positional')
        if isinstance(node.func, ast.Subscript):
            return self.conversion(node, self.scope.type_of(node.func), node.args)
        word = self.scope.lang_name(node.func)
        if word is not None:
            return self.operation(node, word, expected)
        entity = self.scope.names.get(node.func.id) if isinstance(node.func, ast.Name) else None
        if not isinstance(entity, FunctionEntity):
            raise self.error(node, f'{ast.unparse(node.func)} is no kernel function')
        function = entity.function
        if len(node.args) != len(function.parameters):
            raise self.error(node, f'{function.name} takes {len(function.parameters)} arguments, not {len(node.args)}')
        arguments = tuple(
            self.typed(argument, type_, name)
            for argument, (name, type_) in zip(node.args, function.parameters, strict=True)
        )
        return function.call(*arguments)

    def conversion(self, node: ast.Call, type_: lir.Type, arguments: Sequence[ast.expr]) -> lir.Expr:
        if len(arguments) != 1:
            raise self.error(node, 'a conversion takes one value')
        literal = self.scope.fold(arguments[0], typed=True)
        if isinstance(type_, lir.Int) and type(literal) is int:
            wrapped = literal & ((1 << type_.bits) - 1)
            if type_.signed and wrapped >> type_.bits - 1:
                wrapped -= 1 << type_.bits
            return lir.Const(wrapped, type_)
        if isinstance(type_, lir.Float) and literal is not None:
            return lir.Const(float(literal), type_)
        value = self.expr(arguments[0])
        if value.type == type_:
            return value
        if type_ == lir.BOOL:
            raise self.error(node, 'compare with 0 to get a bool')
        pair = (value.type, type_)
        if any(isinstance(side, lir.Ptr) for side in pair) and any(
            isinstance(side, lir.Float | lir.BoolType) for side in pair
        ):
            raise self.error(node, f'no conversion from {value.type} to {type_}')
        return lir.Convert(value, type_)

    def operation(self, node: ast.Call, word: str, expected: lir.Type | None) -> lir.Expr:
        """A call of a name of the language."""
        arguments = node.args
        if word in SCALARS:
            return self.conversion(node, SCALARS[word], arguments)
        if word in RMW_OPS:
            address, (order, scope) = self.atomic(node, 2)
            value = self.typed(arguments[1], address_type(address), 'the value')
            return lir.AtomicRmw(RMW_OPS[word], address, value, order, scope)
        if word in _BITCASTS and len(arguments) == 1:
            source, target = _BITCASTS[word]
            return lir.Bitcast(self.typed(arguments[0], source, 'the value'), target)
        match word, arguments:
            case 'atomic_load', _:
                address, (order, scope) = self.atomic(node, 1)
                return lir.AtomicLoad(address, order, scope)
            case 'atomic_cas', _:
                address, (order, scope) = self.atomic(node, 3)
                old = self.typed(arguments[1], address_type(address), 'the expected value')
                new = self.typed(arguments[2], address_type(address), 'the new value')
                failure = {'release': 'relaxed', 'acq_rel': 'acquire'}.get(order, order)
                return lir.CompareExchange(address, old, new, order, ORDERS[failure.upper()], scope)
            case 'addr', [place]:
                address = self.place(place)
                if isinstance(address_type(address), lir.Array):
                    return lir.IndexAddress(address, lir.Const(0, lir.U64))
                return address
            case 'cast', [type_, operand]:
                return self.conversion(node, self.scope.type_of(type_), [operand])
            case 'sizeof', [type_]:
                size, _ = size_and_alignment(self.scope.type_of(type_), self.structs)
                return lir.Const(size, lir.U64)
            case _, [] if word in WITHOUT_OPERAND:
                return lir.Intrinsic(word, ())
            case 'shuffle', [given, thread]:
                return lir.Intrinsic(word, (self.typed(given, lir.U32, 'what is given'),
                                            self.typed(thread, lir.U32, 'the thread')))
            case _ if word in lir.INTRINSICS and word not in WITHOUT_OPERAND and len(arguments) == 1:
                return lir.Intrinsic(word, (self.intrinsic_argument(word, arguments[0], expected),))
            case _:
                raise self.error(node, f'{word} is not used like this: {ast.unparse(node)}')

    def intrinsic_argument(self, word: str, node: ast.expr, expected: lir.Type | None) -> lir.Expr:
        kind = lir.INTRINSICS[word]
        if kind in ('bool', 'votes'):
            return self.condition(node)
        value = self.expr(node, expected)
        wanted = {'int': lir.Int, 'float': lir.Float, 'none': lir.Ptr}[kind]
        if not isinstance(value.type, wanted):
            raise self.error(node, f'{word} is not for {value.type}')
        return value

    def atomic(self, node: ast.Call, operands: int) -> tuple[lir.Expr, tuple[lir.Order, lir.Scope]]:
        """The pointer, the order and the scope of an atomic operation with a number of operands."""
        order_and_scope = self.order_and_scope(node, operands)
        address = self.expr(node.args[0])
        if not isinstance(address.type, lir.Ptr):
            raise self.error(node.args[0], f'{ast.unparse(node.args[0])} is {address.type}, no pointer')
        return address, order_and_scope

    def order_and_scope(self, node: ast.Call, operands: int) -> tuple[lir.Order, lir.Scope]:
        names = [self.scope.lang_name(argument) for argument in node.args[operands:]]
        match names:
            case [str() as order] if order in ORDERS:
                return ORDERS[order], 'device'
            case [str() as order, str() as scope] if order in ORDERS and scope in SCOPES:
                return ORDERS[order], SCOPES[scope]
            case _:
                what = f'{operands} operands, an order, and maybe a scope'
                raise self.error(node, f'{ast.unparse(node.func)} takes {what}')


def address_type(address: lir.Expr) -> lir.Type:
    """The type of what is at an address."""
    return lir.pointee(address.type)


def _has_effects(expr: lir.Expr) -> bool:
    """Whether evaluating an address twice could differ from once."""
    match expr:
        case lir.Const() | lir.Local() | lir.GlobalAddress():
            return False
        case lir.FieldAddress(pointer) | lir.Load(pointer):
            return _has_effects(pointer)
        case lir.IndexAddress(pointer, index):
            return _has_effects(pointer) or _has_effects(index)
        case lir.Binary(_, left, right) | lir.Compare(_, left, right) | lir.Logical(_, left, right):
            return _has_effects(left) or _has_effects(right)
        case lir.Not(value) | lir.Neg(value) | lir.Convert(value) | lir.Bitcast(value):
            return _has_effects(value)
        case _:
            return True
