"""The entry points of the front end: text to `Module`, or to one term."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from parsimonious.exceptions import ParseError

from bend.diagnostics import BendError, Diagnostic
from bend.source import Source, Span
from bend.syntax import ast, grammar, layout
from bend.syntax.common import Builder, parts
from bend.syntax.errors import explain
from bend.syntax.fun import FunBuilder, merge
from bend.syntax.imp import ImpBuilder
from bend.syntax.lexer import Token, Tokens, starts_line


def parse_module(source: Source) -> ast.Module:
    """Parses a file of imp and fun items. Raises `BendError` with one diagnostic for each item that is wrong."""
    items: list[ast.Item] = []
    errors: list[Diagnostic] = []
    for run in layout.split(source):
        try:
            items.extend(_fun_items(source, run, errors) if run.kind == 'fun' else _imp_item(source, run))
        except BendError as failure:
            errors.extend(failure.diagnostics)
    if errors:
        raise BendError(errors)
    return ast.Module(source, tuple(items))


def parse_term(source: Source) -> ast.Expr:
    """Parses a text that is one fun term, such as an argument of `main`. Raises `BendError`."""
    run = layout.term(source)
    if run.errors:
        raise BendError(run.errors)
    node = _match('term', run.tokens, 0)
    if node is not None and run.tokens[node.end].type == 'END':
        term: ast.Expr = FunBuilder(source, run.tokens).build(node)
        return term
    raise BendError(explain(source, run.tokens, 'term', 0)[1])


def _match(rule: str, tokens: list[Token], position: int) -> Any:
    """The parse tree of a rule at a position, or None."""
    return grammar.load()[rule].match_core(tokens, position, defaultdict(dict), ParseError(tokens))


def _imp_item(source: Source, run: Tokens) -> list[ast.Item]:
    """The item of a run of tokens with layout (an import can stand for several)."""
    if run.errors:
        raise BendError(run.errors)
    rule = f'{run.kind}_item'
    node = _match(rule, run.tokens, 0)
    if node is None:
        raise BendError(explain(source, run.tokens, rule, 0)[1])
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
        raise builder.fail('expected a net', builder.span(node), 'write the net on the lines after the `:`')
    span = Span(source, run.tokens[0].start, line_end + 1 + len(net_text))
    return ast.HvmDef(span, builder.text(name), builder.build(result[0]) if result else None, net_text)


def _fun_items(source: Source, run: Tokens, errors: list[Diagnostic]) -> list[ast.Item]:
    """The items of a run of fun code; what is wrong goes to `errors`, and parsing goes on at the next line that
    starts in the first column."""
    tokens = run.tokens
    errors.extend(run.errors)
    bad = [diagnostic.labels[0].span.start for diagnostic in run.errors]
    builder = FunBuilder(source, tokens)
    items: list[Any] = []
    position = 0
    while tokens[position].type != 'END':
        node = _match('fun_item', tokens, position)
        if node is not None:
            stop = node.end
            try:
                items.append(builder.build(node))
            except BendError as failure:
                errors.extend(failure.diagnostics)
        else:
            stuck, diagnostic = explain(source, tokens, 'fun_item', position)
            stop = _next_item(source, tokens, max(stuck, position + 1))
            first = tokens[position].start
            last = run.end if tokens[stop].type == 'END' else tokens[stop].start
            if not any(first <= place <= last for place in bad):
                errors.append(diagnostic)
        position = stop
    return _without_bare_signatures(builder, merge(items))


def _next_item(source: Source, tokens: list[Token], position: int) -> int:
    """The first token at or after a position that starts a line in the first column."""
    while tokens[position].type != 'END' and not (
            tokens[position].type in ('NAME', '(', 'checked', 'unchecked')
            and starts_line(source.text, tokens[position].start)):
        position += 1
    return position


def _without_bare_signatures(builder: Builder, items: list[ast.Item]) -> list[ast.Item]:
    for item in items:
        if isinstance(item, ast.FunDef) and not item.rules:
            raise builder.fail(f'the signature of `{item.name}` has no equation', item.span,
                               'its equations must follow it directly')
    return items
