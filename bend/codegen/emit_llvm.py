"""LIR to LLVM IR, as text.

Text needs no LLVM library, costs less time than building objects, and says exactly what is meant (atomic accesses
through opaque pointers, metadata). Locals that are assigned once are values; others become stack slots, which LLVM
promotes to registers.
"""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Mapping, Sequence

from bend.codegen import lir
from bend.codegen.lir_intrinsics import GPU_ONLY, WITHOUT_OPERAND
from bend.codegen.lir_layout import size_and_alignment
from bend.codegen.lir_once import assigned_once
from bend.codegen.lir_walk import locals_of
from bend.codegen.llvm_module import KernelTexts, ModuleEmitter, ending
from bend.codegen.llvm_text import constant, extension, memory_type, quoted, value_type

_ORDERS: dict[lir.Order, str] = {
    'unordered': 'unordered', 'relaxed': 'monotonic', 'acquire': 'acquire', 'release': 'release',
    'acq_rel': 'acq_rel', 'seq_cst': 'seq_cst',
}
_INT_OPS = {'add': 'add', 'sub': 'sub', 'mul': 'mul', 'and': 'and', 'or': 'or', 'xor': 'xor'}
_FLOAT_OPS = {'add': 'fadd', 'sub': 'fsub', 'mul': 'fmul', 'div': 'fdiv'}
_FLOAT_COMPARES = {'eq': 'oeq', 'ne': 'une', 'lt': 'olt', 'le': 'ole', 'gt': 'ogt', 'ge': 'oge'}
_STACK_POINTERS = {'x86_64': 'rsp', 'aarch64': 'sp'}
_LIKELY, _UNLIKELY = ', !prof !0', ', !prof !1'
_KERNEL_TEXTS: dict[str, KernelTexts] = {}
"""By the machine that they are for."""


def emit_module(module: lir.Module, machine: str = platform.machine(),
                symbols: Mapping[str, str] | None = None) -> str:
    """The LLVM IR of a module that is valid (`lir_validate`), for a CPU as `platform.machine` names it. (`emit_ptx` has
    that for GPUs.) With `symbols`, it is for a file that it is linked to: these are the names there of the functions
    that the module exports or lacks, others do not see them, and calls leave no traces.

    The triple and the data layout are set by whoever compiles the text. Raises ValueError, with the name of the
    function, for what only GPUs have.
    """
    return CpuModule(module, machine, symbols).emit()


class CpuModule(ModuleEmitter):
    """Emits a module for CPUs."""

    def __init__(self, module: lir.Module, machine: str = platform.machine(),
                 symbols: Mapping[str, str] | None = None) -> None:
        # Texts with other names for functions are of no use to other programs.
        texts = _KERNEL_TEXTS.setdefault(machine, {}) if symbols is None else {}
        super().__init__(module, texts, machine, symbols)

    def function_emitter(self, function: lir.Function) -> FunctionEmitter:
        """Who emits a function for CPUs."""
        return FunctionEmitter(self, function)


def _fits_registers(parameters: Sequence[lir.Type]) -> bool:
    """Whether all arguments of a call are passed in registers. LLVM makes wrong code of calls in tail position that
    pass some on the stack."""
    floats = sum(isinstance(type_, lir.Float) for type_ in parameters)
    return floats <= 8 and len(parameters) - floats <= 6


