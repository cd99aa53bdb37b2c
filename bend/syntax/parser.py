"""The entry points of the front end: text to `Module`, or to one term."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from bend.diagnostics import BendError, Diagnostic, error
from bend.source import Source, Span
from bend.syntax import ast, grammar, layout
from bend.syntax.common import Builder, parts
from bend.syntax.errors import explain, unexpected
from bend.syntax.fun import FunBuilder, merge
from bend.syntax.imp import ImpBuilder
from bend.syntax.lexer import Token, Tokens, starts_line


def parse_module(source: Source) -> ast.Module:
    """Parses a file of imp and fun items. Raises `BendError` with one diagnostic for each item that is wrong."""
    items: list[ast.Item] = []
    errors: list[Diagnostic] = []
    has_no_body = False
    for run in layout.split(source):
        found = _parse_run(source, run, items)
        if has_no_body and run.tokens[0].text in _STATEMENTS:
            # The body of the function before it, in the wrong column.
            found = found[1:]
        errors.extend(found)
        has_no_body = [token.type for token in run.tokens[-3:]] == [':', 'NEWLINE', 'END']
    if errors:
        raise BendError(errors)
    return ast.Module(source, tuple(items))


_STATEMENTS = frozenset(('return', 'if', 'match', 'switch', 'fold', 'bend', 'with', 'open', 'use'))


def _parse_run(source: Source, run: Tokens, items: list[ast.Item]) -> list[Diagnostic]:
    """Adds the items of a run of tokens to `items`; gives the first error of each item that is wrong."""
    errors: list[Diagnostic] = []
    try:
        items.extend(_fun_items(source, run, errors) if run.kind == 'fun' else _imp_item(source, run))
    except BendError as failure:
        errors.extend(failure.diagnostics)
        if run.kind != 'fun' and run.resume is not None:
            for inner in layout.split(source, run.resume, run.end):
                errors.extend(_parse_run(source, inner, items))
    return errors


def _place(diagnostic: Diagnostic) -> int:
    return diagnostic.labels[0].span.start


def _earlier(unreadable: list[Diagnostic], diagnostic: Diagnostic, tokens: list[Token], stuck: int) -> Diagnostic:
    """The first thing that is wrong: what could not be read, or the failure of the parse at a token. What could not
    be read is missing among the tokens, so it comes first where it stands right before that token."""
    while stuck < len(tokens) and not tokens[stuck].text:
        stuck += 1
    if unreadable and (stuck == len(tokens) or _place(unreadable[0]) < tokens[stuck].start):
        return unreadable[0]
    return diagnostic


def parse_term(source: Source) -> ast.Expr:
    """Parses a text that is one fun term, such as an argument of `main`. Raises `BendError`."""
    run = layout.term(source)
    if run.errors:
        raise BendError(run.errors)
    node = _match('term', run.tokens, 0)
    if node is None:
        raise BendError(explain(source, run.tokens, 'term', 0)[1])
    if run.tokens[node.end].type != 'END':
        raise BendError(unexpected(source, run.tokens, node.end, 'the end of the argument'))
    term: ast.Expr = FunBuilder(source, run.tokens).build(node)
    return term


def _match(rule: str, tokens: list[Token], position: int) -> Any:
    """The parse tree of a rule at a position, or None."""
    return grammar.load()[rule].match_core(tokens, position, defaultdict(dict), None)


def _imp_item(source: Source, run: Tokens) -> list[ast.Item]:
    """The item of a run of tokens with layout (an import can stand for several)."""
    rule = f'{run.kind}_item'
    node = _match(rule, run.tokens, 0)
    errors = sorted(run.errors, key=_place)
    if node is None:
        stuck, diagnostic = explain(source, run.tokens, rule, 0)
        raise BendError(_earlier(errors, diagnostic, run.tokens, stuck))
    if errors:
        raise BendError(errors[0])
    builder = ImpBuilder(source, run.tokens)
    if run.kind == 'hvm':
        return [_hvm(builder, node, run)]
    built = builder.build(node)
    return built if isinstance(built, list) else [built]


def _hvm(builder: Builder, node: Any, run: Tokens) -> ast.HvmDef:
    """An `hvm` item; its net is the rest of the run's text, raw. The span ends where the net ends."""
    source = builder.source
    name, *result = parts(node)
    line_end = source.text.find('\n', run.tokens[-1].end)
    net_text = source.text[line_end + 1:run.end] if line_end >= 0 else ''
    lines = net_text.rstrip().split('\n')
    while lines and (not lines[-1].strip() or lines[-1].lstrip().startswith('#')):
        lines.pop()
    net_text = '\n'.join(lines)
    if not net_text:
        raise builder.fail("Expected a net.", builder.span(node), "Write the net on the lines after the ':'.")
    span = Span(source, run.tokens[0].start, line_end + 1 + len(net_text))
    return ast.HvmDef(span, builder.text(name), builder.build(result[0]) if result else None, net_text)


