"""What newcomers mean when tokens do not parse, and how it is written: one small rule for each habit that other
languages leave."""

from __future__ import annotations

from collections.abc import Callable

from bend.records import dataclass
from bend.source import Source
from bend.syntax.lexer import Token

_LAYOUT = frozenset(('NEWLINE', 'INDENT', 'DEDENT', 'END'))
_OPENERS = frozenset(('(', '[', '{', '!['))
_CLOSERS = frozenset((')', ']', '}'))
_NO_STATEMENTS = {
    'while': "There are no loops: use recursion, or 'bend' for a loop with a state.",
    'for': "There are no loops: use 'fold' or recursion, or a comprehension such as '[f(x) for x in list]'.",
    'import': 'Imports stand outside of functions, in the first column.',
    'from': 'Imports stand outside of functions, in the first column.',
    'pass': "A function always gives a value: write 'return VALUE' ('return *' for nothing).",
    'del': 'Variables need not be deleted.',
    'class': "There are no classes: define data with 'type' or 'object', and functions with 'def'.",
    'type': 'Types stand outside of functions, in the first column.',
    'object': 'Types stand outside of functions, in the first column.',
    'let': "In a 'def' function write 'x = VALUE'.",
    'ask': "In a 'with' block of a 'def' function write 'x <- VALUE'.",
    'var': "Write 'x = VALUE'.", 'const': "Write 'x = VALUE'.",
    'print': 'Printing is an action: \'with IO:\', and in it \'* <- IO/print("text")\'.',
    'break': 'There are no loops.', 'continue': 'There are no loops.',
    'raise': "There are no exceptions: return a 'Result' or 'Maybe'.",
    'try': "There are no exceptions: return a 'Result' or 'Maybe'.",
    'assert': "Compare with 'if', and return what should happen otherwise.",
}
_MISPLACED = {
    'elif': "'elif' belongs to an 'if' that stands at the same indentation, right before it.",
    'else': "'else' belongs to an 'if' that stands at the same indentation, right before it.",
    'case': "'case' belongs to a 'match', 'switch' or 'fold', and is indented more deeply.",
    'when': "'when' belongs to a 'bend', and is indented more deeply.",
}
_NO_PARAMETERS = frozenset(('(', '[', '{', '*', 'NUMBER', 'STRING', 'CHAR', 'SYMBOL', 'UNSCOPED', 'OP'))
_NO_OPERATORS = {
    'and': "There is no 'and'. For truth values that are 0 or 1, '&' does the same.",
    'or': "There is no 'or'. For truth values that are 0 or 1, '|' does the same.",
    'not': "There is no 'not': write 'x == 0'.",
    'is': "Write '==' to compare.",
    'in': "There is no operator 'in'.",
    'if': "'if' is a statement: put the values into its branches, each with 'return' or the same assignment.",
}


@dataclass(frozen=True, slots=True)
class Stuck:
    """Where a parse of the tokens from `start` on got stuck, and the token types that could have stood there."""

    source: Source
    tokens: list[Token]
    start: int
    position: int
    expected: frozenset[str]

    @property
    def token(self) -> Token:
        """The token that does not fit."""
        return self.tokens[self.position]

    @property
    def before(self) -> Token | None:
        """The token before it."""
        return self.tokens[self.position - 1] if self.position > self.start else None

    @property
    def after(self) -> Token | None:
        """The token after it."""
        return self.tokens[self.position + 1] if self.position + 1 < len(self.tokens) else None

    @property
    def is_imp(self) -> bool:
        """Whether the item is a `def` function."""
        return self.tokens[self.start].type == 'def'

    @property
    def line(self) -> list[Token]:
        """The tokens of the line, in imp of the statement, up to the one that does not fit."""
        first = self.position
        while first > self.start and self.tokens[first - 1].type not in _LAYOUT:
            first -= 1
        return self.tokens[first:self.position]

    @property
    def opener(self) -> Token | None:
        """The innermost bracket that is open here."""
        open_brackets: list[Token] = []
        for token in self.tokens[self.start:self.position]:
            if token.type in _OPENERS:
                open_brackets.append(token)
            elif token.type in _CLOSERS and open_brackets:
                open_brackets.pop()
        return open_brackets[-1] if open_brackets else None

    @property
    def expects_term(self) -> bool:
        """Whether a term could stand here."""
        return {'NAME', 'NUMBER', 'STRING', '['} <= self.expected

    @property
    def ends_term(self) -> bool:
        """Whether a term has just ended."""
        return self.before is not None and self.before.type in ('NAME', 'NUMBER', 'STRING', 'CHAR', 'SYMBOL', *_CLOSERS)


def hint(stuck: Stuck) -> str:
    """How to mend it, as far as it can be guessed."""
    return next((text for rule in _RULES if (text := rule(stuck))), '')


