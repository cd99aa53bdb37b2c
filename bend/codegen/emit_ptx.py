"""LIR to LLVM IR for NVIDIA GPUs, from which LLVM makes PTX (`bend.runtime.ptx`).

What is not as on CPUs: memory accesses between threads, and what a thread can ask of the machine.

Atomic accesses and fences are inline PTX (`ptx_access`), since LLVM says something else than it was told. `atomicrmw`
loses its order and its scope, in all releases up to 22: what is asked for with release or for the whole system comes
out relaxed and for the device. LLVM 20 loses those of `cmpxchg` as well.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from bend.codegen import lir
from bend.codegen.emit_llvm import FunctionEmitter
from bend.codegen.gpu_validate import validate_for_gpu
from bend.codegen.lir_fold import fold_branches
from bend.codegen.llvm_module import ModuleEmitter
from bend.codegen.llvm_text import quoted, value_type
from bend.codegen.ptx_access import PAUSE_NANOSECONDS, Access, fence, instruction

SHARED_MEMORY = 'bend_shared'
"""The memory that a launch gives to each block."""
_INDICES: Mapping[str, str] = {
    'thread_index': 'tid', 'block_index': 'ctaid', 'block_threads': 'ntid', 'grid_blocks': 'nctaid',
}
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
        if found := fence(order, scope):
            self.ptx(found)

    def fenced(self, access: Access) -> str:
        """The instruction of an access, when the fence before it is done."""
        found = instruction(access)
        if found.fence:
            self.ptx(found.fence)
        return found.name

    def emit_atomic_store(self, statement: lir.AtomicStore) -> None:
        address = self.typed(statement.pointer)
        operand = self.typed(statement.value)
        type_ = value_type(statement.value.type)
        self.ptx(f'{self.fenced(statement)} [$0], $1', '', f'{address}, {operand}', f'l,{_register(type_)}')

    def emit_atomic(self, expr: lir.Expr) -> str:
        type_ = value_type(expr.type)
        register = _register(type_)
        match expr:
            case lir.AtomicLoad(pointer):
                address = self.typed(pointer)
                return self.ptx(f'{self.fenced(expr)} $0, [$1]', type_, address, 'l')
            case lir.AtomicRmw(_, pointer, value):
                address = self.typed(pointer)
                operand = self.emit_expr(value)
                if instruction(expr).negates:
                    operand = self.value(f'sub {type_} 0, {operand}')
                return self.ptx(f'{self.fenced(expr)} $0, [$1], $2', type_, f'{address}, {type_} {operand}',
                                f'l,{register}')
            case lir.CompareExchange(pointer, expected, new):
                operands = ', '.join((self.typed(pointer), self.typed(expected), self.typed(new)))
                return self.ptx(f'{self.fenced(expr)} $0, [$1], $2, $3', type_, operands, f'l,{register},{register}')
            case _:
                raise TypeError(f'no expression: {expr}')

    # --- the machine -------------------------------------------------------------------------------------------

    def emit_machine_intrinsic(self, name: str) -> str:
        if name == 'pause':
            return self.ptx(f'nanosleep.u32 {PAUSE_NANOSECONDS}')
        if name == 'block_barrier':
            return self.ptx('bar.sync 0', attribute=' convergent')
        if name == 'warp_barrier':
            return self.ptx('bar.warp.sync 0xffffffff', attribute=' convergent')
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

    def emit_warp_intrinsic(self, name: str, operands: Sequence[str]) -> str:
        if name == 'ballot':
            function = self.module.intrinsic('llvm.nvvm.vote.ballot.sync', 'i32', ['i32', 'i1'])
            return self.value(f'call i32 {function}(i32 -1, i1 {operands[0]})')
        function = self.module.intrinsic('llvm.nvvm.shfl.sync.idx.i32', 'i32', ['i32'] * 4)
        return self.value(f'call i32 {function}(i32 -1, i32 {operands[0]}, i32 {operands[1]}, i32 31)')


def _register(type_: str) -> str:
    """The constraint for a register that holds a value of an LLVM type."""
    return 'r' if type_ == 'i32' else 'l'