def _fun_items(source: Source, run: Tokens, errors: list[Diagnostic]) -> list[ast.Item]:
    """The items of a run of fun code; the first thing that is wrong with each goes to `errors`."""
    tokens = run.tokens
    unreadable = sorted(run.errors, key=_place)
    builder = FunBuilder(source, tokens)
    items: list[Any] = []
    position = 0
    while tokens[position].type != 'END':
        node = _match('fun_item', tokens, position)
        problem: Diagnostic | None = None
        stuck = len(tokens)
        if node is not None:
            stop = node.end
            try:
                items.append(builder.build(node))
            except BendError as failure:
                problem = failure.diagnostics[0]
        elif (missing := _without_value(source, tokens, position)) is not None:
            stop, problem = missing
        else:
            stuck, problem = explain(source, tokens, 'fun_item', position)
            stop = _next_item(source, tokens, position, stuck)
        end = run.end if tokens[stop].type == 'END' else tokens[stop].start
        here = [diagnostic for diagnostic in unreadable if _place(diagnostic) < end]
        del unreadable[:len(here)]
        if problem is not None:
            errors.append(_earlier(here, problem, tokens, stuck))
        else:
            errors.extend(here[:1])
        position = stop
    errors.extend(unreadable[:1])
    return _without_bare_signatures(builder, merge(items))


def _without_value(source: Source, tokens: list[Token], position: int) -> tuple[int, Diagnostic] | None:
    """Where an item begins with `=`, the definition before it has taken its name for a value: the index of that name
    and the diagnostic."""
    if tokens[position].type != '=' or position < 2:
        return None
    name, before = tokens[position - 1], tokens[position - 2]
    if not starts_line(source.text, name.start):
        return None
    return position - 1, error('syntax', f"Expected a term after '{before.text}', found the next definition.",
                               Span(source, before.start, before.end))


def _next_item(source: Source, tokens: list[Token], start: int, stuck: int) -> int:
    """The first token after the item at `start`, which got stuck at `stuck`, that starts a line in the first
    column. Stuck at the `=` of an equation, the equation itself is next."""
    position = max(stuck, start + 1)
    if tokens[stuck].type == '=':
        heads = [index for index in range(start + 1, stuck) if starts_line(source.text, tokens[index].start)]
        position = heads[-1] if heads else position
    while tokens[position].type != 'END' and not (
            tokens[position].type in ('NAME', '(', 'checked', 'unchecked')
            and starts_line(source.text, tokens[position].start)):
        position += 1
    return position


def _without_bare_signatures(builder: Builder, items: list[ast.Item]) -> list[ast.Item]:
    for item in items:
        if isinstance(item, ast.FunDef) and not item.rules:
            raise builder.fail(f"The signature of '{item.name}' has no equation.", item.span,
                               'Its equations must follow it directly.')
    return items
