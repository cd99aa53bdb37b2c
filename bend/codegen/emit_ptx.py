"""LIR to LLVM IR for NVIDIA GPUs, from which LLVM makes PTX (`bend.runtime.ptx`).

What is not as on CPUs: memory accesses between threads, and what a thread can ask of the machine.

Atomic accesses and fences are inline PTX, since LLVM says something else than it was told. `atomicrmw` loses its order
and its scope, in all releases up to 22: what is asked for with release or for the whole system comes out relaxed and
for the device. LLVM 20 loses those of `cmpxchg` as well. The instructions are those of the memory model of PTX:

    relaxed, acquire, release, acq_rel    ld, st, atom with .relaxed, .acquire, .release, .acq_rel
    seq_cst                               fence.sc, then ld.acquire, st.release, atom.acquire
    fences                                fence.sc for seq_cst, fence.acq_rel for all others

and the scopes block, device and system are .cta, .gpu and .sys. This needs compute capability 7.0.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from bend.codegen import lir
from bend.codegen.emit_llvm import FunctionEmitter
from bend.codegen.gpu_validate import validate_for_gpu
from bend.codegen.lir_fold import fold_branches
from bend.codegen.llvm_module import ModuleEmitter
from bend.codegen.llvm_text import quoted, value_type

SHARED_MEMORY = 'bend_shared'
"""The memory that a launch gives to each block."""
PAUSE_NANOSECONDS = 32
_SCOPES: Mapping[lir.Scope, str] = {'block': 'cta', 'device': 'gpu', 'system': 'sys'}
_SPACES: Mapping[lir.Space, str] = {'generic': '', 'global': '.global', 'shared': '.shared'}
_INDICES: Mapping[str, str] = {
    'thread_index': 'tid', 'block_index': 'ctaid', 'block_threads': 'ntid', 'grid_blocks': 'nctaid',
}
_RMW_NAMES: Mapping[lir.RmwOp, str] = {'xchg': 'exch', 'sub': 'add'}
_OUTSIDE_NAMES = re.compile(r'[^A-Za-z0-9_]|\AWARP_SZ\Z|\A[0-9]')


def emit_gpu_module(module: lir.Module) -> str:
    """The LLVM IR for GPUs of a module. Raises ValidationError, with the name of the function, for what GPUs lack."""
    module = fold_branches(module)
    validate_for_gpu(module)
    return _GpuModule(module, {}).emit()


def ptx_name(name: str) -> str:
    """The name of a function or of data in PTX, where letters, digits and `_` may stand; the same for those alone."""
    return _OUTSIDE_NAMES.sub(lambda found: ''.join(f'${byte:02X}' for byte in found[0].encode()), name)


class _GpuModule(ModuleEmitter):
    """Emits a module, with names that the assembler takes. Nobody looks at stacks."""

    is_traced = False

    def function_emitter(self, function: lir.Function) -> FunctionEmitter:
        return _GpuFunction(self, function)

    def symbol(self, name: str) -> str:
        return f'@{quoted(ptx_name(name))}'

    def declare(self, name: str, line: str) -> str:
        """Has a declaration once; gives the name."""
        self.intrinsics.setdefault(name, line)
        return f'@{name}'


class _GpuFunction(FunctionEmitter):
    """Emits a function. All are `convergent`: LLVM must not move a barrier to where only some threads come."""

    attributes = 'nounwind convergent'
    module: _GpuModule

    def ptx(self, instruction: str, result: str = '', operands: str = '', constraints: str = '',
            attribute: str = '') -> str:
        """Inline PTX that memory accesses do not move across; gives the name of its result."""
        all_constraints = ','.join(filter(None, ('=' + _register(result) if result else '', constraints, '~{memory}')))
        call = f'call {result or "void"} asm sideeffect "{instruction};", "{all_constraints}"({operands}){attribute}'
        if result:
            return self.value(call)
        self.line(call)
        return ''

    # --- memory ------------------------------------------------------------------------------------------------

    def emit_fence(self, order: lir.Order, scope: lir.Scope) -> None:
        if order != 'relaxed':
            self.ptx(f'fence.{"sc" if order == "seq_cst" else "acq_rel"}.{_SCOPES[scope]}')

    def weakened(self, order: lir.Order, scope: lir.Scope, instead: lir.Order) -> lir.Order:
        """What is left of an order when the fence of a sequentially consistent access is done."""
        if order != 'seq_cst':
            return order
        self.emit_fence(order, scope)
        return instead

    def emit_atomic_store(self, statement: lir.AtomicStore) -> None:
        address = self.typed(statement.pointer)
        operand = self.typed(statement.value)
        order = self.weakened(statement.order, statement.scope, 'release')
        type_ = value_type(statement.value.type)
        instruction = f'st.{order}{_suffix(statement)}.b{_width(statement.value.type)} [$0], $1'
        self.ptx(instruction, '', f'{address}, {operand}', f'l,{_register(type_)}')

    def emit_atomic(self, expr: lir.Expr) -> str:
        type_ = value_type(expr.type)
        register, width = _register(type_), _width(expr.type)
        match expr:
            case lir.AtomicLoad(pointer, order, scope):
                address = self.typed(pointer)
                order = self.weakened('relaxed' if order == 'unordered' else order, scope, 'acquire')
                return self.ptx(f'ld.{order}{_suffix(expr)}.b{width} $0, [$1]', type_, address, 'l')
            case lir.AtomicRmw(op, pointer, value, order, scope):
                address = self.typed(pointer)
                operand = self.emit_expr(value)
                if op == 'sub':
                    operand = self.value(f'sub {type_} 0, {operand}')
                order = self.weakened(order, scope, 'acquire')
                name = _RMW_NAMES.get(op, op)
                instruction = f'atom.{order}{_suffix(expr)}.{name}.{_operand_kind(name, expr.type)}{width}'
                return self.ptx(f'{instruction} $0, [$1], $2', type_, f'{address}, {type_} {operand}', f'l,{register}')
            case lir.CompareExchange(pointer, expected, new, order, failure, scope):
                operands = ', '.join((self.typed(pointer), self.typed(expected), self.typed(new)))
                order = self.weakened(_both(order, failure), scope, 'acquire')
                instruction = f'atom.{order}{_suffix(expr)}.cas.b{width} $0, [$1], $2, $3'
                return self.ptx(instruction, type_, operands, f'l,{register},{register}')
            case _:
                raise TypeError(f'no expression: {expr}')

    # --- the machine -------------------------------------------------------------------------------------------

    def emit_machine_intrinsic(self, name: str) -> str:
        if name == 'pause':
            return self.ptx(f'nanosleep.u32 {PAUSE_NANOSECONDS}')
        if name == 'block_barrier':
            return self.ptx('bar.sync 0', attribute=' convergent')
        if name == 'exit_thread':
            return self.ptx('exit')
        if name == 'device_time':
            return self.ptx('mov.u64 $0, %globaltimer', 'i64')
        if name == 'cycles':
            return self.ptx('mov.u64 $0, %clock64', 'i64')
        if name == 'shared_memory':
            return self.module.declare(SHARED_MEMORY,
                                       f'@{SHARED_MEMORY} = external addrspace(3) global [0 x i8], align 16')
        register = self.module.intrinsic(f'llvm.nvvm.read.ptx.sreg.{_INDICES[name]}.x', 'i32', [])
        return self.value(f'call i32 {register}()')


def _register(type_: str) -> str:
    """The constraint for a register that holds a value of an LLVM type."""
    return 'r' if type_ == 'i32' else 'l'


def _width(type_: lir.Type) -> int:
    return type_.bits if isinstance(type_, lir.Int) else 64


def _operand_kind(name: str, type_: lir.Type) -> str:
    """How PTX reads the operands of an atomic operation."""
    if name in ('add', 'max', 'min'):
        return 's' if name != 'add' and isinstance(type_, lir.Int) and type_.signed else 'u'
    return 'b'


def _suffix(access: lir.AtomicLoad | lir.AtomicStore | lir.AtomicRmw | lir.CompareExchange) -> str:
    """The scope and the address space of an access."""
    pointer = access.pointer.type
    assert isinstance(pointer, lir.Ptr)
    return f'.{_SCOPES[access.scope]}{_SPACES[pointer.space]}'


def _both(order: lir.Order, failure: lir.Order) -> lir.Order:
    """One order for a compare-and-exchange, at least as strong as those for success and for failure."""
    if 'seq_cst' in (order, failure):
        return 'seq_cst'
    if failure == 'acquire':
        return {'relaxed': 'acquire', 'release': 'acq_rel'}.get(order, order)  # type: ignore[return-value]
    return order
