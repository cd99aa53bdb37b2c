"""LIR to CUDA C++, for code that runs on a GPU: C (`emit_c`) but for what is different there.

All functions are those of the device. Atomic accesses and fences are inline PTX, the same instructions that `emit_ptx`
gives (`ptx_access`), in small functions that are called like their instructions. nvcc makes one operation of a product
and a sum unless it is told not to, so arithmetic of floats is done by functions that say how they round. What the text
takes for granted stands in `bend/runtime/c/gpu_support.h`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from bend.codegen import lir
from bend.codegen.c_expressions import Level, Text, bare
from bend.codegen.c_forks import without_forks
from bend.codegen.c_functions import FunctionEmitter
from bend.codegen.c_helpers import Helpers
from bend.codegen.c_prune import needed
from bend.codegen.emit_c import ModuleEmitter, Style
from bend.codegen.gpu_validate import validate_for_gpu
from bend.codegen.ptx_access import PAUSE_NANOSECONDS, Access, Instruction, fence, instruction, width

_INLINE: Mapping[lir.Inline, str] = {'always': 'ALWAYS_INLINE ', 'never': 'NEVER_INLINE ', 'hint': 'inline ',
                                     'auto': ''}
_INDICES: Mapping[str, str] = {
    'thread_index': 'threadIdx.x', 'block_index': 'blockIdx.x', 'block_threads': 'blockDim.x',
    'grid_blocks': 'gridDim.x',
}
_ROUNDED = {'add': 'add', 'sub': 'sub', 'mul': 'mul', 'div': 'div'}
_BITS: Mapping[str, str] = {
    'popcount': 'return ({type})__popcll((u{bits})value);',
    'ctz': 'return value == 0 ? {bits} : ({type})(__ffsll((long long)value) - 1);',
    'clz': 'return value == 0 ? {bits} : ({type})(__clzll((long long)(u{bits})value) - {rest});',
}
_OPERANDS: Mapping[str, tuple[str, str, str]] = {
    'ld': ('', '%0, [%1]', ''), 'st': (', {type} value', '[%0], %1', ', "{register}"(value)'),
    'cas': (', {type} expected, {type} value', '%0, [%1], %2, %3', ', "{register}"(expected), "{register}"(value)'),
    'atom': (', {type} value', '%0, [%1], %2', ', "{register}"(value)'),
}
"""By kind of access: the parameters after the place, the operands of the instruction, and what they are."""


def emit_cu(module: lir.Module, style: Style, helpers: CudaHelpers | None = None) -> str:
    """The CUDA C++ of what the roots of the style lead to in a module that is valid, to stand behind `gpu_support.h`.
    It may stand behind other modules that had the same helpers. Raises ValidationError, with the name of the function,
    for what GPUs lack."""
    assert style.roots is not None
    kept = needed(without_forks(module), style.roots)
    validate_for_gpu(kept)
    return _CudaModule(kept, style, helpers or CudaHelpers()).emit()


class CudaHelpers(Helpers):
    """Helpers of the device."""

    def definition(self, kind: str, name: str, types: Sequence[lir.Type]) -> list[str]:
        """See `Helpers`."""
        if kind in _BITS:
            type_ = types[0]
            bits = width(type_)
            body = _BITS[kind].format(type=type_, bits=bits, rest=64 - bits)
            return [f'DEVICE_INLINE {type_} {name}({type_} value) {{', body, '}']
        lines = super().definition(kind, name, types)
        return [line.replace('static inline', 'DEVICE_INLINE').replace('__builtin_memcpy', 'memcpy') for line in lines]

    def fence(self, name: str) -> str:
        """A function for a fence; gives its name."""
        found = name.replace('.', '_')
        self.used[found] = [f'DEVICE_INLINE void {found}(void) {{', f'asm volatile("{name};" ::: "memory");', '}']
        return found

    def device_time(self) -> str:
        """A function that reads the clock of the device; gives its name."""
        name = 'device_time'
        self.used[name] = [f'DEVICE_INLINE u64 {name}(void) {{', 'u64 now;',
                           'asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(now));', 'return now;', '}']
        return name

    def access(self, found: Instruction, bits: int) -> str:
        """A function for an access to words of so many bits; gives its name."""
        name = f'{"sc_" if found.fence else ""}{found.name.replace(".", "_")}'
        kind = 'cas' if '.cas.' in found.name else found.name.partition('.')[0]
        type_, register = f'u{bits}', 'l' if bits == 64 else 'r'
        parameters, operands, inputs = (part.format(type=type_, register=register) for part in _OPERANDS[kind])
        has_result = kind != 'st'
        before = [f'{self.fence(found.fence)}();'] if found.fence else []
        lines = [f'DEVICE_INLINE {type_ if has_result else "void"} {name}(void *place{parameters}) {{', *before]
        text = f'asm volatile("{found.name} {operands};" : {{}}: "l"(place){inputs} : "memory");'
        if has_result:
            lines += [f'{type_} old;', text.format(f'"={register}"(old) '), 'return old;']
        else:
            lines.append(text.format(''))
        self.used.setdefault(name, [*lines, '}'])
        return name


class _CudaModule(ModuleEmitter):
    """Emits a module."""

    noreturn = 'NO_RETURN '
    table_linkage = 'static __device__ '

    def function_emitter(self, function: lir.Function) -> FunctionEmitter:
        return _CudaFunction(self.shared, function)

    def linkage(self, function: lir.Function) -> str:
        return f'static __device__ {_INLINE[function.inline]}'


class _CudaFunction(FunctionEmitter):
    """Emits a function of the device."""

    zero_struct = '{}'

    # ---- expressions -----------------------------------------------------------------------------

    def emit(self, expr: lir.Expr) -> Text:
        match expr:
            case lir.Const(value, lir.Float(bits)) if value != value or value in (float('inf'), float('-inf')):
                return Text(_strange_float(float(value), bits))
            case lir.Const(value, lir.Ptr()) if value != 0:
                return Text(f'({self.type(expr.type)}){hex(int(value))}ull', Level.UNARY)
            case lir.Pack(type_, values):
                return Text(f'{self.type(type_)}{{{", ".join(part.text for part in self.operands(values))}}}')
            case lir.StackArray(element, count):
                name = self.new_name('array')
                self.lines.insert(0, f'{self.declared(element, name)}[{count}];')
                return Text(name)
            case _:
                return super().emit(expr)

    def binary(self, expr: lir.Binary) -> Text:
        if not isinstance(expr.type, lir.Float):
            return super().binary(expr)
        letter = 'f' if expr.type.bits == 32 else 'd'
        first, second = self.operands((expr.left, expr.right))
        return Text(f'__{letter}{_ROUNDED[expr.op]}_rn({first.text}, {second.text})')

    def intrinsic(self, name: str, arguments: Sequence[lir.Expr]) -> Text:
        if name in _INDICES:
            return Text(_INDICES[name])
        if name in _MACHINE:
            return Text(_MACHINE[name])
        if name == 'device_time':
            return Text(f'{self.cuda_helpers().device_time()}()')
        if name in ('ballot', 'shuffle'):
            operands = ', '.join(self.emit(argument).text for argument in arguments)
            return Text(f'{"__ballot_sync" if name == "ballot" else "__shfl_sync"}(0xffffffffu, {operands})')
        if name == 'prefetch':
            return Text(f'prefetch({self.emit(arguments[0]).text})')
        if isinstance(arguments[0].type, lir.Float):
            is_single = arguments[0].type.bits == 32
            operand = self.emit(arguments[0]).text
            if name == 'sqrt':
                return Text(f'__{"f" if is_single else "d"}sqrt_rn({operand})')
            return Text(f'{name}{"f" if is_single else ""}({operand})')
        return super().intrinsic(name, arguments)

    # ---- memory ----------------------------------------------------------------------------------

    def statement(self, statement: lir.Stmt) -> None:
        match statement:
            case lir.AtomicStore(pointer, value):
                place, operand = self.operands((pointer, value))
                self.lines.append(f'{self.access(statement, place, ((value, operand),))};')
            case lir.Fence(order, scope):
                if found := fence(order, scope):
                    self.lines.append(f'{self.cuda_helpers().fence(found)}();')
            case _:
                super().statement(statement)

    def atomic(self, expr: lir.Expr) -> Text:
        match expr:
            case lir.AtomicLoad(pointer):
                text = self.access(expr, self.emit(pointer))
            case lir.AtomicRmw(_, pointer, value):
                place, operand = self.operands((pointer, value))
                text = self.access(expr, place, ((value, operand),))
            case lir.CompareExchange(pointer, expected, new):
                place, old, replacement = self.operands((pointer, expected, new))
                text = self.access(expr, place, ((expected, old), (new, replacement)))
            case _:
                raise TypeError(f'no expression: {expr}')
        if expr.type in (lir.U32, lir.U64):
            return Text(text)
        return Text(f'({self.type(expr.type)}){text}', Level.UNARY)

    def access(self, access: Access, place: Text, values: Sequence[tuple[lir.Expr, Text]] = ()) -> str:
        """A call of the function for an access. All pointers are generic in C++."""
        found = instruction(access, spaces=False)
        pointee = lir.pointee(access.pointer.type)
        word = f'u{width(pointee)}'
        operands = []
        for expr, value in values:
            text = value.within(Level.BINARY) if expr.type in (lir.U32, lir.U64) else (
                f'({word}){value.within(Level.BINARY)}')
            operands.append(f'0 - {text}' if found.negates else bare(expr) or text)
        name = self.cuda_helpers().access(found, width(pointee))
        return f'{name}({", ".join([self.plain_address(access.pointer, place), *operands])})'

    def plain_address(self, pointer: lir.Expr, place: Text) -> str:
        """An address that has been emitted, without the cast to its own type: what takes it does not look at that."""
        if isinstance(pointer, lir.FieldAddress | lir.IndexAddress):
            return place.text.removeprefix(f'({self.type(pointer.type)})')
        return place.text

    def cuda_helpers(self) -> CudaHelpers:
        """The helpers of the module."""
        assert isinstance(self.shared.helpers, CudaHelpers)
        return self.shared.helpers


_MACHINE: Mapping[str, str] = {
    'trap': '__trap()', 'pause': f'__nanosleep({PAUSE_NANOSECONDS})', 'block_barrier': '__syncthreads()',
    'warp_barrier': '__syncwarp()',
    'exit_thread': 'exit_thread()', 'cycles': '(u64)clock64()', 'shared_memory': 'block_memory',
}


def _strange_float(value: float, bits: int) -> str:
    """A float that has no digits, by its bits."""
    patterns: Callable[[float], str] = {
        32: lambda value: '0x7fc00000' if value != value else '0x7f800000' if value > 0 else '0xff800000',
        64: lambda value: f'0x{"7ff8" if value != value else "7ff0" if value > 0 else "fff0"}000000000000ll',
    }[bits]
    return f'{"__int_as_float" if bits == 32 else "__longlong_as_double"}({patterns(value)})'