def _statement(stuck: Stuck) -> str:
    """Something that is no statement where one begins."""
    if not stuck.is_imp:
        return ''
    if stuck.token.type in _MISPLACED and 'return' in stuck.expected:
        return _MISPLACED[stuck.token.type]
    if not {'=', '<-'} <= stuck.expected or not stuck.line:
        if 'return' in stuck.expected and stuck.token.type not in _LAYOUT:
            return "An assignment begins with names: 'x = ...', '(a, b) = ...' or '{a, b} = ...'."
        return ''
    first, token, after = stuck.line[0], stuck.token, stuck.after
    if len(stuck.line) == 1 and first.text in _NO_STATEMENTS and token.type not in ('=', ',', '['):
        return _NO_STATEMENTS[first.text]
    if token.type == 'OP' and after is not None and after.type == '=':
        return f"There is no '{token.text}=': write '{first.text} = {first.text} {token.text} ...'."
    if token.type == 'OP' and after is not None and after.text == token.text:
        return f"Write '{first.text} {token.text}= 1'."
    if token.type == ':':
        return 'A variable has no annotation; only parameters, results and fields have types.'
    if stuck.start + 1 < stuck.position and stuck.tokens[stuck.position - 2].type == ':' and token.type == 'NEWLINE':
        return "The type of the result stands before the ':', as in 'def f() -> u24:'."
    if token.type == '(' and _is_assigned(stuck):
        return "Only names, tuples and '{a, b}' can be assigned to; take constructors apart with 'match' or 'open'."
    return ("An expression alone is no statement: bind its value ('x = ...', in a 'with' block 'x <- ...'), "
            "or 'return' it.")


def _is_assigned(stuck: Stuck) -> bool:
    """Whether a `=` stands behind the brackets that begin here."""
    depth = 0
    for token in stuck.tokens[stuck.position:]:
        depth += (token.type in _OPENERS) - (token.type in _CLOSERS)
        if depth == 0:
            break
    rest = stuck.tokens[stuck.tokens.index(token) + 1:]
    return bool(rest) and rest[0].type == '='


def _keyword_missing(stuck: Stuck) -> str:
    """A part of a statement that must not be left out."""
    token, before = stuck.token, stuck.before
    if token.text == 'if' and before is not None and before.type == 'else':
        return "Write 'elif'."
    if {'elif', 'else'} <= stuck.expected and 'NAME' not in stuck.expected:
        return "Every 'if' needs an 'else'."
    if 'else' in stuck.expected and token.type == ';':
        return "There is no ';' between the parts of a 'bend'."
    if stuck.expected & {'else', 'when'} and len(stuck.expected) == 1:
        return "A 'bend' has two branches: first 'when CONDITION:', then 'else:'."
    if 'INDENT' in stuck.expected:
        return "The lines after a ':' must be indented more deeply than the line that it ends."
    if token.type == 'INDENT':
        return "Only the lines after a ':' are indented more deeply."
    if token.type in _LAYOUT and before is not None and before.type == 'return':
        return "'return' needs a value."
    if token.type == 'NEWLINE' and ':' in stuck.expected and stuck.opener is None and stuck.is_imp:
        return "The line needs a ':' at its end."
    return ''


def _equals(stuck: Stuck) -> str:
    """A single `=` where something else was meant."""
    if stuck.token.type != '=' or '=' in stuck.expected:
        return ''
    after, words = stuck.after, {token.type for token in stuck.line}
    if after is not None and after.text == '>' and '->' in stuck.expected:
        return "Write '->'."
    if stuck.is_imp and words & {'if', 'elif', 'when', 'return'} and stuck.opener is None:
        return "Write '==' to compare."
    if stuck.opener is not None and stuck.opener.type == '{':
        return "An entry of a map is written 'KEY: VALUE'."
    if stuck.is_imp and 'def' in words and stuck.opener is not None:
        return 'Parameters have no default values.'
    return ''


def _operators(stuck: Stuck) -> str:
    """Operators of other languages, and of the other notation."""
    token, before = stuck.token, stuck.before
    if token.text in _NO_OPERATORS and stuck.ends_term:
        return _NO_OPERATORS[token.text]
    if before is not None and before.text == 'not' and stuck.is_imp:
        return _NO_OPERATORS['not']
    if token.type == 'OP' and before is not None and before.type == 'OP' and before.end == token.start:
        both = before.text + token.text
        return {'//': "'/' divides whole numbers without a rest.", '<>': "Write '!='."}.get(both, '')
    if token.type == 'OP' and stuck.expects_term and stuck.is_imp:
        if before is not None and before.type == '(':
            return "In a 'def' function operators stand between their operands: '(1 + 2)'."
        if token.text == '-':
            return "There is no unary minus: write '0 - x', or a signed number such as '-1'."
    if token.type == 'OP' and not stuck.is_imp and (stuck.ends_term or token.start == stuck.tokens[stuck.start].start):
        if before is None and token.text == '/':
            return "Comments begin with '#'."
        return "In this notation the operator comes first, in parentheses: '(+ 1 2)'."
    if before is not None and before.type == '*' and stuck.is_imp and token.type not in _LAYOUT:
        return "'*' where a value begins stands for nothing at all (an eraser)."
    if token.text == '.' and before is not None and before.type == 'NUMBER':
        return "A number with a point has digits on both sides: '1.0'."
    if before is not None and before.type == ';' and stuck.is_imp:
        return 'Write each statement on a line of its own.'
    return ''


