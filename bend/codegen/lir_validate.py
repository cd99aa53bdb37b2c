"""Checks LIR: types agree, names exist, control flow makes sense. Run after every pass under test."""

from __future__ import annotations

from bend.codegen import lir
from bend.codegen.lir_intrinsics import WITHOUT_OPERAND
from bend.codegen.lir_walk import blocks_of, statements_of


class ValidationError(Exception):
    """LIR is malformed, which is a fault of the pass that made it."""

    def __init__(self, function: str, line: int, message: str) -> None:
        self.function = function
        self.line = line
        self.message = message
        super().__init__(f'{function}, line {line}: {message}' if line else f'{function}: {message}')


def validate_module(module: lir.Module) -> None:
    """Checks a module. Raises ValidationError at the first fault."""
    _Module(module).check()


def always_leaves(block: lir.Block) -> bool:
    """Whether the end of a block cannot be reached."""
    return any(_leaves(statement) for statement in block)


def _leaves(statement: lir.Stmt) -> bool:
    match statement:
        case lir.Return() | lir.Break() | lir.Continue() | lir.ExprStmt(lir.Intrinsic('trap')):
            return True
        case lir.If(_, then, otherwise):
            return always_leaves(then) and always_leaves(otherwise)
        case lir.Switch(_, cases, default):
            return always_leaves(default) and all(always_leaves(case.body) for case in cases)
        case lir.While(lir.Const(value), body):
            return bool(value) and not _breaks(body)
        case _:
            return False


def _breaks(block: lir.Block) -> bool:
    """Whether a block has a break of the loop around it."""
    for statement in block:
        if isinstance(statement, lir.Break):
            return True
        if not isinstance(statement, lir.While) and any(_breaks(inner) for inner in blocks_of(statement)):
            return True
    return False


def _targets(statement: lir.Stmt) -> tuple[lir.Local, ...]:
    """The locals that a statement gives values."""
    match statement:
        case lir.Assign(target):
            return (target,)
        case lir.Fork(targets):
            return targets
        case _:
            return ()


class _Module:
    """Checks what is not inside functions, and holds what they refer to."""

    def __init__(self, module: lir.Module) -> None:
        self.module = module
        self.functions = {function.name: function for function in module.functions}
        self.structs = {struct.name: struct for struct in module.structs}
        self.globals = {item.name: item for item in module.globals}

    def check(self) -> None:
        module = self.module
        for count, table, kind in (
            (len(module.functions), len(self.functions), 'functions'),
            (len(module.structs), len(self.structs), 'structs'),
            (len(module.globals), len(self.globals), 'globals'),
        ):
            if count != table:
                raise ValidationError('module', 0, f'two {kind} of one name')
        for struct in module.structs:
            self.check_struct(struct)
        for item in module.globals:
            if item.words is not None and len(item.words) != item.count:
                raise ValidationError(item.name, 0, f'{len(item.words)} words for {item.count} elements')
            if item.space == 'shared' and (item.constant or item.words is not None):
                raise ValidationError(item.name, 0, 'shared memory has no contents at first')
        for function in module.functions:
            if not function.extern:
                _Function(self, function).check()

    def check_struct(self, struct: lir.Struct) -> None:
        names = [name for name, _ in struct.fields]
        if len(set(names)) != len(names):
            raise ValidationError(struct.name, 0, 'two fields of one name')
        for name, type_ in struct.fields:
            self.check_type(struct.name, 0, type_)
            if type_ == lir.VOID:
                raise ValidationError(struct.name, 0, f'the field {name} is void')

    def check_type(self, where: str, line: int, type_: lir.Type) -> None:
        match type_:
            case lir.StructName(name):
                if name not in self.structs:
                    raise ValidationError(where, line, f'no struct {name}')
            case lir.Ptr(inner) | lir.Array(inner):
                self.check_type(where, line, inner)
            case lir.Int(bits):
                if bits not in (8, 16, 32, 64):
                    raise ValidationError(where, line, f'no integers of {bits} bits')
            case lir.Float(bits):
                if bits not in (32, 64):
                    raise ValidationError(where, line, f'no floats of {bits} bits')
            case _:
                pass


