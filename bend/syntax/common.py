"""Parse trees to AST: what both notations share (names, literals, imports)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from bend.diagnostics import BendError, error
from bend.hvm.numbers import Number
from bend.records import replace
from bend.source import Source, Span
from bend.syntax import ast, literals
from bend.syntax.lexer import Token

_LAYOUT = frozenset(('NEWLINE', 'INDENT', 'DEDENT', 'END', ';'))


def parts(node: Any) -> list[Any]:
    """The named nodes right below a node of the parse tree, those in unnamed groups included."""
    found: list[Any] = []
    for child in node.children:
        if child.expr.name:
            found.append(child)
        elif child.children:
            found.extend(parts(child))
    return found


class Builder:
    """Turns parse trees over one run of tokens into AST nodes.

    A rule `r` of the grammar is handled by the method `build_r`; a rule without one stands for its only part.
    """

    _handlers: ClassVar[dict[str, Callable[[Any, Any], Any]]] = {}

    def __init_subclass__(cls) -> None:
        """Collects the handlers of a notation."""
        cls._handlers = {name.removeprefix('build_'): getattr(cls, name) for name in dir(cls)
                         if name.startswith('build_')}

    def __init__(self, source: Source, tokens: list[Token]) -> None:
        self.source = source
        self.tokens = tokens

    def build(self, node: Any) -> Any:
        """The AST of a node of the parse tree. Raises `BendError` for what the grammar cannot see."""
        handler = self._handlers.get(node.expr.name)
        while handler is None:
            node = parts(node)[0]
            handler = self._handlers.get(node.expr.name)
        return handler(self, node)

    def build_all(self, nodes: list[Any]) -> tuple[Any, ...]:
        """The ASTs of several nodes."""
        return tuple([self.build(node) for node in nodes])

    def span(self, node: Any) -> Span:
        """The place of a node, without the line break after it."""
        last = node.end - 1
        while last > node.start and self.tokens[last].type in _LAYOUT:
            last -= 1
        return Span(self.source, self.tokens[node.start].start, self.tokens[last].end)

    def text(self, node: Any) -> str:
        """The text of the first token of a node."""
        text: str = self.tokens[node.start].text
        return text

    def fail(self, message: str, span: Span, hint: str = '', code: str = 'syntax') -> BendError:
        """An error to raise."""
        return BendError(error(code, message, span, hint=hint))

    def checked(self, node: Any) -> bool:
        """Whether a `checked` part says `checked` (not `unchecked`)."""
        return self.text(node) == 'checked'

    # ---- literals ------------------------------------------------------------------------------

    def build_variable(self, node: Any) -> ast.Var:
        """A name as a term."""
        return ast.Var(self.span(node), self.text(node))

    def build_unscoped(self, node: Any) -> ast.Unscoped:
        """`$x` as a term."""
        return ast.Unscoped(self.span(node), self.text(node)[1:])

    def build_eraser(self, node: Any) -> ast.Eraser:
        """`*`."""
        return ast.Eraser(self.span(node))

    def build_number(self, node: Any) -> ast.Num:
        """A number."""
        span = self.span(node)
        return ast.Num(span, literals.number(self.text(node), span))

    def build_char(self, node: Any) -> ast.Num:
        """A character, which is a u24."""
        span = self.span(node)
        return ast.Num(span, Number('u24', literals.character(self.text(node), span)))

    def build_symbol(self, node: Any) -> ast.Num:
        """A symbol, which is a u24."""
        span = self.span(node)
        return ast.Num(span, Number('u24', literals.symbol(self.text(node), span)))

    def build_string(self, node: Any) -> ast.String:
        """A string."""
        span = self.span(node)
        return ast.String(span, literals.string(self.text(node), span))

    # ---- clauses -------------------------------------------------------------------------------

    def with_binding(self, node: Any) -> ast.Binding:
        """`y` or `y = e` of a `with` clause (in fun also of `bend`)."""
        name, *value = parts(node)
        return ast.Binding(self.span(node), self.text(name), self.build(value[0]) if value else None)

    def binding(self, node: Any) -> ast.Binding:
        """`x = e`, or `e`, which names itself if it is a variable."""
        *name, value = parts(node)
        span, built = self.span(node), self.build(value)
        if name:
            return ast.Binding(span, self.text(name[0]), built)
        if isinstance(built, ast.Var):
            return ast.Binding(span, built.name, None)
        return ast.Binding(span, None, built)

    def switch_arms(self, nodes: list[Any]) -> tuple[Any, ...]:
        """The bodies of the arms of a switch, whose labels must be 0, 1, ..., `_`."""
        bodies = []
        for index, node in enumerate(nodes):
            label, body = parts(node)
            text, span = self.text(label), self.span(label)
            is_default = text == '_'
            number = None if is_default or self.tokens[label.start].type == 'NAME' else self._label(text, span)
            if is_default and index == 0:
                raise self.fail("Expected '0', found '_'.", span, 'The first case of a switch is 0.')
            if not is_default and number != index:
                wanted = f"'{index}'" if index == 0 else f"'{index}' or '_'"
                order = "The cases of a switch are 0, 1, 2, ... in order, and '_' at the end."
                raise self.fail(f"Expected {wanted}, found '{text}'.", span,
                                order if number is not None else f"{order} Use 'match' for constructors.")
            if is_default and index != len(nodes) - 1:
                after = self.span(nodes[index + 1])
                raise self.fail("A case after '_' is never reached.", after, "'_' is the last case of a switch.")
            if not is_default and index == len(nodes) - 1:
                raise self.fail("A switch must end with the case '_'.", self.span(node), "Add '_' as the last case.")
            bodies.append(self.build(body))
        return tuple(bodies)

    def _label(self, text: str, span: Span) -> int:
        return literals.pattern_number(text, span)

    def fields(self, owner: str, fields: tuple[ast.Field, ...]) -> tuple[ast.Field, ...]:
        """The fields of a constructor. Raises `BendError` if a name is repeated."""
        seen: set[str] = set()
        for field in fields:
            if field.name in seen:
                raise self.fail(f"The field '{field.name}' is repeated in the constructor '{owner}'.", field.span,
                                'Give every field its own name.', 'repeated-field')
            seen.add(field.name)
        return fields

    # ---- imports -------------------------------------------------------------------------------

    def build_from_import(self, node: Any) -> list[ast.Import]:
        """`from path import a as b, ...` or `from path import *`."""
        path, what = parts(node)
        names = self._aliases(what) if what.expr.name == 'alias_list' else ()
        return [ast.Import(self.span(node), self.text(path), names, self.span(path))]

    def build_path_import(self, node: Any) -> list[ast.Import]:
        """`import path/name as b, ...`: for each what `from path import name as b` is."""
        items = []
        for path in self._aliases(parts(node)[0]):
            folder, _, name = path.name.rpartition('/')
            items.append(ast.Import(self.span(node), folder, (replace(path, name=name),), path.span))
        return items

    def _aliases(self, node: Any) -> tuple[ast.ImportedName, ...]:
        result = []
        for alias in parts(node):
            name, *new = parts(alias)
            result.append(ast.ImportedName(self.span(name), self.text(name), self.text(new[0]) if new else None))
        return tuple(result)