def _brackets(stuck: Stuck) -> str:
    """Brackets that do not fit."""
    token, opener = stuck.token, stuck.opener
    if token.type in _CLOSERS and opener is None:
        return 'No bracket is open here.'
    if token.type == ')' and stuck.before is not None and stuck.before.type == ',' and stuck.expects_term:
        return 'A tuple ends without a comma.'
    return ''


def _lambdas(stuck: Stuck) -> str:
    """Parameters of lambdas."""
    before = stuck.before
    if before is not None and before.type == 'LAMBDA' and stuck.is_imp:
        return "The parameters of a lambda are names: 'lambda x, y: x + y'."
    return ''


def _definitions(stuck: Stuck) -> str:
    """Heads of functions and types."""
    token, before, first = stuck.token, stuck.before, stuck.tokens[stuck.start]
    head = [other.type for other in stuck.tokens[stuck.start:stuck.position]]
    if first.type == 'def' and ')' in stuck.expected and 'NAME' in stuck.expected and token.type in _NO_PARAMETERS:
        return "The parameters of a 'def' are names; take values apart in the body."
    if first.type == 'type' and 'NEWLINE' in head and token.type == '(':
        return "Fields stand in braces: 'Circle { radius }'."
    if token.type == '|' and before is not None and before.type == '=':
        return "No '|' stands before the first constructor."
    if first.type == 'type' and token.type == '{' and ':' not in head:
        return "A type with its fields in braces is written 'type NAME:', with a constructor on each line."
    if first.text == 'class':
        return _NO_STATEMENTS['class']
    if first.type == 'NAME' and first.text in ('return', 'if', 'for', 'while', 'match', 'switch', 'with'):
        return "Statements stand in functions, indented: 'def main():' and so on."
    if first.type in ('NAME', '(') and '=' not in head and token.type != '=' and stuck.opener in (None, before):
        return "A definition is written 'NAME PARAMETERS = VALUE', or with 'def'."
    return ''


def _matches(stuck: Stuck) -> str:
    """Cases, and the braces of the other notation."""
    token, before = stuck.token, stuck.before
    first = stuck.line[0].text if stuck.line else ''
    if 'case' in stuck.expected and token.type not in _LAYOUT:
        return "In a 'match', 'switch' or 'fold' stand only cases: 'case NAME:' and so on."
    if first == 'case':
        if token.type == '(':
            return "A case names a constructor only; in it the fields of 'x' are called 'x.FIELD'."
        if token.type == ',':
            return 'Write a case for each constructor.'
        if token.type == 'NUMBER' and before is not None and before.text == 'case':
            return "Use 'switch' for numbers."
        if before is not None and before.text == 'case':
            return "A case is a constructor (in a 'switch', a number) or '_'; compare other values with 'if'."
    if {'with', '{'} <= stuck.expected and not stuck.is_imp and stuck.ends_term:
        return "In this notation cases stand in braces: 'match x { List/Nil: 0; List/Cons: 1 }'."
    if token.type == ':' and '{' in stuck.expected and not stuck.is_imp and stuck.ends_term:
        return "In this notation branches stand in braces: 'if c { a } else { b }'."
    return ''


def _patterns(stuck: Stuck) -> str:
    """Patterns of equations and lambdas."""
    if stuck.is_imp or stuck.token.type not in ('NUMBER', 'SYMBOL', '[', 'STRING', 'CHAR'):
        return ''
    if 'STRING' in stuck.expected and stuck.token.type == 'SYMBOL':
        return 'Patterns are names, numbers, characters, strings, lists, tuples and constructors.'
    if 'UNSCOPED' in stuck.expected and 'NUMBER' not in stuck.expected:
        return "This pattern cannot fail to match: a name, a tuple or '{a b}'. Use 'match' or 'switch' for others."
    return ''


_RULES: tuple[Callable[[Stuck], str], ...] = (
    _matches, _keyword_missing, _statement, _equals, _operators, _brackets, _lambdas, _patterns, _definitions)
