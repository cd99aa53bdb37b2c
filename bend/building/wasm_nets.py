"""Nets as WebAssembly modules: the kernel, the compiled definitions, and what the host must know."""

from __future__ import annotations

from typing import Any

from bend.building.wasm_module import Setting, built_module, printable_text
from bend.codegen.book_table import NUM, REF, BookTable, port, tabulate
from bend.codegen.wasm_nets import ACTING_ROOTS, ROOTS, wasm_net_module
from bend.diagnostics import BendError
from bend.hvm import net
from bend.hvm.actions import MAGIC, TAGS, ActionNames, action_names, is_magic
from bend.hvm.numbers import U24, make_word
from bend.hvm.places import division_by_zero
from bend.hvm.readback import BookInfo
from bend.hvm.show import LIST, STRING
from bend.hvm.size import check_pairs
from bend.runtime.machine import SIBLINGS
from bend.standalone_nets import (
    MADE,
    SPARE_SCRATCH,
    constructor_facts,
    definition_facts,
    has_strings,
    may_divide,
    numbered_constructors,
    problem_texts,
)


def wasm_nets(book: net.Book, info: BookInfo, setting: Setting) -> bytes:
    """The module of the nets of a Bend program. Raises `BendError`."""
    if findings := check_pairs(book):
        raise BendError(findings)
    actions = action_names(book)
    is_acting = bool(actions.possible)
    table = tabulate(book)
    module = wasm_net_module(book, table, is_acting, table.scratch_words + SPARE_SCRATCH)
    known = {
        'engine': 'net',
        **_names(book, info, table),
        'printable': printable_text(has_strings(book)),
        'problems': [list(texts) for texts in problem_texts(setting.render)],
        'divisions': _division_texts(book, table, setting),
        'actions': _actions(table, actions) if is_acting else None,
    }
    roots = ROOTS + ACTING_ROOTS if is_acting else ROOTS
    return built_module(module, roots, setting, lambda module, linked: known, {})


def _names(book: net.Book, info: BookInfo, table: BookTable) -> dict[str, Any]:
    """What readback must know of constructors and definitions."""
    constructors = numbered_constructors(info)
    numbers = {name: number for number, name in enumerate(constructors)}
    return {
        'constructors': [constructor_facts(name, info) for name in constructors],
        'definitions': [(*definition_facts(name, info, numbers), int(is_magic(book.defs[name].root)))
                        for name in table.names],
        'isScott': info.encoding == 'scott',
        'listConstructor': numbers[LIST[0]],
        'stringConstructor': numbers[STRING[0]],
        'magic': [port(NUM, word) for word in MAGIC],
    }


def _division_texts(book: net.Book, table: BookTable, setting: Setting) -> dict[str, str]:
    """What to say of a division by zero, by the number of its place; '' stands for an unknown one."""
    places = table.places.items() if may_divide(book) else ()
    return {'': setting.render(division_by_zero(None)),
            **{str(number): setting.render(division_by_zero(place)) for place, number in places}}


def _actions(table: BookTable, actions: ActionNames) -> dict[str, Any]:
    """What the host must know to perform actions: which definitions may be or make one, the references that stand for
    the pair by which actions are known, and the constructors that they give: the tag, how many siblings it has, and
    which of them it is."""
    tags = dict(actions.tags)
    made = {name: [port(REF, table.ids[tags[constructor]]) if constructor in tags
                   else port(NUM, make_word(TAGS[constructor], U24)),
                   SIBLINGS[constructor.partition('/')[0]], TAGS[constructor]] for constructor, name in MADE.items()}
    return {
        'mayAct': [int(name in actions.possible) for name in table.names],
        'magicReferences': [port(REF, table.ids[name]) for name in sorted(actions.magic)],
        'made': made,
    }
