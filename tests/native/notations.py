"""Random terms in the functional notation, and random expressions and statements in the imperative one."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tests.native.terms import (
    COUNT,
    I24,
    U24,
    Arrow,
    Callee,
    Data,
    Number,
    Production,
    Scope,
    Terms,
    Tuple,
    Type,
    Variant,
    imp_type,
)

OPERATOR_LEVELS = {operator: level for level, operators in enumerate(
    ('|', '^', '&', '== !=', '< > <= >=', '<< >>', '+ -', '* / %', '**')) for operator in operators.split()}


class Fun(Terms):
    """The functional notation, where everything is a term."""

    def application(self, head: str, arguments: Sequence[str]) -> str:
        """`(f a b)`."""
        return f'({" ".join([head, *arguments])})' if arguments else head

    def operation(self, operator: str, left: str, right: str) -> str:
        """`(+ a b)`."""
        return f'({operator} {left} {right})'

    def superposition(self, left: str, right: str) -> str:
        """`{a b}`."""
        return f'{{{left} {right}}}'

    def function(self, type_: Arrow, scope: Scope, size: int) -> str:
        """`λx body`."""
        binder, bound = self.binder(type_.parameter)
        return f'{self.choices.pick("λλ@")}{binder} {self.term(type_.result, scope.bind(bound), size)}'

    def binder(self, type_: Type) -> tuple[str, dict[str, Type]]:
        """A pattern without constructors, and what it binds."""
        choices = self.choices
        if isinstance(type_, Tuple) and choices.chance(60):
            parts = [self.binder(element) for element in type_.elements]
            names = [name for _, bound in parts for name in bound]
            if len(set(names)) == len(names):
                return f'({", ".join(text for text, _ in parts)})', {name: t for _, bound in parts
                                                                     for name, t in bound.items()}
        if choices.chance(8):
            return '*', {}
        if choices.chance(8):
            names = [choices.name(False), choices.name(False)]
            return f'{{{" ".join(names)}}}', dict.fromkeys(names, type_)
        name = choices.name()
        return name, {name: type_}

    def productions(self, type_: Type, scope: Scope) -> list[tuple[int, Production]]:
        """What imp says by statements."""
        options: list[tuple[int, Production]] = [
            (5, self.let), (1, self.use), (2, self.conditional), (3, self.switch), (5, self.match), (3, self.fold),
            (2, self.bend), (1, self.local)]
        if self.records(scope):
            options.append((5, self.open))
        if isinstance(type_, Data) and type_.name == 'Opt':
            options.append((6, self.monadic))
        return options

    def let(self, type_: Type, scope: Scope, size: int) -> str:
        """`let p = a; b`."""
        value_type = self.choices.type()
        value = self.term(value_type, scope, size // 2)
        binder, bound = self.binder(value_type)
        return f'let {binder} = {value}{self.choices.pick(";; ")} {self.term(type_, scope.bind(bound), size // 2)}'

    def use(self, type_: Type, scope: Scope, size: int) -> str:
        """`use x = a; b`."""
        value_type, name = self.choices.type(1), self.choices.name()
        value = self.term(value_type, scope, size // 3)
        return f'use {name} = {value}; {self.term(type_, scope.bind({name: value_type}), size // 2)}'

    def conditional(self, type_: Type, scope: Scope, size: int) -> str:
        """`if a { b } else { c }`."""
        arms = [(self.term(U24, scope, size // 4), self.term(type_, scope, size // 3))
                for _ in range(self.choices.weighted([(4, 1), (1, 2)]))]
        text = ' elif '.join(f'{condition} {{ {arm} }}' for condition, arm in arms)
        return f'if {text} else {{ {self.term(type_, scope, size // 3)} }}'

    def arms(self, type_: Type, arms: list[tuple[str, Scope]], size: int) -> str:
        """`{ A: a; B: b }`."""
        texts = [f'{name}: {self.term(type_, inner, size // len(arms))}' for name, inner in arms]
        return f'{{ {"; ".join(texts)}; }}'

    def switch(self, type_: Type, scope: Scope, size: int) -> str:
        """`switch x { 0: a; _: b }`."""
        header, arms = self.switch_arms(scope, size // 4)
        return f'switch {header} {self.arms(type_, arms, size)}'

    def match(self, type_: Type, scope: Scope, size: int) -> str:
        """`match x { A: a; B: b }`."""
        header, arms = self.match_arms(scope, size // 4)
        return f'match {header} {self.arms(type_, arms, size)}'

    def fold(self, type_: Type, scope: Scope, size: int) -> str:
        """`fold x { A: a; B: b }`."""
        header, arms = self.fold_arms(type_, scope, size // 3)
        return f'fold {header} {self.arms(type_, arms, size)}'

    def bend(self, type_: Type, scope: Scope, size: int) -> str:
        """`bend x = 0 { when c: a else: b }`."""
        header, counter, bound, inner, base = self.bend_parts(type_, scope, size // 4, '(+ {} 1)')
        return (f'bend {header} {{ when (< {counter} {bound}): {self.term(type_, inner, size // 2)}'
                f' else: {self.term(type_, base, size // 3)} }}')

    def local(self, type_: Type, scope: Scope, size: int) -> str:
        """`def f a = b c`."""
        name = self.choices.name(False)
        counted = self.choices.chance(60)
        parameters = (*([COUNT] if counted else []), self.choices.type(1))
        callee = Callee(name, parameters, self.choices.type(1))
        rules = self.counted(callee, scope, size // 2) if counted else [self.plain(callee, scope, size // 2)]
        return f'def {" ".join(rules)} {self.term(type_, scope.add(callee), size // 2)}'

    def open(self, type_: Type, scope: Scope, size: int) -> str:
        """`open T x; a`."""
        record, name, inner = self.opened(scope)
        return f'open {record} {name}; {self.term(type_, inner, size)}'

    def monadic(self, type_: Type, scope: Scope, size: int) -> str:
        """`with Opt { ask x = a; (wrap b) }`."""
        assert isinstance(type_, Data)
        name, bound_type = self.choices.name(), self.choices.type(1)
        value = self.term(Data('Opt', (bound_type,)), scope, size // 2)
        inner = scope.bind({name: bound_type})
        inner = inner.add(Callee('wrap', type_.arguments, type_)) if self.choices.chance(70) else inner
        return f'with Opt {{ ask {name} = {value}; {self.term(type_, inner, size // 2)} }}'

    # ---- definitions ----

    def head(self, name: str, patterns: Sequence[str]) -> str:
        """The left side of an equation."""
        text = ' '.join([name, *patterns])
        return f'({text})' if self.choices.chance(40) else text

    def plain(self, callee: Callee, scope: Scope, size: int) -> str:
        """A function of one equation."""
        binders = [self.pattern_variable(type_) for type_ in callee.parameters]
        inner = scope
        for _, bound in binders:
            inner = inner.bind(bound)
        return f'{self.head(callee.name, [text for text, _ in binders])} = {self.term(callee.result, inner, size)}'

    def pattern_variable(self, type_: Type) -> tuple[str, dict[str, Type]]:
        """A pattern of an equation that always fits."""
        if isinstance(type_, Tuple) and self.choices.chance(40):
            parts = [self.pattern_variable(element) for element in type_.elements]
            return f'({", ".join(text for text, _ in parts)})', {name: t for _, bound in parts
                                                                 for name, t in bound.items()}
        name = self.choices.name(False)
        return ('*', {}) if self.choices.chance(8) else (name, {name: type_})

    def counted(self, callee: Callee, scope: Scope, size: int) -> list[str]:
        """Equations that recurse on a number, the first parameter."""
        numbers = self.choices.weighted([(3, 1), (1, 2)])
        rules = []
        for number in range(numbers + 1):
            binders = [self.pattern_variable(type_) for type_ in callee.parameters[1:]]
            inner = scope
            for _, bound in binders:
                inner = inner.bind(bound)
            pattern = str(number)
            if number == numbers:
                pattern = self.choices.name(False)
                inner = inner.bind({pattern: COUNT}).add(self.recursion(callee, f'(- {pattern} 1)'))
            head = self.head(callee.name, [pattern, *(text for text, _ in binders)])
            rules.append(f'{head} = {self.term(callee.result, inner, size // (numbers + 1))}')
        return rules

    def recursion(self, callee: Callee, argument: str) -> Callee:
        """The function itself on something smaller."""
        return Callee(callee.name, callee.parameters[1:], callee.result, (argument,))

    def structural(self, callee: Callee, scope: Scope, size: int) -> list[str]:
        """Equations that recurse on a value, the first parameter, one or more for each constructor."""
        choices = self.choices
        folded = callee.parameters[0]
        assert isinstance(folded, Data)
        rules = []
        variants = choices.variants(folded)
        for variant in variants:
            for deep in range(choices.weighted([(3, 1), (1, 2)]) - 1, -1, -1):
                binders = [self.pattern_variable(type_) for type_ in callee.parameters[1:]]
                inner = scope
                fields = []
                recursive = []
                for field in variant.fields:
                    text, bound = (self.pattern(field.type, 2) if deep and not field.recursive
                                   else self.pattern_variable(field.type))
                    fields.append(text)
                    inner = inner.bind(bound)
                    recursive += [text] if field.recursive and text in bound else []
                for _, bound in binders:
                    inner = inner.bind(bound)
                inner = inner.add(*(self.recursion(callee, text) for text in recursive))
                constructor = f'({" ".join([variant.name, *fields])})' if fields else variant.name
                head = self.head(callee.name, [constructor, *(text for text, _ in binders)])
                rules.append(f'{head} = {self.term(callee.result, inner, size // len(variants))}')
        return rules

    def pattern(self, type_: Type, depth: int) -> tuple[str, dict[str, Type]]:
        """A pattern that may not fit, and what it binds."""
        choices = self.choices
        if depth == 0 or choices.chance(30):
            return self.pattern_variable(type_)
        match type_:
            case Number('u24'):
                return str(choices.random.randrange(4)), {}
            case Tuple(elements):
                return self.patterns('(', elements, depth, ', ', ')')
            case Data('List', (element,)) if choices.chance(40):
                return self.patterns('[', [element] * choices.random.randrange(3), depth, ', ', ']')
            case Data('String') if choices.chance(40):
                return choices.pick(['"ab"', '""', '"x"']), {}
            case Data():
                variant = choices.pick(choices.variants(type_))
                if not variant.fields:
                    return variant.name, {}
                return self.patterns(f'({variant.name} ', [field.type for field in variant.fields], depth, ' ', ')')
        return self.pattern_variable(type_)

    def patterns(self, start: str, types: Sequence[Type], depth: int, separator: str,
                 end: str) -> tuple[str, dict[str, Type]]:
        """Several patterns in brackets."""
        parts = [self.pattern(type_, depth - 1) for type_ in types]
        return (start + separator.join(text for text, _ in parts) + end,
                {name: type_ for _, bound in parts for name, type_ in bound.items()})

    def equations(self, callee: Callee, scope: Scope, size: int) -> list[str]:
        """Equations with nested patterns, and one for everything else."""
        rows = self.choices.random.randrange(1, 4)
        rules = []
        for row in range(rows + 1):
            parts = [self.pattern(type_, 2) if row < rows else self.pattern_variable(type_)
                     for type_ in callee.parameters]
            inner = scope
            for _, bound in parts:
                inner = inner.bind(bound)
            head = self.head(callee.name, [text for text, _ in parts])
            rules.append(f'{head} = {self.term(callee.result, inner, size // (rows + 1))}')
        return rules


class Infix(str):
    """An operation of imp without parentheses; `level` is its operator's."""

    __slots__ = ('level',)
    level: int


