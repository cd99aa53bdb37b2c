"""From a book of nets to WebAssembly: the same compiled entries as for CPU threads (`nets`), and the same rules, for
one worker (`bend.runtime.kernel.wasm_net`)."""

from __future__ import annotations

import struct
from functools import cache

from bend.codegen import lir
from bend.codegen.book_table import BookTable
from bend.codegen.lir_merge import merge
from bend.codegen.nets import ACTION_MODULES, KERNEL, Compiler
from bend.codegen.pylir import compile_kernel
from bend.hvm import net

MODULES = ('ports', 'numbers', 'entries', 'free_lists', 'tasks', 'storage', 'wires', 'expand', 'rules',
           'pushing', 'wasm_net/memory', 'wasm_net/bag', 'wasm_net/link', 'wasm_net/main')
ROOTS = ('begin', 'boot', 'give_argument', 'interactions', 'book_words')
"""What the host calls."""
ACTING_ROOTS = ('force', 'constant_of', 'read_action', 'take_numbers', 'make_constructor', 'make_pair', 'prepend',
                'go_on')
"""The same in programs that perform actions."""


def wasm_net_module(book: net.Book, table: BookTable, acting: bool, scratch_words: int) -> lir.Module:
    """The code of a book and its kernel, with what actions need if the program is `acting`."""
    kernel = wasm_net_kernel(acting)
    # Those of actions run once for each, which takes long anyway, and their code would be most of small programs.
    seldom = frozenset(name for name in book.defs if name.startswith('IO/'))
    code = Compiler(book, table, kernel.struct('Worker'), data=seldom).compile()
    words = struct.unpack(f'<{len(table.words) // 8}Q', table.words)
    data = lir.Global('book', lir.U64, len(words), words)
    facts = (_giving('book_words', data.address()), _giving('scratch_words', lir.Const(scratch_words, lir.U64)))
    return merge(kernel, code, lir.Module(facts, (), (data,)))


@cache
def wasm_net_kernel(acting: bool) -> lir.Module:
    """The whole kernel."""
    modules = (*MODULES, *(ACTION_MODULES if acting else ()))
    return compile_kernel([KERNEL / f'{name}.py' for name in modules], {'CHECK_OVERFLOW': 0})


def _giving(name: str, value: lir.Expr) -> lir.Function:
    """A function that gives a value."""
    return lir.Function(name, (), value.type, (lir.Return(value),), 'always')
