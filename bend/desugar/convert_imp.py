"""From imp statements to core terms (spec 02 §2, L3c; 01 §4.2, §4.3).

A block is a chain: a statement owns the statements after it. A branching statement whose branches all end in the same
assignment is the value of that assignment, and the statements after it see its variables.
"""

from __future__ import annotations

from bend.desugar import core, names
from bend.desugar.convert_terms import Reads, TermConverter
from bend.desugar.scope import Scope
from bend.desugar.terms import app, pattern_vars
from bend.diagnostics import Diagnostic, Label
from bend.records import dataclass, replace
from bend.source import Span
from bend.syntax import ast, type_ast


@dataclass(frozen=True, slots=True)
class Ending:
    """How a block ends that does not return: with an assignment (or `<-`), whose value is the block's value.

    `span` is the place of that assignment. `broken` tells that an error about the end of the block is known already.
    """

    pattern: core.Pattern
    is_ask: bool
    span: Span
    broken: bool = False


# A converted block: its value, and None as its ending if it returns.
Block = tuple[core.Term, Ending | None]
Branching = ast.IfStmt | ast.MatchStmt | ast.FoldStmt | ast.SwitchStmt | ast.BendStmt | ast.WithStmt


class ImpConverter(TermConverter):
    """Converts imp functions."""

    def function(self, function: ast.ImpDef, scope: Scope) -> core.Def:
        """An imp function as a definition of one rule, without its type."""
        patterns = tuple(self.pattern(ast.PatternVar(p.span, p.name)) for p in function.parameters)
        parameters = tuple(p.name for p in function.parameters)
        body, ending = self.block(function.body, 0, scope.bind(pattern_vars(core.PTup(patterns))))
        if ending is not None and not ending.broken:
            self.error('missing-return', f"The function '{function.name}' does not end with 'return'.", ending.span,
                       "End each path of the function with 'return VALUE'.")
        rule = core.Rule(patterns, body, span=function.span)
        return core.Def(function.name, (rule,), parameters=parameters, span=function.span)

    def block(self, block: ast.Block, at: int, scope: Scope) -> Block:
        """Converts the statements of a block from index `at` on."""
        statement = block[at]
        reads: Reads = []
        match statement:
            case ast.ReturnStmt():
                if at + 1 < len(block):
                    self.not_last(block[at + 1].span)
                term: core.Term = self.expr(statement.value, scope, reads)
                ending = None
            case ast.AssignStmt() | ast.AskStmt():
                term, ending = self.assignment(statement, block, at, scope, reads)
            case (ast.IfStmt() | ast.MatchStmt() | ast.FoldStmt() | ast.SwitchStmt() | ast.BendStmt()
                  | ast.WithStmt()):
                term, ending = self.branching(statement, block, at, scope, reads)
            case _:
                if at + 1 == len(block):
                    self.error('missing-return', f'A block cannot end with {_words(statement)}.', statement.span,
                               "End it with 'return VALUE'. A branch may also end with an assignment, such as 'x = "
                               "VALUE',\nif all the others end with the same.")
                    return core.Era(span=statement.span), _broken(statement.span)
                term, ending = self.continued(statement, block, at, scope, reads)
        return self.bind_reads(reads, term), ending

    def not_last(self, span: Span) -> None:
        """Reports a statement that is never reached."""
        self.error('statement-after-return', "This statement comes after a 'return' and can never be reached.", span,
                   'Remove it, or let the branches before it end with an assignment.')

    def assignment(self, statement: ast.AssignStmt | ast.AskStmt, block: ast.Block, at: int, scope: Scope,
                   reads: Reads) -> Block:
        """`p = e` or `p <- e`, followed by the rest of the block, or ending it."""
        pattern, value = self.binder(statement.pattern), self.expr(statement.value, scope, reads)
        ending = Ending(pattern, isinstance(statement, ast.AskStmt), statement.span)
        return self.bind_rest(ending, value, block, at, scope)

    def bind_rest(self, ending: Ending, value: core.Term, block: ast.Block, at: int, scope: Scope) -> Block:
        """Binds a value in the rest of a block; at the end of the block it is the block's own value and ending."""
        if at + 1 == len(block):
            return value, ending
        body, end = self.block(block, at + 1, scope.bind(pattern_vars(ending.pattern)))
        if ending.is_ask:
            return core.Ask(ending.pattern, value, body, span=ending.span), end
        return core.Let(ending.pattern, value, body, span=ending.span), end

    # ---- statements that others follow -------------------------------------------------------------

    def continued(self, statement: ast.Stmt, block: ast.Block, at: int, scope: Scope, reads: Reads) -> Block:
        """A statement that cannot end a block."""
        span = statement.span
        match statement:
            case ast.MapSetStmt():
                entry = self.exprs((statement.key, statement.value), scope, reads)
                value = app(self.builtin(names.MAP_SET, span), self.name(statement.map_name, scope, span), *entry)
                body, ending = self.block(block, at + 1, scope.bind((statement.map_name,)))
                return core.Let(core.PVar(statement.map_name, span=span), value, body, span=span), ending
            case ast.InPlaceStmt():
                value = self.in_place(statement, scope, reads)
                body, ending = self.block(block, at + 1, scope.bind((statement.name,)))
                return core.Let(core.PVar(statement.name, span=span), value, body, span=span), ending
            case ast.UseStmt():
                value = self.expr(statement.value, scope, reads)
                body, ending = self.block(block, at + 1, self.use_scope(statement.name, statement.value, scope))
                return core.Use(statement.name, value, body, span=span), ending
            case ast.OpenStmt():
                body, ending = self.block(block, at + 1, scope)
                return self.open(statement.type_name, statement.name, body, scope, span), ending
            case ast.LocalDefStmt():
                function = statement.function
                inside = scope.bind_function(function.name, tuple(p.name for p in function.parameters))
                definition = replace(self.function(function, inside), origin=self.definition)
                body, ending = self.block(block, at + 1, inside)
                return core.LocalDef(definition, body, span=span), ending
            case _:
                raise AssertionError(f'not a statement: {type(statement).__name__}')

    def in_place(self, statement: ast.InPlaceStmt, scope: Scope, reads: Reads) -> core.Term:
        """The new value of the variable (or map) of `x += e`, `x @= f`, `m[k] += e` or `m[k] @= f`."""
        span = statement.span
        variable = self.name(statement.name, scope, span)
        key = None if statement.key is None else self.expr(statement.key, scope, reads)
        operand = self.expr(statement.value, scope, reads)
        if key is None:
            if statement.operator == '@':
                return core.App(operand, variable, span=span)
            return core.Op(statement.operator, variable, operand, span=span)
        if statement.operator != '@':
            update = core.Op(statement.operator, core.Var(names.ENTRY, span=span), operand, span=span)
            operand = core.Lam(core.PVar(names.ENTRY, span=span), update, span=span)
        return app(self.builtin(names.MAP_MAP, span), variable, key, operand)

    # ---- branching statements ----------------------------------------------------------------------

    def branching(self, statement: Branching, block: ast.Block, at: int, scope: Scope, reads: Reads) -> Block:
        """A branching statement: either its branches return and it is last, or they end in the same assignment."""
        term, endings = self.branches(statement, scope, reads)
        if any(ending is not None and ending.broken for ending in endings):
            return term, _broken(statement.span)
        returns = [ending for ending in endings if ending is None]
        assigns = [ending for ending in endings if ending is not None]
        if not assigns:
            if at + 1 < len(block):
                self.not_last(block[at + 1].span)
            return term, None
        if returns:
            self.error('branch-endings', 'Some branches return, but this one ends with an assignment.',
                       assigns[0].span, "Let all branches end with 'return', or all with the same assignment.")
            return term, _broken(statement.span)
        first = assigns[0]
        mixes_freely = isinstance(statement, ast.IfStmt | ast.BendStmt)
        for other in assigns[1:]:
            if other.pattern != first.pattern or (other.is_ask != first.is_ask and not mixes_freely):
                labels = Label(other.span, 'this branch ends differently'), Label(first.span, 'from this one')
                self.context.report.add(Diagnostic(
                    'branch-endings', 'The branches end with different assignments.', labels,
                    "Let all branches assign to the same variables, all with '=' or all with '<-'.",
                    definition=self.definition))
                return term, _broken(statement.span)
        ending = Ending(first.pattern, all(other.is_ask for other in assigns), first.span)
        return self.bind_rest(ending, term, block, at, scope)

    def branches(self, statement: Branching, scope: Scope,
                 reads: Reads) -> tuple[core.Term, list[Ending | None]]:
        """The construct that a branching statement stands for, and how its branches end."""
        span = statement.span
        match statement:
            case ast.IfStmt():
                condition = self.expr(statement.condition, scope, reads)
                then, then_end = self.block(statement.then, 0, scope)
                otherwise, otherwise_end = self.block(statement.otherwise, 0, scope)
                return core.Switch(condition, (otherwise, then), None, span=span), [then_end, otherwise_end]
            case ast.MatchStmt() | ast.FoldStmt():
                return self.match_branches(statement, scope, reads)
            case ast.SwitchStmt():
                header = self.header(statement.scrutinee, statement.with_, scope, reads)
                inside = self.switch_scope(header, len(statement.cases), scope)
                cases = [self.block(case, 0, inside) for case in statement.cases]
                return self.switch_term(header, tuple(body for body, _ in cases), span), [end for _, end in cases]
            case ast.BendStmt():
                states = self.states(statement.states, scope, reads)
                inside = scope.bind(name for name, _ in states if name is not None)
                condition = self.scoped(statement.condition, inside)
                step, step_end = self.block(statement.step, 0, inside.bind((names.FORK,)))
                base, base_end = self.block(statement.base, 0, inside)
                return core.Bend(states, condition, step, base, span=span), [step_end, base_end]
            case ast.WithStmt():
                body, end = self.block(statement.body, 0, scope.bind((names.WRAP,)))
                return core.With(self.monad(statement.type_name, scope), body, span=span), [end]

    def match_branches(self, statement: ast.MatchStmt | ast.FoldStmt, scope: Scope,
                       reads: Reads) -> tuple[core.Term, list[Ending | None]]:
        """A match or fold; `case _` catches everything without a name."""
        header = self.header(statement.scrutinee, statement.with_, scope, reads)
        arms: list[core.Arm] = []
        endings: list[Ending | None] = []
        for case in statement.cases:
            name = None if case.name == '_' else case.name
            body, end = self.block(case.body, 0, self.arm_scope(header, name, scope))
            arms.append(self.arm(name, body, scope, case.span))
            endings.append(end)
        return self.match_term(isinstance(statement, ast.FoldStmt), header, tuple(arms), statement.span), endings


def _broken(span: Span) -> Ending:
    return Ending(core.PVar(None), False, span, broken=True)


def _words(statement: ast.Stmt) -> str:
    """What a statement that ends no block is called."""
    match statement:
        case ast.MapSetStmt():
            return 'an assignment to an entry of a map'
        case ast.InPlaceStmt():
            return f"'{statement.operator}='"
        case ast.LocalDefStmt():
            return "a 'def'"
        case ast.UseStmt():
            return "a 'use'"
        case _:
            return "an 'open'"


def imp_type(function: ast.ImpDef) -> type_ast.Type | None:
    """The written type of an imp function: parameters as arrows, `Any` where one is missing, None without any."""
    if function.result is None and all(parameter.type is None for parameter in function.parameters):
        return None
    result = function.result or type_ast.TypeName(function.span, 'Any')
    for parameter in reversed(function.parameters):
        argument = parameter.type or type_ast.TypeName(parameter.span, 'Any')
        result = type_ast.TypeArrow(function.span, argument, result)
    return result


