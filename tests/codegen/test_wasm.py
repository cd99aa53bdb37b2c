"""WebAssembly from LIR: object files become modules, and functions count their stack."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from bend.codegen import lir
from bend.codegen.direct.context import WORKER
from bend.codegen.emit_wasm import emit_wasm_module
from bend.codegen.lir_validate import validate_module
from bend.codegen.wasm_link import LinkError, link
from bend.codegen.wasm_stacks import count_stack
from bend.runtime.wasm_target import compile_wasm_object

needs_node = pytest.mark.skipif(not shutil.which('node'), reason='there is no Node')

STACK = 4096
TEXT = '''
@table = internal constant [3 x i32] [i32 7, i32 -8, i32 9], align 8
@counter = internal global [2 x i64] zeroinitializer, align 8
declare i64 @double(i64)
declare void @fill(ptr)
define i32 @entry(i32 %index) {
  %place = getelementptr [3 x i32], ptr @table, i32 0, i32 %index
  %value = load volatile i32, ptr %place
  ret i32 %value
}
define i64 @twice_more(i64 %x) {
  %first = call i64 @double(i64 %x)
  %second = call i64 @double(i64 %first)
  ret i64 %second
}
define i64 @count() {
  %old = load volatile i64, ptr @counter
  %new = add i64 %old, 1
  store volatile i64 %new, ptr @counter
  ret i64 %new
}
define i64 @filled() {
  %space = alloca [2 x i64], align 16
  call void @fill(ptr %space)
  %value = load i64, ptr %space
  ret i64 %value
}
define { i64, i64 } @both(i64 %x) noinline {
  %y = add i64 %x, 1
  %one = insertvalue { i64, i64 } undef, i64 %x, 0
  %two = insertvalue { i64, i64 } %one, i64 %y, 1
  ret { i64, i64 } %two
}
'''
"""Tables, data that is zero at first, functions of the host, the stack of LLVM, and two results."""


def in_node(folder: Path, module: bytes, script: str) -> Any:
    """What a script gives that has `bytes`, the module, and `memory`."""
    (folder / 'made.wasm').write_bytes(module)
    (folder / 'script.js').write_text(f'''
        const bytes = require('fs').readFileSync('made.wasm');
        const memory = new WebAssembly.Memory({{ initial: 2 }});
        const start = env => new WebAssembly.Instance(new WebAssembly.Module(bytes), {{
            env: {{ __linear_memory: memory, ...env }} }}).exports;
        const result = (() => {{ {script} }})();
        console.log(JSON.stringify(result, (_, value) => typeof value === 'bigint' ? Number(value) : value));
    ''')
    done = subprocess.run(['node', 'script.js'], cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@needs_node
def test_a_linked_module_runs(tmp_path: Path) -> None:
    linked = link(compile_wasm_object(TEXT), STACK, {'note': b'text'})
    assert linked.memory_start == STACK + 16 + 16
    # Numbers are as short as they can be, and zeros are not there.
    assert len(linked.module) < 500
    found = in_node(tmp_path, linked.module, '''
        let place;
        const made = start({ double: x => 2n * x, fill: at => {
            place = at;
            new BigUint64Array(memory.buffer)[at / 8] = 77n;
        } });
        const table = [0, 1, 2].map(index => made.entry(index));
        const [section] = WebAssembly.Module.customSections(new WebAssembly.Module(bytes), 'note');
        return [table, made.twice_more(5n), made.count(), made.count(), made.filled(), place, [...made.both(4n)],
            Object.keys(made).sort(), Buffer.from(section).toString()];''')
    assert found == [[7, -8, 9], 20, 1, 2, 77, STACK - 16, [4, 5],
                     ['both', 'count', 'entry', 'filled', 'twice_more'], 'text']


@pytest.mark.parametrize(('text', 'message'), [
    ('@there = external global i32\ndefine ptr @f() {\n  ret ptr @there\n}', 'the data there'),
    ('declare i64 @g()\ndefine ptr @f() {\n  ret ptr @g\n}', 'the import __indirect_function_table'),
    ('@a = internal global i32 1\n@b = internal constant ptr @a\ndefine ptr @f() {\n  ret ptr @b\n}', 'addresses'),
])
def test_what_the_emitter_makes_none_of(text: str, message: str) -> None:
    with pytest.raises(LinkError, match=message):
        link(compile_wasm_object(text, 0), STACK, {})
    with pytest.raises(LinkError, match='no object file'):
        link(b'\x7fELF', STACK, {})


def function(name: str, parameters: tuple[tuple[str, lir.Type], ...], result: lir.Type,
             *body: lir.Stmt) -> lir.Function:
    """A function of a program."""
    return lir.Function(name, ((WORKER.name, WORKER.type), *parameters), result, body, tail=True, inline='never')


@needs_node
def test_functions_go_on_with_another_stack(tmp_path: Path) -> None:
    """Numbers of all types and structs go through memory; calls in the place of the caller use no room."""
    n, x, pair = lir.Local('n', lir.U64), lir.Local('x', lir.F32), lir.StructName('two')
    one, again = lir.Const(1, lir.U64), lir.Local('again', pair)
    check = lir.ExprStmt(lir.Call('check', (WORKER, lir.Const(5, lir.U64)), lir.VOID))
    is_end = lir.Compare('eq', n, lir.Const(0, lir.U64))
    less = lir.Binary('sub', n, one)
    loop = function('loop', (('n', lir.U64),), lir.U64, check, lir.If(is_end, (lir.Return(lir.Const(3, lir.U64)),)),
                    lir.Return(lir.Call('loop', (WORKER, less), lir.U64, tail=True)))
    deep = function('deep', (('n', lir.U64), ('x', lir.F32)), pair, check,
                    lir.If(is_end, (lir.Return(lir.Pack(pair, (n, x))),)),
                    lir.Assign(again, lir.Call('deep', (WORKER, less, x), pair)),
                    lir.Return(lir.Pack(pair, (lir.Binary('add', lir.Extract(again, 'first', lir.U64), n),
                                               lir.Extract(again, 'second', lir.F32)))))
    entry = lir.Function('entry', ((WORKER.name, WORKER.type), ('n', lir.U64)), lir.U64, (
        lir.Assign(again, lir.Call('deep', (WORKER, n, lir.Const(0.5, lir.F32)), pair)),
        lir.Return(lir.Binary('add', lir.Extract(again, 'first', lir.U64), lir.Call('loop', (WORKER, n), lir.U64)))),
        exported=True)
    nothing = lir.Function('check', ((WORKER.name, WORKER.type), ('detail', lir.U64)), lir.VOID, inline='always')
    module = count_stack(lir.Module(
        (nothing, loop, deep, entry),
        (lir.Struct('Worker', (('word', lir.U64),)), lir.Struct('two', (('first', lir.U64), ('second', lir.F32))))))
    validate_module(module)
    linked = link(compile_wasm_object(emit_wasm_module(module)), STACK, {})
    found = in_node(tmp_path, linked.module, '''
        const asked = [];
        const made = start({ more_stack: (number, detail) => {
            asked.push([number, detail]);
            made.resume(1000n, number);
        } });
        const few = made.entry(1000n, 3n);
        const none = asked.length;
        const many = made.entry(1000n, 100n);
        return [few, none, many, asked.length > 10, asked[0]];''')
    assert found == [6 + 3, 0, 5050 + 3, True, [1, 5]]


@needs_node
def test_calls_in_the_place_of_the_caller(tmp_path: Path) -> None:
    """They use no stack, also with several results."""
    n, pair = lir.Local('n', lir.U64), lir.StructName('two')
    is_end = lir.Compare('eq', n, lir.Const(0, lir.U64))
    functions = [lir.Function(name, (('n', lir.U64), *(((f'x{index}', lir.U64)) for index in range(more))), pair, (
        lir.If(is_end, (lir.Return(lir.Pack(pair, (n, lir.Const(answer, lir.U64)))),)),
        lir.Return(lir.Call(other, (lir.Binary('sub', n, lir.Const(1, lir.U64)), *[n] * others), pair, tail=True)),
    ), tail=True, inline='never') for name, other, answer, more, others in
        (('even', 'odd', 1, 0, 9), ('odd', 'even', 0, 9, 0))]
    entry = lir.Function('entry', (('n', lir.U64),), lir.U64, (
        lir.Return(lir.Extract(lir.Call('even', (n,), pair), 'second', lir.U64)),), exported=True)
    module = lir.Module((*functions, entry), (lir.Struct('two', (('first', lir.U64), ('second', lir.U64))),))
    validate_module(module)
    linked = link(compile_wasm_object(emit_wasm_module(module)), STACK, {})
    assert in_node(tmp_path, linked.module, 'return [10000000n, 10000001n].map(start().entry);') == [1, 0]