class Imp(Terms):
    """The imperative notation: expressions inside statements. Blocks are lists of lines."""

    def application(self, head: str, arguments: Sequence[str]) -> str:
        """`f(a, b)`."""
        return f'{head}({", ".join(arguments)})' if arguments else head

    def call_of(self, callee: Callee, arguments: list[str]) -> str:
        """A call, perhaps with some arguments by name."""
        choices = self.choices
        if len(arguments) == len(callee.names) > 0 and choices.chance(20):
            choices.has_names = True
            first = choices.random.randrange(len(arguments))
            named = [f'{name} = {argument}' for name, argument in zip(callee.names, arguments, strict=True)][first:]
            if choices.chance(50):
                named.reverse()
            return f'{callee.name}({", ".join([*arguments[:first], *named])})'
        return super().call_of(callee, arguments)

    def construct(self, variant: Variant, scope: Scope, size: int) -> str:
        """A constructor, perhaps with its fields by name."""
        if variant.fields and self.choices.chance(15):
            fields = [f'{field.name}: {self.term(field.type, scope, size // len(variant.fields))}'
                      for field in variant.fields]
            return f'{variant.name} {{ {", ".join(fields)} }}'
        return super().construct(variant, scope, size)

    def operation(self, operator: str, left: str, right: str) -> str:
        """`a + b`."""
        level = OPERATOR_LEVELS[operator]
        text = Infix(f'{self.operand(left, level)} {operator} {self.operand(right, level + 1)}')
        text.level = level
        return text

    def operand(self, text: str, level: int) -> str:
        """An operand, in parentheses if it needs them."""
        is_open = text.level < level if isinstance(text, Infix) else text.startswith(('lambda', 'λ', '!'))
        return f'({text})' if is_open or self.choices.chance(5) else text

    def superposition(self, left: str, right: str) -> str:
        """`{a, b}`."""
        return f'{{{left}, {right}}}'

    def function(self, type_: Arrow, scope: Scope, size: int) -> str:
        """`lambda x, y: body`."""
        names = [self.choices.name()]
        inner = scope.bind({names[0]: type_.parameter})
        result = type_.result
        while isinstance(result, Arrow) and self.choices.chance(60):
            names.append(self.choices.name())
            inner = inner.bind({names[-1]: result.parameter})
            result = result.result
        return f'{self.choices.pick(["lambda ", "lambda ", "λ"])}{", ".join(names)}: {self.term(result, inner, size)}'

    def productions(self, type_: Type, scope: Scope) -> list[tuple[int, Production]]:
        """Comprehensions."""
        return [(3, self.comprehension)] if isinstance(type_, Data) and type_.name == 'List' else []

    def comprehension(self, type_: Type, scope: Scope, size: int) -> str:
        """`[a for x in b if c]`."""
        assert isinstance(type_, Data)
        name, other = self.choices.name(), self.choices.type(1)
        values = self.term(Data('List', (other,)), scope, size // 3)
        inner = scope.bind({name: other})
        condition = f' if {self.term(U24, inner, size // 3)}' if self.choices.chance(40) else ''
        return f'[{self.term(type_.arguments[0], inner, size // 3)} for {name} in {values}{condition}]'

    # ---- statements ----

    def block(self, type_: Type, scope: Scope, size: int, ending: str = 'return ') -> list[str]:
        """The lines of a block that returns a value of the type, or assigns it."""
        choices = self.choices
        if size <= 2:
            return [ending + self.term(type_, scope, size)]
        simple = [(2, self.finish), (6, self.assignment), (1, self.use), (2, self.in_place), (2, self.map_use),
                  (1, self.local), (3, self.assigned)]
        if self.records(scope):
            simple.append((5, self.open))
        if ending == 'return ':
            simple += [(8, self.branching)]
            if isinstance(type_, Data) and type_.name == 'Opt':
                simple.append((6, self.monadic))
        return choices.weighted(simple)(type_, scope, size - 1, ending)

    def finish(self, type_: Type, scope: Scope, size: int, ending: str) -> list[str]:
        """The last statement."""
        return [ending + self.term(type_, scope, size) + self.choices.pick(['', '', '', ';'])]

    def target(self, type_: Type) -> tuple[str, dict[str, Type]]:
        """What is assigned to."""
        choices = self.choices
        if isinstance(type_, Tuple) and choices.chance(65):
            names = [choices.name(False) for _ in type_.elements]
            text = ', '.join(names)
            return f'({text})' if choices.chance(40) else text, dict(zip(names, type_.elements, strict=True))
        if choices.chance(6):
            names = [choices.name(False), choices.name(False)]
            return f'{{{", ".join(names)}}}', dict.fromkeys(names, type_)
        name = choices.name()
        return name, {name: type_}

    def assignment(self, type_: Type, scope: Scope, size: int, ending: str) -> list[str]:
        """`x = a`."""
        value_type = self.choices.type()
        value = self.term(value_type, scope, size // 2)
        target, bound = self.target(value_type)
        return [f'{target} = {value}', *self.block(type_, scope.bind(bound), size // 2, ending)]

    def use(self, type_: Type, scope: Scope, size: int, ending: str) -> list[str]:
        """`use x = a`."""
        value_type, name = self.choices.type(1), self.choices.name()
        value = self.term(value_type, scope, size // 3)
        return [f'use {name} = {value}', *self.block(type_, scope.bind({name: value_type}), size // 2, ending)]

    def open(self, type_: Type, scope: Scope, size: int, ending: str) -> list[str]:
        """`open T: x`."""
        record, name, inner = self.opened(scope)
        return [f'open {record}: {name}', *self.block(type_, inner, size, ending)]

    def in_place(self, type_: Type, scope: Scope, size: int, ending: str) -> list[str]:
        """`x += a`, `x @= f`."""
        choices = self.choices
        found = [(name, other) for name, other in scope.variables.items() if re.fullmatch(r'\w+', name)]
        if not found:
            return self.assignment(type_, scope, size, ending)
        name, changed = choices.pick(found)
        if isinstance(changed, Number) and not changed.counts and choices.chance(80):
            operator = choices.pick('+-*&|^' if changed.kind != 'f24' else '+-*/')
            line = f'{name} {operator}= {self.term(changed, scope, size // 3)}'
        else:
            line = f'{name} @= {self.term(Arrow(changed, changed), scope, size // 3)}'
        return [line, *self.block(type_, scope.bind({name: changed}), size // 2, ending)]

    def map_use(self, type_: Type, scope: Scope, size: int, ending: str) -> list[str]:
        """A map that is made, changed and read."""
        choices = self.choices
        value_type = choices.pick([U24, I24, choices.type(1)])
        keys = choices.random.sample(range(8), 2)
        first, second = self.terms([value_type, value_type], scope, size // 3)
        name, read = choices.name(False), choices.name(False)
        lines = [f'{name} = {{{keys[0]}: {first}, {keys[1]}: {second}}}']
        if isinstance(value_type, Number) and choices.chance(50):
            lines.append(f'{name}[{keys[0]}] += {self.term(value_type, scope, size // 4)}')
        elif choices.chance(50):
            lines.append(f'{name}[{choices.random.randrange(8)}] = {self.term(value_type, scope, size // 4)}')
        key = choices.pick(keys)
        lines.append(f'{read} = {name}[{key}]')
        return [*lines, *self.block(type_, scope.bind({read: value_type}), size // 2, ending)]

    def local(self, type_: Type, scope: Scope, size: int, ending: str) -> list[str]:
        """`def f(x):`."""
        counted = self.choices.chance(60)
        parameters = (*([COUNT] if counted else []), self.choices.type(1))
        callee = Callee(self.choices.name(False), parameters, self.choices.type(1))
        kind = self.counted if counted else self.plain
        return [*kind(callee, scope, size // 2), *self.block(type_, scope.add(callee), size // 2, ending)]

    def assigned(self, type_: Type, scope: Scope, size: int, ending: str) -> list[str]:
        """A branching statement whose arms assign."""
        value_type, name = self.choices.type(1), self.choices.name()
        lines = self.branches(value_type, scope, size // 2, f'{name} = ')
        return [*lines, *self.block(type_, scope.bind({name: value_type}), size // 2, ending)]

    def branching(self, type_: Type, scope: Scope, size: int, ending: str) -> list[str]:
        """A branching statement that is the last."""
        return self.branches(type_, scope, size, ending)

    def branches(self, type_: Type, scope: Scope, size: int, ending: str) -> list[str]:
        """`if`, `switch`, `match`, `fold` or `bend`."""
        choices = self.choices
        kind = choices.weighted([(3, 'if'), (3, 'switch'), (4, 'match'), (3, 'fold'), (2, 'bend')])
        if kind == 'if':
            lines = []
            for word in ('if', 'elif') if choices.chance(25) else ('if',):
                lines += [f'{word} {self.term(U24, scope, size // 4)}:',
                          *indented(self.block(type_, scope, size // 3, ending))]
            return [*lines, 'else:', *indented(self.block(type_, scope, size // 3, ending))]
        if kind == 'bend':
            header, counter, bound, inner, base = self.bend_parts(type_, scope, size // 4, '{} + 1')
            return [f'bend {header}:', f'  when {counter} < {bound}:',
                    *indented(self.block(type_, inner, size // 2, ending), 2),
                    '  else:', *indented(self.block(type_, base, size // 3, ending), 2)]
        if kind == 'fold':
            header, arms = self.fold_arms(type_, scope, size // 3)
        else:
            header, arms = (self.switch_arms if kind == 'switch' else self.match_arms)(scope, size // 4)
        return [f'{kind} {header}:', *self.cases(type_, arms, size, ending)]

    def cases(self, type_: Type, arms: list[tuple[str, Scope]], size: int, ending: str) -> list[str]:
        """`case A:` and the like."""
        lines = []
        for name, inner in arms:
            lines += [f'  case {name}:', *indented(self.block(type_, inner, size // len(arms), ending), 2)]
        return lines

    def monadic(self, type_: Type, scope: Scope, size: int, ending: str) -> list[str]:
        """`with Opt:`."""
        assert isinstance(type_, Data)
        name, bound_type = self.choices.name(), self.choices.type(1)
        value = self.term(Data('Opt', (bound_type,)), scope, size // 2)
        inner = scope.bind({name: bound_type})
        inner = inner.add(Callee('wrap', type_.arguments, type_)) if self.choices.chance(70) else inner
        return ['with Opt:', f'  {name} <- {value}', *indented([ending + self.term(type_, inner, size // 2)])]

    # ---- definitions ----

    def plain(self, callee: Callee, scope: Scope, size: int) -> list[str]:
        """A function."""
        header, inner = self.parameters(callee, scope)
        return [header, *indented(self.block(callee.result, inner, size))]

    def parameters(self, callee: Callee, scope: Scope) -> tuple[str, Scope]:
        """The header of a function and the scope of its body."""
        names = callee.names or tuple(self.choices.name(False) for _ in callee.parameters)
        bound = dict(zip(names, callee.parameters, strict=True))
        if self.choices.annotates():
            texts = [f'{name}: {imp_type(type_)}' for name, type_ in bound.items()]
            return f'def {callee.name}({", ".join(texts)}) -> {imp_type(callee.result)}:', scope.bind(bound)
        return f'def {callee.name}({", ".join(names)}):', scope.bind(bound)

    def counted(self, callee: Callee, scope: Scope, size: int) -> list[str]:
        """A function that recurses on a number, its first parameter."""
        choices = self.choices
        header, inner = self.parameters(callee, scope)
        counter = next(name for name in inner.variables if name not in scope.variables)
        if choices.chance(50):
            again = Callee(callee.name, callee.parameters[1:], callee.result, (f'{counter} - 1',))
            return [header, f'  if {counter} == 0:', *indented(self.block(callee.result, inner, size // 3), 2),
                    '  else:', *indented(self.block(callee.result, inner.add(again), size // 2), 2)]
        again = Callee(callee.name, callee.parameters[1:], callee.result, (f'{counter}-1',))
        step = inner.bind({f'{counter}-1': COUNT}).add(again)
        return [header, f'  switch {counter}:', *self.cases_of(callee, [('0', inner), ('_', step)], size)]

    def cases_of(self, callee: Callee, arms: list[tuple[str, Scope]], size: int) -> list[str]:
        """The arms of a function's body."""
        return indented(self.cases(callee.result, arms, size, 'return '))

    def structural(self, callee: Callee, scope: Scope, size: int) -> list[str]:
        """A function that recurses on a value, its first parameter."""
        folded = callee.parameters[0]
        assert isinstance(folded, Data)
        header, inner = self.parameters(callee, scope)
        name = next(name for name in inner.variables if name not in scope.variables)
        arms = []
        for variant in self.choices.variants(folded):
            arm = inner.bind({f'{name}.{field.name}': field.type for field in variant.fields})
            arms.append((variant.name, arm.add(*(
                Callee(callee.name, callee.parameters[1:], callee.result, (f'{name}.{field.name}',))
                for field in variant.fields if field.recursive))))
        return [header, f'  match {name}:', *self.cases_of(callee, arms, size)]


def indented(lines: Sequence[str], levels: int = 1) -> list[str]:
    """Lines further to the right."""
    return ['  ' * levels + line for line in lines]
