"""Parse trees of the ML-like notation to AST (spec 01 sections 3 and 5)."""

from __future__ import annotations

from typing import Any, cast

from bend.source import Span
from bend.syntax import ast, literals, type_ast
from bend.syntax.common import Builder, parts


class FunBuilder(Builder):
    """Builds fun items and terms."""

    # ---- items ---------------------------------------------------------------------------------

    def build_fun_item(self, node: Any) -> ast.TypeDef | ast.FunDef:
        """A type, or one equation or signature; `merge` puts the equations of a function together."""
        inner = parts(node)
        if inner[0].expr.name == 'fun_type':
            return self.build_fun_type(inner[0])
        return self._definition(inner, self.span(node))

    def build_local_item(self, node: Any) -> ast.FunDef:
        """One equation or signature of a local function."""
        return self._definition(parts(node), self.span(node))

    def _definition(self, inner: list[Any], span: Span) -> ast.FunDef:
        *checked, definition = inner
        flag = self.checked(checked[0]) if checked else None
        if definition.expr.name == 'signature':
            return self._signature(definition, span, flag)
        head, body = parts(definition)
        name, *patterns = parts(head)
        rule = ast.Rule(self.span(definition), self.build_all(patterns), self.build(body))
        return ast.FunDef(span, self.text(name), (rule,), None, flag)

    def _signature(self, node: Any, span: Span, checked: bool | None) -> ast.FunDef:
        """A signature: no rules yet, or the one whose patterns are its arguments."""
        head, result, *body = parts(node)
        name, *arguments = parts(head)
        type_: type_ast.Type = self.build(result)
        patterns: list[ast.Pattern] = []
        for argument in reversed(arguments):
            argument_name, *annotation = parts(argument)
            place = self.span(argument)
            argument_type = self.build(annotation[0]) if annotation else type_ast.TypeName(place, 'Any')
            type_ = type_ast.TypeArrow(place.to(type_.span), argument_type, type_)
            patterns.insert(0, ast.PatternVar(self.span(argument_name), self.text(argument_name)))
        rules = (ast.Rule(self.span(node), tuple(patterns), self.build(body[0])),) if body else ()
        return ast.FunDef(span, self.text(name), rules, type_, checked)

    def build_fun_type(self, node: Any) -> ast.TypeDef:
        """`type (T a) = A | (B x)`."""
        head, *constructors = parts(node)
        name, *variables = parts(head)
        owner = self.text(name)
        return ast.TypeDef(self.span(node), owner, tuple(self.text(variable) for variable in variables),
                           tuple(self._constructor(owner, constructor) for constructor in constructors))

    def _constructor(self, owner: str, node: Any) -> ast.Constructor:
        name, *fields = parts(node)
        full = f'{owner}/{self.text(name)}'
        return ast.Constructor(self.span(node), full, self.fields(full, self.build_all(fields)))

    def build_ctor_field(self, node: Any) -> ast.Field:
        """`x`, `~x`, `(x: A)`."""
        by_name = {part.expr.name: part for part in parts(node)}
        annotation = by_name.get('fun_annotation')
        return ast.Field(self.span(node), self.text(by_name['field_name']),
                         self.build(annotation) if annotation else None, 'recursive' in by_name)

    # ---- types ---------------------------------------------------------------------------------

    def build_fun_arrow(self, node: Any) -> type_ast.Type:
        """An atom or an arrow."""
        first, *rest = parts(node)
        argument: type_ast.Type = self.build(first)
        return type_ast.TypeArrow(self.span(node), argument, self.build(rest[0])) if rest else argument

    def build_fun_name(self, node: Any) -> type_ast.TypeName:
        """`T`."""
        return type_ast.TypeName(self.span(node), self.text(node))

    def build_fun_applied(self, node: Any) -> type_ast.TypeApplication:
        """`(T A B)`."""
        name, *arguments = parts(node)
        return type_ast.TypeApplication(self.span(node), self.text(name), self.build_all(arguments))

    def build_fun_tuple_type(self, node: Any) -> type_ast.TypeTuple:
        """`(A, B)`."""
        return type_ast.TypeTuple(self.span(node), self.build_all(parts(node)))

    # ---- patterns ------------------------------------------------------------------------------

    def build_rule_var(self, node: Any) -> ast.PatternVar:
        """A name or `*`."""
        text = self.text(node)
        return ast.PatternVar(self.span(node), None if text == '*' else text)

    def build_rule_unscoped(self, node: Any) -> ast.PatternUnscoped:
        """`$x`."""
        return ast.PatternUnscoped(self.span(node), self.text(node)[1:])

    def build_rule_number(self, node: Any) -> ast.PatternNumber:
        """A u24."""
        span = self.span(node)
        return ast.PatternNumber(span, literals.pattern_number(self.text(node), span))

    def build_rule_char(self, node: Any) -> ast.PatternNumber:
        """A character."""
        span = self.span(node)
        return ast.PatternNumber(span, literals.character(self.text(node), span))

    def build_rule_string(self, node: Any) -> ast.PatternString:
        """A string."""
        span = self.span(node)
        return ast.PatternString(span, literals.string(self.text(node), span))

    def build_rule_constructor(self, node: Any) -> ast.Pattern:
        """`(C p q)` or `(C)`: in parentheses a name is never that of a variable."""
        name, *arguments = parts(node)
        return ast.PatternConstructor(self.span(node), self.text(name), self.build_all(arguments))

    def build_rule_tuple(self, node: Any) -> ast.PatternTuple:
        """`(p, q)`."""
        return ast.PatternTuple(self.span(node), self.build_all(parts(node)))

    build_simple_tuple = build_rule_tuple

    def build_rule_dup(self, node: Any) -> ast.PatternDup:
        """`{p q}`."""
        return ast.PatternDup(self.span(node), self._two(node, 'a duplication'))

    build_simple_dup = build_rule_dup

    def build_rule_list(self, node: Any) -> ast.PatternList:
        """`[p q]`."""
        return ast.PatternList(self.span(node), self.build_all(parts(node)))

    def _two(self, node: Any, what: str) -> tuple[Any, ...]:
        elements = self.build_all(parts(node))
        if len(elements) < 2:
            raise self.fail(f'{what} has at least two elements.', self.span(node))
        return elements

    # ---- terms ---------------------------------------------------------------------------------

    def build_bound_name(self, node: Any) -> ast.Var:
        """A name as a term."""
        return self.build_variable(node)

    def build_paren(self, node: Any) -> ast.Expr:
        """`(op a b)`, `(f a b)`, `(a, b)` or `(a)`."""
        inner = parts(node)
        span = self.span(node)
        if inner[0].expr.name == 'operator':
            operator = cast(ast.Operator, self.text(inner[0]))
            return ast.BinaryOperation(span, operator, self.build(inner[1]), self.build(inner[2]))
        first: ast.Expr = self.build(inner[0])
        if len(inner) == 1:
            return first
        tail = parts(inner[1])[0]
        rest = self.build_all(parts(tail))
        if tail.expr.name == 'tuple_tail':
            return ast.TupleLiteral(span, (first, *rest))
        if isinstance(first, ast.Eraser) and self.tokens[node.start + 1].type == '*':
            raise self.fail("Expected a term, found ')'.", Span(self.source, span.end - 1, span.end),
                            "'(* a b)' multiplies; to apply an eraser, write '((*) a)'.")
        return ast.Call(span, first, rest)

    def build_fun_lambda(self, node: Any) -> ast.Lambda:
        """`λp t`."""
        pattern, body = parts(node)
        return ast.Lambda(self.span(node), (self.build(pattern),), self.build(body))

    def build_fun_list(self, node: Any) -> ast.ListLiteral:
        """`[a b]`."""
        return ast.ListLiteral(self.span(node), self.build_all(parts(node)))

    def build_fun_sup(self, node: Any) -> ast.Superposition:
        """`{a b}`."""
        return ast.Superposition(self.span(node), self._two(node, 'a superposition'))

    def build_fun_tree(self, node: Any) -> ast.TreeNode:
        """`![a b]`."""
        left, right = parts(node)
        return ast.TreeNode(self.span(node), self.build(left), self.build(right))

    def build_fun_leaf(self, node: Any) -> ast.TreeLeaf:
        """`!a`."""
        return ast.TreeLeaf(self.span(node), self.build(parts(node)[0]))

    def build_let(self, node: Any) -> ast.Let:
        """`let p = v; t`."""
        pattern, value, body = parts(node)
        return ast.Let(self.span(node), self.build(pattern), self.build(value), self.build(body))

    def build_ask(self, node: Any) -> ast.Ask:
        """`ask p = v; t`."""
        pattern, value, body = parts(node)
        return ast.Ask(self.span(node), self.build(pattern), self.build(value), self.build(body))

    def build_use(self, node: Any) -> ast.Use:
        """`use x = v; t`."""
        name, value, body = parts(node)
        return ast.Use(self.span(node), self.text(name), self.build(value), self.build(body))

    def build_open(self, node: Any) -> ast.Open:
        """`open T x; t`."""
        type_name, name, body = parts(node)
        return ast.Open(self.span(node), self.text(type_name), self.text(name), self.build(body))

    def build_local_def(self, node: Any) -> ast.LocalDef:
        """`def` and the equations of one name, then a term."""
        rules, body = parts(node)
        items = merge([self.build(child) for child in rules.children])
        function = items[0]
        if not isinstance(function, ast.FunDef) or not function.rules:
            raise self.fail('This local signature has no equation.', self.span(rules),
                            'Its equations must follow it directly.')
        return ast.LocalDef(self.span(node), function, self.build(body))

    def build_if(self, node: Any) -> ast.If:
        """`if c { a } elif d { b } else { e }`."""
        condition, then, *elifs, otherwise = parts(node)
        end = self.span(node)
        rest: ast.Expr = self.build(otherwise)
        for part in reversed(elifs):
            inner_condition, inner_then = parts(part)
            rest = ast.If(self.span(part).to(end), self.build(inner_condition), self.build(inner_then), rest)
        return ast.If(end, self.build(condition), self.build(then), rest)

    def build_match(self, node: Any) -> ast.Match:
        """`match x { ... }`."""
        scrutinee, with_, arms = self._matching(node)
        return ast.Match(self.span(node), scrutinee, with_, self.build_all(arms))

    def build_fold(self, node: Any) -> ast.Fold:
        """`fold x { ... }`."""
        scrutinee, with_, arms = self._matching(node)
        return ast.Fold(self.span(node), scrutinee, with_, self.build_all(arms))

    def build_switch(self, node: Any) -> ast.Switch:
        """`switch x { 0: ...; _: ... }`."""
        scrutinee, with_, arms = self._matching(node)
        return ast.Switch(self.span(node), scrutinee, with_, self.switch_arms(arms))

    def _matching(self, node: Any) -> tuple[ast.Binding, tuple[ast.Binding, ...], list[Any]]:
        scrutinee, *rest = parts(node)
        with_: tuple[ast.Binding, ...] = ()
        if rest[0].expr.name == 'fun_with':
            with_ = tuple(self.with_binding(part) for part in parts(rest.pop(0)))
        return self.binding(scrutinee), with_, rest

    def build_arm(self, node: Any) -> ast.Arm:
        """`C: t` or `*: t`."""
        label, body = parts(node)
        text = self.text(label)
        return ast.Arm(self.span(node), None if text == '*' else text, self.build(body))

    def build_bend(self, node: Any) -> ast.Bend:
        """`bend x = e { when c: step else: base }`."""
        *states, condition, step, base = parts(node)
        return ast.Bend(self.span(node), tuple(self.with_binding(state) for state in states), self.build(condition),
                        self.build(step), self.build(base))

    def build_with(self, node: Any) -> ast.With:
        """`with T { t }`."""
        name, body = parts(node)
        return ast.With(self.span(node), self.text(name), self.build(body))


def merge(items: list[Any]) -> list[Any]:
    """Puts adjacent equations of one name together, a signature with those that follow it."""
    merged: list[Any] = []
    for item in items:
        last = merged[-1] if merged else None
        # A signature, or a `checked` or `unchecked` in front, starts a new definition.
        if (isinstance(item, ast.FunDef) and isinstance(last, ast.FunDef) and item.name == last.name
                and item.type is None and item.checked is None):
            merged[-1] = ast.FunDef(last.span.to(item.span), last.name, last.rules + item.rules, last.type,
                                    last.checked)
        else:
            merged.append(item)
    return merged