class FunctionEmitter:
    """Emits the body of one function, block by block."""

    attributes = 'nounwind'

    def __init__(self, module: ModuleEmitter, function: lir.Function) -> None:
        self.module = module
        self.function = function
        self.lines: list[str] = []
        self.calls: Counter[str] = Counter()
        self.arrays: list[str] = []
        self.once = assigned_once(function)
        self.known: dict[str, str] = {}  # The values of locals that are assigned once.
        self.values = 0
        self.labels = 0
        self.block = 'entry'
        self.closed = False  # The current block has its terminator: what follows cannot be reached.
        self.loops: list[tuple[str, str]] = []  # (where `continue` goes, where `break` goes)

    def emit(self) -> list[str]:
        """The lines of the definition, which begins with what follows the linkage."""
        function = self.function
        inline = {'always': ' alwaysinline', 'never': ' noinline', 'hint': ' inlinehint', 'auto': ''}[function.inline]
        inline = ' noinline optnone' if function.seldom else inline
        inline += ending(function)
        scope = self.module.debug.scope(function)
        lines = [f'{self.module.signature(function)} {self.attributes}{inline}{scope} {{', 'entry:']
        for name, type_ in locals_of(function).items():
            if name not in self.once:
                lines.append(f'  %{quoted("l." + name)} = alloca {value_type(type_)}')
        for name, type_ in function.parameters:
            parameter = f'%{quoted("p." + name)}'
            if name in self.once:
                self.known[name] = parameter
            else:
                lines.append(f'  store {value_type(type_)} {parameter}, ptr %{quoted("l." + name)}')
        self.emit_block(function.body)
        if not self.closed:
            self.close('ret void' if function.result == lir.VOID else 'unreachable')
        lines.extend(self.arrays)
        lines.extend(self.lines)
        lines.append('}')
        return lines

    # --- blocks and values -------------------------------------------------------------------------------------

    def line(self, text: str) -> None:
        """Adds an instruction that has no result."""
        self.lines.append('  ' + text)

    def value(self, text: str) -> str:
        """Emits an instruction; gives the name of its result."""
        self.values += 1
        name = f'%t{self.values}'
        self.lines.append(f'  {name} = {text}')
        return name

    def label(self) -> str:
        """The name of a new block."""
        self.labels += 1
        return f'b{self.labels}'

    def start(self, label: str) -> None:
        """Starts a block; the one before falls through into it."""
        if not self.closed:
            self.line(f'br label %{label}')
        self.lines.append(f'{label}:')
        self.block = label
        self.closed = False

    def close(self, terminator: str) -> None:
        """Ends the current block with a terminator, unless it has one."""
        if not self.closed:
            self.line(terminator)
            self.closed = True

    # --- statements --------------------------------------------------------------------------------------------

    def emit_block(self, block: lir.Block) -> None:
        """Emits statements, as far as they can be reached."""
        for statement in block:
            if self.closed:
                return
            self.emit_statement(statement)

    def emit_statement(self, statement: lir.Stmt) -> None:
        """Emits a statement."""
        match statement:
            case lir.Assign(target, value) if target.name in self.once:
                self.known[target.name] = self.emit_expr(value)
            case lir.Assign(target, value):
                operand = self.typed(value)
                self.line(f'store {operand}, ptr %{quoted("l." + target.name)}')
            case lir.Store(pointer, value):
                self.emit_store(pointer, value)
            case lir.AtomicStore():
                self.emit_atomic_store(statement)
            case lir.Fence(order, scope):
                self.emit_fence(order, scope)
            case lir.If():
                self.emit_if(statement)
            case lir.While():
                self.emit_while(statement)
            case lir.Switch():
                self.emit_switch(statement)
            case lir.Break():
                self.close(f'br label %{self.loops[-1][1]}')
            case lir.Continue():
                self.close(f'br label %{self.loops[-1][0]}')
            case lir.Return(lir.Call(tail=True) as call):
                result = self.emit_expr(call)
                self.close('ret void' if call.type == lir.VOID else f'ret {value_type(call.type)} {result}')
            case lir.Return(value):
                self.close('ret void' if value is None else f'ret {self.typed(value)}')
            case lir.Fork(targets, calls):
                for target, call in zip(targets, calls, strict=True):
                    self.emit_statement(lir.Assign(target, call))
            case lir.ExprStmt(value):
                self.emit_expr(value)
                if isinstance(value, lir.Intrinsic) and value.name == 'trap':
                    self.close('unreachable')

    def emit_store(self, pointer: lir.Expr, value: lir.Expr) -> None:
        """Stores a value at an address; truth values take a byte."""
        address = self.typed(pointer)
        operand = self.typed(value)
        if isinstance(value.type, lir.BoolType):
            operand = 'i8 ' + self.value(f'zext {operand} to i8')
        self.line(f'store {operand}, {address}{self.module.alias_tag(pointer)}')

    def emit_atomic_store(self, statement: lir.AtomicStore) -> None:
        """Stores a value at an address atomically."""
        address = self.typed(statement.pointer)
        operand = self.typed(statement.value)
        alignment = self.alignment(statement.value.type)
        self.line(f'store atomic {operand}, {address} {_ORDERS[statement.order]}, align {alignment}')

    def emit_fence(self, order: lir.Order, scope: lir.Scope) -> None:
        """Orders the accesses before and after; CPUs know one scope."""
        if order != 'relaxed':
            self.line(f'fence {_ORDERS[order]}')

    def emit_if(self, statement: lir.If) -> None:
        """Emits a branch, whose ways meet again unless they end."""
        then, end = self.label(), self.label()
        otherwise = self.label() if statement.otherwise else end
        self.branch(statement.condition, then, otherwise)
        self.start(then)
        self.emit_block(statement.then)
        self.close(f'br label %{end}')
        if statement.otherwise:
            self.start(otherwise)
            self.emit_block(statement.otherwise)
            self.close(f'br label %{end}')
        self.start(end)

    def emit_while(self, statement: lir.While) -> None:
        """Emits a loop, which tests its condition before each turn."""
        head, body, end = self.label(), self.label(), self.label()
        self.start(head)
        self.branch(statement.condition, body, end)
        self.start(body)
        self.loops.append((head, end))
        self.emit_block(statement.body)
        self.loops.pop()
        self.close(f'br label %{head}')
        self.start(end)

    def emit_switch(self, statement: lir.Switch) -> None:
        """Emits a branch on a number, whose ways meet again unless they end."""
        operand = self.typed(statement.value)
        type_ = value_type(statement.value.type)
        default, end = self.label(), self.label()
        labels = [self.label() for _ in statement.cases]
        arms = ' '.join(
            f'{type_} {value}, label %{label}'
            for case, label in zip(statement.cases, labels, strict=True)
            for value in case.values
        )
        self.close(f'switch {operand}, label %{default} [{arms}]')
        for case, label in zip(statement.cases, labels, strict=True):
            self.start(label)
            self.emit_block(case.body)
            self.close(f'br label %{end}')
        self.start(default)
        self.emit_block(statement.default)
        self.close(f'br label %{end}')
        self.start(end)

    def branch(self, condition: lir.Expr, then: str, otherwise: str, weight: str = '') -> None:
        """Ends the block with a branch; lazy conditions become several."""
        match condition:
            case lir.Const(value, _):
                self.close(f'br label %{then if value else otherwise}')
            case lir.Not(value):
                swapped = {_LIKELY: _UNLIKELY, _UNLIKELY: _LIKELY}.get(weight, '')
                self.branch(value, otherwise, then, swapped)
            case lir.Intrinsic('likely', (value,)):
                self.branch(value, then, otherwise, _LIKELY)
            case lir.Intrinsic('unlikely', (value,)):
                self.branch(value, then, otherwise, _UNLIKELY)
            case lir.Logical(op, left, right):
                middle = self.label()
                if op == 'and':
                    self.branch(left, middle, otherwise, weight)
                else:
                    self.branch(left, then, middle, weight)
                self.start(middle)
                self.branch(right, then, otherwise, weight)
            case _:
                operand = self.emit_expr(condition)
                self.close(f'br i1 {operand}, label %{then}, label %{otherwise}{weight}')

    # --- expressions -------------------------------------------------------------------------------------------

    def typed(self, expr: lir.Expr) -> str:
        """Evaluates; gives the operand with its type in front."""
        return f'{value_type(expr.type)} {self.emit_expr(expr)}'

    def alignment(self, type_: lir.Type) -> int:
        """The alignment of a type in memory, in bytes."""
        return size_and_alignment(type_, self.module.structs)[1]

    def emit_expr(self, expr: lir.Expr) -> str:
        """Evaluates; gives the operand."""
        match expr:  # Kinds are tried one after the other: what is frequent comes first.
            case lir.Const(value, type_):
                return constant(value, type_)
            case lir.Local(name) if name in self.known:
                return self.known[name]
            case lir.Local(name, type_):
                return self.value(f'load {value_type(type_)}, ptr %{quoted("l." + name)}')
            case lir.Convert(value, type_):
                return self.emit_convert(value, type_)
            case lir.Binary():
                return self.emit_binary(expr)
            case lir.Compare():
                return self.emit_compare(expr)
            case lir.Load(pointer):
                address = self.typed(pointer)
                loaded = self.value(f'load {memory_type(expr.type)}, {address}{self.module.alias_tag(pointer)}')
                return self.value(f'trunc i8 {loaded} to i1') if isinstance(expr.type, lir.BoolType) else loaded
            case lir.IndexAddress():
                return self.emit_index(expr)
            case lir.Call():
                return self.emit_call(expr)
            case lir.GlobalAddress(name):
                self.module.data.add(name)
                return self.module.symbol(name)
            case lir.StackArray(element, count):
                self.arrays.append(f'  %array{len(self.arrays)} = alloca [{count} x {memory_type(element)}], align 8')
                return f'%array{len(self.arrays) - 1}'
            case lir.Logical(op, left, right):
                decided = lir.Const(op == 'or', lir.BOOL)
                choice = (right, decided) if op == 'and' else (decided, right)
                return self.emit_select(left, *choice)
            case lir.Select(condition, then, otherwise):
                return self.emit_select(condition, then, otherwise)
            case lir.Not(value):
                operand = self.typed(value)
                return self.value(f'xor {operand}, {"true" if value.type == lir.BOOL else "-1"}')
            case lir.Neg(value):
                operand = self.emit_expr(value)
                type_name = value_type(value.type)
                if isinstance(value.type, lir.Float):
                    return self.value(f'fneg {type_name} {operand}')
                return self.value(f'sub {type_name} 0, {operand}')
            case lir.Bitcast(value, type_):
                return self.value(f'bitcast {self.typed(value)} to {value_type(type_)}')
            case lir.Pack(type_, values):
                packed = 'undef'
                for index, item in enumerate(values):
                    packed = self.value(f'insertvalue {value_type(type_)} {packed}, {self.typed(item)}, {index}')
                return packed
            case lir.Extract(value, field):
                packed_type = value.type
                assert isinstance(packed_type, lir.StructName)
                index = self.module.structs[packed_type.name].index(field)
                return self.value(f'extractvalue {self.typed(value)}, {index}')
            case lir.Intrinsic(name, arguments):
                return self.emit_intrinsic(name, arguments)
            case lir.FieldAddress(pointer, field):
                struct = lir.pointee(pointer.type)
                assert isinstance(struct, lir.StructName)
                index = self.module.structs[struct.name].index(field)
                address = self.typed(pointer)
                return self.value(f'getelementptr inbounds {memory_type(struct)}, {address}, i32 0, i32 {index}')
            case _:
                return self.emit_atomic(expr)

    def emit_binary(self, expr: lir.Binary) -> str:
        """Emits an operation; gives the operand that is its result. Amounts of shifts are taken modulo the width."""
        type_ = expr.type
        left = self.typed(expr.left)
        if isinstance(type_, lir.Float):
            return self.value(f'{_FLOAT_OPS[expr.op]} {left}, {self.emit_expr(expr.right)}')
        right = self.emit_expr(expr.right)
        signed = isinstance(type_, lir.Int) and type_.signed
        if expr.op in ('shl', 'shr'):
            assert isinstance(type_, lir.Int)
            if isinstance(expr.right, lir.Const):
                right = str(int(expr.right.value) % type_.bits)
            else:
                right = self.value(f'and i{type_.bits} {right}, {type_.bits - 1}')
            return self.value(f'{"shl" if expr.op == "shl" else "ashr" if signed else "lshr"} {left}, {right}')
        if expr.op in ('div', 'rem'):
            return self.value(f'{"s" if signed else "u"}{expr.op} {left}, {right}')
        return self.value(f'{_INT_OPS[expr.op]} {left}, {right}')

    def emit_compare(self, expr: lir.Compare) -> str:
        """Emits a comparison; gives the operand that is its result."""
        type_ = expr.left.type
        left = self.typed(expr.left)
        right = self.emit_expr(expr.right)
        if isinstance(type_, lir.Float):
            return self.value(f'fcmp {_FLOAT_COMPARES[expr.op]} {left}, {right}')
        if expr.op in ('eq', 'ne'):
            return self.value(f'icmp {expr.op} {left}, {right}')
        sign = 's' if isinstance(type_, lir.Int) and type_.signed else 'u'
        return self.value(f'icmp {sign}{expr.op} {left}, {right}')

    def emit_select(self, condition: lir.Expr, then: lir.Expr, otherwise: lir.Expr) -> str:
        """Emits a choice; gives the operand. What is not chosen is not evaluated, unless that does no harm."""
        if _is_cheap(then) and _is_cheap(otherwise):
            operand = self.typed(condition)
            first = self.typed(then)
            return self.value(f'select {operand}, {first}, {self.typed(otherwise)}')
        first_label, second_label, end = self.label(), self.label(), self.label()
        self.branch(condition, first_label, second_label)
        self.start(first_label)
        first = self.emit_expr(then)
        first_end = self.block
        self.close(f'br label %{end}')
        self.start(second_label)
        second = self.emit_expr(otherwise)
        second_end = self.block
        self.start(end)
        type_ = value_type(then.type)
        return self.value(f'phi {type_} [{first}, %{first_end}], [{second}, %{second_end}]')

    def emit_convert(self, value: lir.Expr, type_: lir.Type) -> str:
        """Emits the conversion of a value to a type; gives the operand. Raises ValueError where there is none."""
        source = value.type
        operand = self.emit_expr(value)
        typed = f'{value_type(source)} {operand}'
        target = value_type(type_)
        match source, type_:
            case lir.Int(bits, signed), lir.Int(wanted):
                if bits == wanted:
                    return operand
                kind = 'trunc' if wanted < bits else 'sext' if signed else 'zext'
                return self.value(f'{kind} {typed} to {target}')
            case lir.BoolType(), lir.Int():
                return self.value(f'zext {typed} to {target}')
            case lir.BoolType(), lir.Float():
                return self.value(f'uitofp {typed} to {target}')
            case lir.Int(_, signed), lir.Float():
                return self.value(f'{"s" if signed else "u"}itofp {typed} to {target}')
            case lir.Float(), lir.Int(_, signed):
                kind = 's' if signed else 'u'
                source_name = value_type(source)
                suffix = f'{target}.f{32 if source_name == "float" else 64}'
                name = self.module.intrinsic(f'llvm.fpto{kind}i.sat.{suffix}', target, [source_name])
                return self.value(f'call {target} {name}({typed})')
            case lir.Float(bits), lir.Float(wanted):
                if bits == wanted:
                    return operand
                return self.value(f'{"fpext" if bits == 32 else "fptrunc"} {typed} to {target}')
            case lir.Ptr(), lir.Int():
                return self.value(f'ptrtoint {typed} to {target}')
            case lir.Int(), lir.Ptr():
                return self.value(f'inttoptr {typed} to {target}')
            case lir.Ptr(_, space), lir.Ptr(_, wanted_space):
                if space == wanted_space:
                    return operand
                return self.value(f'addrspacecast {typed} to {target}')
            case _ if source == type_:
                return operand
            case _:
                raise ValueError(f'no conversion from {source} to {type_}')

    def emit_call(self, call: lir.Call) -> str:
        """Emits a call, and counts it; gives the operand that is its result, nothing where it has none."""
        type_ = call.type
        operands = []
        for argument in call.arguments:
            operand = self.emit_expr(argument)
            operands.append(f'{value_type(argument.type)} {extension(argument.type)}{operand}')
        function = self.module.functions[call.function]
        self.calls[function.name] += 1
        kind = f'{self.in_place(function)} call' if call.tail else 'call'
        convention = 'tailcc ' if function.tail else ''
        text = (f'{kind} {convention}{extension(type_)}{value_type(type_)} '
                f'{self.module.symbol(call.function)}({", ".join(operands)})'
                f'{self.module.debug.location(self.function, call.place)}')
        if isinstance(type_, lir.VoidType):
            self.line(text)
            return ''
        return self.value(text)

    def in_place(self, function: lir.Function) -> str:
        """How to say that a call of a function takes the place of its caller, if that can be done."""
        types = [type_ for _, type_ in function.parameters], [type_ for _, type_ in self.function.parameters]
        return 'musttail' if all(map(_fits_registers, types)) else 'notail'

    def emit_intrinsic(self, name: str, arguments: tuple[lir.Expr, ...]) -> str:
        """Emits what the machine does itself; gives the operand, nothing where there is no result."""
        if name in ('likely', 'unlikely'):
            return self.emit_expr(arguments[0])
        if name == 'trap':
            self.line(f'call void {self.module.intrinsic("llvm.trap", "void", [])}()')
            return ''
        if name in WITHOUT_OPERAND:
            return self.emit_machine_intrinsic(name)
        if name in ('ballot', 'shuffle'):
            return self.emit_warp_intrinsic(name, [self.emit_expr(argument) for argument in arguments])
        operand = self.typed(arguments[0])
        type_ = value_type(arguments[0].type)
        if name == 'prefetch':
            function = self.module.intrinsic('llvm.prefetch.p0', 'void', ['ptr', 'i32', 'i32', 'i32'])
            self.line(f'call void {function}({operand}, i32 0, i32 3, i32 1)')
            return ''
        if isinstance(arguments[0].type, lir.Float):
            function = self.module.intrinsic(f'llvm.{name}.f{arguments[0].type.bits}', type_, [type_])
            return self.value(f'call {type_} {function}({operand})')
        if name == 'popcount':
            return self.value(f'call {type_} {self.module.intrinsic(f"llvm.ctpop.{type_}", type_, [type_])}({operand})')
        kind = 'cttz' if name == 'ctz' else 'ctlz'
        function = self.module.intrinsic(f'llvm.{kind}.{type_}', type_, [type_, 'i1'])
        return self.value(f'call {type_} {function}({operand}, i1 false)')

    def emit_machine_intrinsic(self, name: str) -> str:
        """What CPUs and GPUs do differently."""
        if name == 'pause':
            if self.module.machine == 'x86_64':
                self.line(f'call void {self.module.intrinsic("llvm.x86.sse2.pause", "void", [])}()')
            self.line('fence syncscope("singlethread") seq_cst')
            return ''
        if name in GPU_ONLY:
            raise ValueError(f'{self.function.name}: {name} is for GPUs only')
        function = self.module.intrinsic('llvm.read_register.i64', 'i64', ['metadata'])
        return self.value(f'call i64 {function}(metadata !{{!"{_STACK_POINTERS[self.module.machine]}"}})')

    def emit_warp_intrinsic(self, name: str, operands: Sequence[str]) -> str:
        """What threads of a warp tell each other."""
        raise ValueError(f'{self.function.name}: {name} is for GPUs only')

    def emit_index(self, expr: lir.IndexAddress) -> str:
        """Emits the address of an element; gives the operand."""
        pointer = self.typed(expr.pointer)
        index = self.emit_expr(expr.index)
        index_type = expr.index.type
        assert isinstance(index_type, lir.Int)
        if index_type.bits < 64:
            index = self.value(f'{"sext" if index_type.signed else "zext"} i{index_type.bits} {index} to i64')
        target = lir.pointee(expr.pointer.type)
        first = 'i64 0, ' if isinstance(target, lir.Array) else ''
        return self.value(f'getelementptr inbounds {memory_type(target)}, {pointer}, {first}i64 {index}')

    def emit_atomic(self, expr: lir.Expr) -> str:
        """Emits an atomic access; gives the operand that was in memory."""
        match expr:
            case lir.AtomicLoad(pointer, order):
                address = self.typed(pointer)
                suffix = f'{_ORDERS[order]}, align {self.alignment(expr.type)}'
                return self.value(f'load atomic {value_type(expr.type)}, {address} {suffix}')
            case lir.AtomicRmw(op, pointer, value, order):
                address = self.typed(pointer)
                operand = self.typed(value)
                unsigned = isinstance(expr.type, lir.Int) and not expr.type.signed
                kind = 'u' + op if op in ('max', 'min') and unsigned else op
                return self.value(f'atomicrmw {kind} {address}, {operand} {_ORDERS[order]}')
            case lir.CompareExchange(pointer, expected, new, order, failure):
                address = self.typed(pointer)
                old = self.typed(expected)
                replacement = self.typed(new)
                orders = f'{_ORDERS[order]} {_ORDERS[failure]}'
                pair = self.value(f'cmpxchg {address}, {old}, {replacement} {orders}')
                return self.value(f'extractvalue {{ {value_type(expr.type)}, i1 }} {pair}, 0')
            case _:
                raise TypeError(f'no expression: {expr}')


def _is_cheap(expr: lir.Expr) -> bool:
    """Whether evaluating needlessly does no harm and costs next to nothing."""
    match expr:
        case lir.Const() | lir.Local() | lir.GlobalAddress():
            return True
        case lir.Binary(op, left, right):
            return op not in ('div', 'rem') and _is_cheap(left) and _is_cheap(right)
        case lir.Compare(_, left, right):
            return _is_cheap(left) and _is_cheap(right)
        case lir.Not(value) | lir.Neg(value) | lir.Bitcast(value):
            return _is_cheap(value)
        case lir.Convert(value, type_):
            return _is_cheap(value) and not isinstance(value.type, lir.Float) and not isinstance(type_, lir.Float)
        case _:
            return False
