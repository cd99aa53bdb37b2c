"""Parse trees of the Python-like notation to AST (spec 01 sections 3 and 4)."""

from __future__ import annotations

from typing import Any, cast

from bend.source import Span
from bend.syntax import ast, type_ast
from bend.syntax.common import Builder, parts

_PRECEDENCE = {
    '|': 0, '^': 1, '&': 2, '==': 3, '!=': 3, '<': 4, '>': 4, '<=': 4, '>=': 4, '<<': 5, '>>': 5,
    '+': 6, '-': 6, '*': 7, '/': 7, '%': 7, '**': 8,
}


class ImpBuilder(Builder):
    """Builds imp items."""

    # ---- items ---------------------------------------------------------------------------------

    def build_imp_def(self, node: Any) -> ast.ImpDef:
        """`def`, at the top or in a function."""
        by_name = {part.expr.name: part for part in parts(node)}
        parameters = by_name.get('parameters')
        result = by_name.get('result')
        checked = by_name.get('checked')
        return ast.ImpDef(
            self.span(node), self.text(by_name['name']),
            self.build_all(parts(parameters)) if parameters else (),
            self.build(result) if result else None,
            self.build(by_name['block']),
            self.checked(checked) if checked else None)

    def build_parameter(self, node: Any) -> ast.Parameter:
        """`x` or `x: A`."""
        name, *annotation = parts(node)
        return ast.Parameter(self.span(node), self.text(name), self.build(annotation[0]) if annotation else None)

    def build_type_item(self, node: Any) -> ast.TypeDef:
        """`type T(A):` and its variants."""
        name, *rest = parts(node)
        variables = self._variables(rest)
        constructors = []
        for line in rest:
            if line.expr.name == 'variant_line':
                variant, *fields = parts(line)
                full = f'{self.text(name)}/{self.text(variant)}'
                constructors.append(ast.Constructor(self.span(line), full, self._fields(full, fields)))
        return ast.TypeDef(self.span(node), self.text(name), variables, tuple(constructors))

    def build_object_item(self, node: Any) -> ast.TypeDef:
        """`object T(A) { fields }`: a type with one constructor of its own name."""
        name, *rest = parts(node)
        owner = self.text(name)
        fields = [part for part in rest if part.expr.name == 'fields_decl']
        constructor = ast.Constructor(self.span(node), owner, self._fields(owner, fields))
        return ast.TypeDef(self.span(node), owner, self._variables(rest), (constructor,))

    def _variables(self, nodes: list[Any]) -> tuple[str, ...]:
        return tuple(self.text(name) for node in nodes if node.expr.name == 'variables' for name in parts(node))

    def _fields(self, owner: str, nodes: list[Any]) -> tuple[ast.Field, ...]:
        return self.fields(owner, self.build_all(parts(nodes[0]))) if nodes else ()

    def build_field_decl(self, node: Any) -> ast.Field:
        """`x`, `~x` or `x: A`."""
        by_name = {part.expr.name: part for part in parts(node)}
        annotation = by_name.get('annotation')
        return ast.Field(self.span(node), self.text(by_name['name']),
                         self.build(annotation) if annotation else None, 'recursive' in by_name)

    # ---- types ---------------------------------------------------------------------------------

    def build_type(self, node: Any) -> type_ast.Type:
        """An atom or an arrow."""
        first, *rest = parts(node)
        argument: type_ast.Type = self.build(first)
        return type_ast.TypeArrow(self.span(node), argument, self.build(rest[0])) if rest else argument

    def build_type_application(self, node: Any) -> type_ast.Type:
        """`T` or `T(A, B)`."""
        name, *arguments = parts(node)
        if not arguments or not parts(arguments[0]):
            return type_ast.TypeName(self.span(node), self.text(name))
        return type_ast.TypeApplication(self.span(node), self.text(name), self.build_all(parts(arguments[0])))

    def build_type_parens(self, node: Any) -> type_ast.Type:
        """`(A)` or `(A, B)`."""
        elements = self.build_all(parts(node))
        if len(elements) == 1:
            return cast(type_ast.Type, elements[0])
        return type_ast.TypeTuple(self.span(node), elements)

    # ---- statements ----------------------------------------------------------------------------

    def build_block(self, node: Any) -> ast.Block:
        """Statements on lines of their own, or one on the line of the header."""
        inner = parts(node)[0]
        return self.build_all(parts(inner))

    def build_imp_def_statement(self, node: Any) -> ast.LocalDefStmt:
        """A `def` among statements."""
        return ast.LocalDefStmt(self.span(node), self.build_imp_def(node))

    def build_statement(self, node: Any) -> ast.Stmt:
        """One statement."""
        inner = parts(node)[0]
        if inner.expr.name == 'imp_def':
            return self.build_imp_def_statement(inner)
        return cast(ast.Stmt, self.build(inner))

    def build_return_stmt(self, node: Any) -> ast.ReturnStmt:
        """`return e`."""
        return ast.ReturnStmt(self.span(node), self.build(parts(node)[0]))

    def build_assign_stmt(self, node: Any) -> ast.AssignStmt | ast.AskStmt:
        """`p = e` or `p <- e`."""
        pattern, sign, value, _ = parts(node)
        kind = ast.AskStmt if self.text(sign) == '<-' else ast.AssignStmt
        return kind(self.span(node), self.build(pattern), self.build(value))

    def build_map_set_stmt(self, node: Any) -> ast.MapSetStmt:
        """`m[k] = e`."""
        name, key, value, _ = parts(node)
        return ast.MapSetStmt(self.span(node), self.text(name), self.build(key), self.build(value))

    def build_in_place_stmt(self, node: Any) -> ast.InPlaceStmt:
        """`x += e` or `m[k] += e`."""
        name, *key, sign, value, _ = parts(node)
        operator = cast(ast.Operator, self.text(sign)[:-1])
        return ast.InPlaceStmt(self.span(node), self.text(name), self.build(key[0]) if key else None, operator,
                               self.build(value))

    def build_use_stmt(self, node: Any) -> ast.UseStmt:
        """`use x = e`."""
        name, value, _ = parts(node)
        return ast.UseStmt(self.span(node), self.text(name), self.build(value))

    def build_open_stmt(self, node: Any) -> ast.OpenStmt:
        """`open T: x`."""
        type_name, name, _ = parts(node)
        return ast.OpenStmt(self.span(node), self.text(type_name), self.text(name))

    def build_if_stmt(self, node: Any) -> ast.IfStmt:
        """`if`, any number of `elif`, `else`."""
        condition, then, *elifs, otherwise = parts(node)
        end = self.span(node)
        block: ast.Block = self.build(otherwise)
        for part in reversed(elifs):
            inner_condition, inner_then = parts(part)
            span = self.span(part).to(end)
            block = (ast.IfStmt(span, self.build(inner_condition), self.build(inner_then), block),)
        return ast.IfStmt(end, self.build(condition), self.build(then), block)

    def build_match_stmt(self, node: Any) -> ast.MatchStmt:
        """`match`."""
        scrutinee, with_, cases = self._matching(node)
        return ast.MatchStmt(self.span(node), scrutinee, with_, self.build_all(cases))

    def build_fold_stmt(self, node: Any) -> ast.FoldStmt:
        """`fold`."""
        scrutinee, with_, cases = self._matching(node)
        return ast.FoldStmt(self.span(node), scrutinee, with_, self.build_all(cases))

    def build_switch_stmt(self, node: Any) -> ast.SwitchStmt:
        """`switch`."""
        scrutinee, with_, cases = self._matching(node)
        return ast.SwitchStmt(self.span(node), scrutinee, with_, self.switch_arms(cases))

    def _matching(self, node: Any) -> tuple[ast.Binding, tuple[ast.Binding, ...], list[Any]]:
        scrutinee, *rest = parts(node)
        with_: tuple[ast.Binding, ...] = ()
        if rest[0].expr.name == 'with_clause':
            with_ = tuple(self.with_binding(part) for part in parts(rest.pop(0)))
        return self.binding(scrutinee), with_, rest

    def build_case(self, node: Any) -> ast.Case:
        """A case of `match` or `fold`."""
        name, body = parts(node)
        return ast.Case(self.span(node), self.text(name), self.build(body))

    def build_bend_stmt(self, node: Any) -> ast.BendStmt:
        """`bend`."""
        *states, when, otherwise = parts(node)
        condition, step = parts(when)
        return ast.BendStmt(self.span(node), tuple(self.binding(state) for state in states), self.build(condition),
                            self.build(step), self.build(otherwise))

    def build_with_stmt(self, node: Any) -> ast.WithStmt:
        """`with T:`."""
        name, body = parts(node)
        return ast.WithStmt(self.span(node), self.text(name), self.build(body))

    # ---- patterns ------------------------------------------------------------------------------

    def build_pattern_tuple(self, node: Any) -> ast.Pattern:
        """`p` or `p, q`."""
        elements = self.build_all(parts(node))
        if len(elements) == 1:
            return cast(ast.Pattern, elements[0])
        return ast.PatternTuple(self.span(node), elements)

    def build_pattern_parens(self, node: Any) -> ast.Pattern:
        """`(p, q)`; the span of a tuple includes its parentheses."""
        inner = self.build(parts(node)[0])
        if isinstance(inner, ast.PatternTuple) and self.tokens[node.start + 1].start == inner.span.start:
            return ast.PatternTuple(self.span(node), inner.elements)
        return cast(ast.Pattern, inner)

    def build_pattern_var(self, node: Any) -> ast.PatternVar:
        """A name or `*`."""
        text = self.text(node)
        return ast.PatternVar(self.span(node), None if text == '*' else text)

    def build_pattern_unscoped(self, node: Any) -> ast.PatternUnscoped:
        """`$x`."""
        return ast.PatternUnscoped(self.span(node), self.text(node)[1:])

    def build_pattern_dup(self, node: Any) -> ast.PatternDup:
        """`{p, q}`."""
        return ast.PatternDup(self.span(node), self.build_all(parts(node)))

    # ---- expressions ---------------------------------------------------------------------------

    def build_value(self, node: Any) -> ast.Expr:
        """`e`, or `e, f`, a tuple."""
        elements = self.build_all(parts(node))
        if len(elements) == 1:
            return cast(ast.Expr, elements[0])
        return ast.TupleLiteral(self.span(node), elements)

    def build_parens(self, node: Any) -> ast.Expr:
        """`(e)` or `(e, f)`."""
        return self.build_value(node)

    def build_expr(self, node: Any) -> ast.Expr:
        """A chain of binary operations, all of them left associative."""
        first, *rest = parts(node)
        # Each operand with its place, which includes the parentheses around it.
        operands: list[tuple[ast.Expr, Span]] = [(self.build(first), self.span(first))]
        operators: list[str] = []

        def reduce() -> None:
            right, right_span = operands.pop()
            left, left_span = operands.pop()
            span = left_span.to(right_span)
            operator = cast(ast.Operator, operators.pop())
            operands.append((ast.BinaryOperation(span, operator, left, right), span))

        for sign, operand in zip(rest[::2], rest[1::2], strict=True):
            operator = self.text(sign)
            while operators and _PRECEDENCE[operators[-1]] >= _PRECEDENCE[operator]:
                reduce()
            operators.append(operator)
            operands.append((self.build(operand), self.span(operand)))
        while operators:
            reduce()
        return operands[0][0]

    def build_operand(self, node: Any) -> ast.Expr:
        """A primary and what is applied to it."""
        primary, *postfixes = parts(node)
        result: ast.Expr = self.build(primary)
        for postfix in postfixes:
            inner = parts(postfix)[0]
            span = self.span(primary).to(self.span(inner))
            match inner.expr.name:
                case 'call':
                    result = self._call(span, result, inner)
                case 'index':
                    if not isinstance(result, ast.Var):
                        raise self.fail("Expected the name of a map before '['.", result.span,
                                        'Assign the map to a variable first.')
                    result = ast.MapGet(span, result.name, self.build(parts(inner)[0]))
                case _:
                    if not isinstance(result, ast.Var):
                        raise self.fail("Expected the name of a constructor before '{'.", result.span,
                                        "Fields in braces build a value: 'Point { x: 1, y: 2 }'.")
                    result = ast.ConstructorLiteral(span, result.name, self._named(parts(inner)))
        return result

    def _call(self, span: Span, function: ast.Expr, node: Any) -> ast.Call:
        positional: list[ast.Expr] = []
        named: list[Any] = []
        for argument in parts(node):
            inner = parts(argument)[0]
            if inner.expr.name == 'named':
                named.append(inner)
            elif named:
                raise self.fail('A positional argument cannot stand after a named one.', self.span(inner),
                                'Put the positional arguments first.')
            else:
                positional.append(self.build(inner))
        return ast.Call(span, function, tuple(positional), self._named(named))

    def _named(self, nodes: list[Any]) -> tuple[tuple[str, ast.Expr], ...]:
        pairs = [parts(node) for node in nodes]
        return tuple((self.text(name), self.build(value)) for name, value in pairs)

    def build_list(self, node: Any) -> ast.ListLiteral:
        """`[a, b]`."""
        return ast.ListLiteral(self.span(node), self.build_all(parts(node)))

    def build_comprehension(self, node: Any) -> ast.Comprehension:
        """`[e for x in xs if c]`."""
        element, name, iterable, *condition = parts(node)
        return ast.Comprehension(self.span(node), self.build(element), self.text(name), self.build(iterable),
                                 self.build(condition[0]) if condition else None)

    def build_map(self, node: Any) -> ast.MapLiteral:
        """`{k: v}`."""
        entries = [parts(entry) for entry in parts(node)]
        return ast.MapLiteral(self.span(node), tuple((self.build(key), self.build(value)) for key, value in entries))

    def build_superposition(self, node: Any) -> ast.Superposition:
        """`{a, b}`."""
        return ast.Superposition(self.span(node), self.build_all(parts(node)))

    def build_tree(self, node: Any) -> ast.TreeNode:
        """`![a, b]`."""
        left, right = parts(node)
        return ast.TreeNode(self.span(node), self.build(left), self.build(right))

    def build_leaf(self, node: Any) -> ast.TreeLeaf:
        """`!a`."""
        return ast.TreeLeaf(self.span(node), self.build(parts(node)[0]))

    def build_lambda(self, node: Any) -> ast.Lambda:
        """`lambda x, y: e`."""
        *parameters, body = parts(node)
        return ast.Lambda(self.span(node), self.build_all(parameters), self.build(body))

    def build_lambda_parameter(self, node: Any) -> ast.Pattern:
        """`x` or `$x`."""
        text = self.text(node)
        if text.startswith('$'):
            return ast.PatternUnscoped(self.span(node), text[1:])
        return ast.PatternVar(self.span(node), text)