class _Function:
    """Checks one function."""

    def __init__(self, module: _Module, function: lir.Function) -> None:
        self.module = module
        self.function = function
        self.locals: dict[str, lir.Type] = {}
        self.line = 0
        self.loops = 0

    def error(self, message: str) -> ValidationError:
        return ValidationError(self.function.name, self.line, message)

    def check(self) -> None:
        function = self.function
        for name, type_ in function.parameters:
            if name in self.locals:
                raise self.error(f'two parameters named {name}')
            self.declare(name, type_)
        for statement in statements_of(function.body):
            for target in _targets(statement):
                self.line = statement.line
                self.declare(target.name, target.type)
        self.block(function.body)
        self.line = function.line
        if function.result != lir.VOID and not always_leaves(function.body):
            raise self.error('the end can be reached without a return')

    def declare(self, name: str, type_: lir.Type) -> None:
        if not isinstance(type_, lir.Int | lir.Float | lir.BoolType | lir.Ptr | lir.StructName):
            raise self.error(f'{name} cannot be {type_}')
        self.module.check_type(self.function.name, self.line, type_)
        if self.locals.setdefault(name, type_) != type_:
            raise self.error(f'{name} is {self.locals[name]} and {type_}')

    # --- statements --------------------------------------------------------------------------------------------

    def block(self, block: lir.Block) -> None:
        for statement in block:
            self.line = statement.line or self.line
            self.statement(statement)

    def statement(self, statement: lir.Stmt) -> None:
        match statement:
            case lir.Assign(target, value):
                self.same(self.expr(value), target.type, f'what is assigned to {target.name}')
            case lir.Store(pointer, value):
                self.same(self.expr(value), self.scalar_at(pointer), 'what is stored')
            case lir.AtomicStore(pointer, value, order):
                self.same(self.expr(value), self.atomic_at(pointer), 'what is stored')
                self.order(order, ('relaxed', 'release', 'seq_cst'))
            case lir.If(condition, then, otherwise):
                self.same(self.expr(condition), lir.BOOL, 'a condition')
                self.block(then)
                self.block(otherwise)
            case lir.While(condition, body):
                self.same(self.expr(condition), lir.BOOL, 'a condition')
                self.loops += 1
                self.block(body)
                self.loops -= 1
            case lir.Switch():
                self.switch(statement)
            case lir.Break() | lir.Continue():
                if self.loops == 0:
                    raise self.error(f'{type(statement).__name__.lower()} outside of a loop')
            case lir.Return(lir.Call(tail=True) as call):
                if not (self.function.tail and self.module.functions[call.function].tail):
                    raise self.error(f'a tail call of {call.function} without that convention')
                self.same(self.call(call), self.function.result, 'the result')
            case lir.Return(None):
                self.same(lir.VOID, self.function.result, 'the result')
            case lir.Return(lir_value):
                assert lir_value is not None
                self.same(self.expr(lir_value), self.function.result, 'the result')
            case lir.ExprStmt(value):
                self.expr(value)
            case lir.Fork(targets, calls):
                if len(targets) != len(calls) or len({target.name for target in targets}) != len(targets):
                    raise self.error('a fork needs a local for each call')
                for target, call in zip(targets, calls, strict=True):
                    self.same(self.expr(call), target.type, f'what is assigned to {target.name}')
            case lir.Fence():
                pass

    def switch(self, statement: lir.Switch) -> None:
        type_ = self.expr(statement.value)
        if not isinstance(type_, lir.Int):
            raise self.error(f'a switch over {type_}')
        seen: set[int] = set()
        for case in statement.cases:
            for value in case.values:
                if value in seen:
                    raise self.error(f'two cases for {value}')
                self.fits(value, type_)
                seen.add(value)
            self.block(case.body)
        self.block(statement.default)

    # --- expressions -------------------------------------------------------------------------------------------

    def same(self, found: lir.Type, wanted: lir.Type, what: str) -> None:
        if found != wanted:
            raise self.error(f'{what} is {found}, not {wanted}')

    def fits(self, value: int | float, type_: lir.Int) -> None:
        low, high = (-(1 << type_.bits - 1), 1 << type_.bits - 1) if type_.signed else (0, 1 << type_.bits)
        if not low <= value < high:
            raise self.error(f'{value} is no {type_}')

    def pointer(self, expr: lir.Expr) -> lir.Type:
        """What is at an address."""
        type_ = self.expr(expr)
        if not isinstance(type_, lir.Ptr):
            raise self.error(f'{type_} is no pointer')
        return type_.pointee

    def scalar_at(self, expr: lir.Expr) -> lir.Type:
        type_ = self.pointer(expr)
        if isinstance(type_, lir.StructName | lir.Array | lir.VoidType):
            raise self.error(f'a {type_} cannot be loaded or stored')
        return type_

    def atomic_at(self, expr: lir.Expr) -> lir.Type:
        type_ = self.pointer(expr)
        if not isinstance(type_, lir.Int | lir.Ptr):
            raise self.error(f'no atomic access to {type_}')
        return type_

    def order(self, order: lir.Order, allowed: tuple[lir.Order, ...]) -> None:
        if order not in allowed:
            raise self.error(f'the order {order} makes no sense here')

    def expr(self, expr: lir.Expr) -> lir.Type:
        """Checks an expression; gives its type."""
        match expr:
            case lir.Const(value, type_):
                if isinstance(type_, lir.Int):
                    self.fits(value, type_)
                elif isinstance(type_, lir.StructName | lir.Array | lir.VoidType):
                    raise self.error(f'no constants of type {type_}')
            case lir.Local(name, type_):
                if name not in self.locals:
                    raise self.error(f'{name} is never assigned')
                self.same(type_, self.locals[name], name)
            case lir.GlobalAddress(name, type_):
                if name not in self.module.globals:
                    raise self.error(f'no global {name}')
                self.same(type_, self.module.globals[name].address().type, name)
            case lir.StackArray(element, count):
                self.module.check_type(self.function.name, self.line, element)
                if count < 1:
                    raise self.error('memory for no elements')
            case lir.Binary(op, left, right):
                self.binary(op, self.expr(left), self.expr(right))
            case lir.Compare(op, left, right):
                type_ = self.expr(left)
                self.same(self.expr(right), type_, 'the right side of a comparison')
                if isinstance(type_, lir.VoidType) or (type_ == lir.BOOL and op not in ('eq', 'ne')):
                    raise self.error(f'no {op} of {type_}')
            case lir.Logical(_, left, right):
                self.same(self.expr(left), lir.BOOL, 'an operand')
                self.same(self.expr(right), lir.BOOL, 'an operand')
            case lir.Select(condition, then, otherwise):
                self.same(self.expr(condition), lir.BOOL, 'a condition')
                self.same(self.expr(otherwise), self.expr(then), 'the second choice')
            case lir.Not(value):
                if not isinstance(self.expr(value), lir.Int | lir.BoolType):
                    raise self.error(f'no complement of {value.type}')
            case lir.Neg(value):
                if not isinstance(self.expr(value), lir.Int | lir.Float):
                    raise self.error(f'no negative of {value.type}')
            case lir.Convert(value, type_):
                self.convert(self.expr(value), type_)
            case lir.Bitcast(value, type_):
                self.bitcast(self.expr(value), type_)
            case lir.Pack(type_, values):
                fields = self.struct(type_).fields
                if len(values) != len(fields):
                    raise self.error(f'{len(values)} values for {type_}')
                for value, (name, field_type) in zip(values, fields, strict=True):
                    self.same(self.expr(value), field_type, f'the field {name}')
            case lir.Extract(value, field, type_):
                known = dict(self.struct(self.expr(value)).fields)
                if field not in known:
                    raise self.error(f'{value.type} has no field {field}')
                self.same(known[field], type_, f'the field {field}')
            case lir.Call():
                if expr.tail:
                    raise self.error('a tail call that is not what is returned')
                self.call(expr)
            case lir.Intrinsic(name, arguments):
                self.intrinsic(name, arguments)
            case _:
                self.memory(expr)
        return expr.type

    def binary(self, op: lir.BinaryOp, left: lir.Type, right: lir.Type) -> None:
        self.same(right, left, f'the right side of {op}')
        if not isinstance(left, lir.Int) and not (isinstance(left, lir.Float) and op in ('add', 'sub', 'mul', 'div')):
            raise self.error(f'no {op} of {left}')

    def convert(self, source: lir.Type, target: lir.Type) -> None:
        self.module.check_type(self.function.name, self.line, target)
        number = lir.Int | lir.Float
        if isinstance(source, number | lir.BoolType) and isinstance(target, number):
            return
        if isinstance(source, lir.Ptr | lir.Int) and isinstance(target, lir.Ptr | lir.Int):
            return
        if source != target:
            raise self.error(f'no conversion from {source} to {target}')

    def bitcast(self, source: lir.Type, target: lir.Type) -> None:
        match source, target:
            case (lir.Int(bits), lir.Float(wanted)) | (lir.Float(bits), lir.Int(wanted)) if bits == wanted:
                return
        raise self.error(f'no bitcast from {source} to {target}')

    def struct(self, type_: lir.Type) -> lir.Struct:
        if not isinstance(type_, lir.StructName) or type_.name not in self.module.structs:
            raise self.error(f'{type_} is no struct')
        return self.module.structs[type_.name]

    def call(self, expr: lir.Call) -> lir.Type:
        function = self.module.functions.get(expr.function)
        if function is None:
            raise self.error(f'no function {expr.function}')
        if len(expr.arguments) != len(function.parameters):
            raise self.error(f'{len(expr.arguments)} arguments for {function.name}, not {len(function.parameters)}')
        for argument, (name, type_) in zip(expr.arguments, function.parameters, strict=True):
            self.same(self.expr(argument), type_, f'the argument {name} of {function.name}')
        self.same(expr.type, function.result, f'the result of {function.name}')
        return expr.type

    def intrinsic(self, name: str, arguments: tuple[lir.Expr, ...]) -> None:
        kind = lir.INTRINSICS.get(name)
        if kind is None:
            raise self.error(f'no intrinsic {name}')
        if len(arguments) != (0 if name in WITHOUT_OPERAND else 2 if kind == 'shuffle' else 1):
            raise self.error(f'the wrong number of arguments for {name}')
        allowed = {'int': lir.Int, 'float': lir.Float, 'bool': lir.BoolType, 'votes': lir.BoolType,
                   'shuffle': lir.Int}.get(kind, lir.Ptr)
        for argument in arguments:
            if not isinstance(self.expr(argument), allowed):
                raise self.error(f'no {name} of {argument.type}')

    def memory(self, expr: lir.Expr) -> None:
        """Addresses, loads and atomic operations."""
        match expr:
            case lir.Load(pointer):
                self.scalar_at(pointer)
            case lir.AtomicLoad(pointer, order):
                self.atomic_at(pointer)
                self.order(order, ('unordered', 'relaxed', 'acquire', 'seq_cst'))
            case lir.AtomicRmw(op, pointer, value):
                type_ = self.atomic_at(pointer)
                if not isinstance(type_, lir.Int) and op != 'xchg':
                    raise self.error(f'no atomic {op} of {type_}')
                self.same(self.expr(value), type_, 'the operand')
            case lir.CompareExchange(pointer, expected, new, _, failure):
                type_ = self.atomic_at(pointer)
                self.same(self.expr(expected), type_, 'the expected value')
                self.same(self.expr(new), type_, 'the new value')
                self.order(failure, ('relaxed', 'acquire', 'seq_cst'))
            case lir.FieldAddress(pointer, field, type_):
                target = self.pointer(pointer)
                if not isinstance(target, lir.StructName) or target.name not in self.module.structs:
                    raise self.error(f'{target} has no fields')
                fields = dict(self.module.structs[target.name].fields)
                if field not in fields:
                    raise self.error(f'{target} has no field {field}')
                self.same(type_.pointee, fields[field], f'the field {field}')
            case lir.IndexAddress(pointer, index):
                self.pointer(pointer)
                if not isinstance(self.expr(index), lir.Int):
                    raise self.error(f'an index of type {index.type}')
            case _:
                raise self.error(f'no expression: {expr!r}')
