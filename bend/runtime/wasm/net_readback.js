/* ---- Nets to terms ------------------------------------------------------------------------------ */

/* A term is read from a port: what a node means depends on the port through which it is entered. Entering a duplication
   at a copy notes which copy, and the note is used up by the next superposition that would have annihilated with it.
   Notes are lists, the last one first: { label, slot, rest }, or null.

   What is still to be done are steps: a port to read, or a term to make of those that were read last. */
const STEP_READ = 0, STEP_ARMS = 1, STEP_SUCCESSOR = 2, STEP_TERM = 3, STEP_MAKE = 4, STEP_CLOSE = 5;
const INVALID_SWITCH = 0, INVALID_OPERATION = 1, REACHED_ROOT = 2, OPEN_END = 3, NO_END = 4;

/* A net that reads as an endless term is given up after so many steps, and after some for each of its nodes. */
const NET_MOST_STEPS = 20000000, NET_STEPS_PER_NODE = 8;

const TYPE_U24 = 1, TYPE_F24 = 3, FIRST_OPERATOR = 4, OPERATOR_XOR = 18, OPERATOR_POWER = 23;
const NET_OPERATORS = {
    4: '+', 5: '-', 7: '*', 8: '/', 10: '%', 12: '==', 13: '!=', 14: '<', 15: '>', 16: '&', 17: '|', 18: '^', 19: '<<',
    21: '>>', 23: '**',
};
const NET_FLIPPED = { 5: 6, 6: 5, 8: 9, 9: 8, 10: 11, 11: 10, 14: 15, 15: 14, 19: 20, 20: 19, 21: 22, 22: 21 };
const typeOf = word => word & 31;
const flipped = code => NET_FLIPPED[code] ?? code;

class NetReading {
    constructor(run) {
        const { about } = run;
        this.run = run;
        this.constructors = about.constructors.map(([name, kind, arity]) => ({ name, kind, arity }));
        this.definitions = about.definitions.map(([name, constructor_, tagOf_, isFloated]) =>
            ({ name, own: constructor_, tagOf: tagOf_, isFloated }));
        this.mostFields = Math.max(0, ...this.constructors.map(({ arity }) => arity));
        this.terms = new Terms(this.constructors);
        this.steps = [];
        this.done = new Words();
        /* By definition: its term, and its net as it was compiled; and those that are being read. */
        this.expanded = new Map();
        this.writtenGraphs = new Map();
        this.inside = new Set();
        /* By the name that a predecessor has: what the variable is called. */
        this.boundNames = new Map();
        /* The kinds of problems in the order in which they came, and how often. */
        this.problems = new Map();
    }

    planRead(graph, port, copies) {
        this.steps.push({ kind: STEP_READ, graph, port, copies });
    }

    planMake(count, make) {
        this.steps.push({ kind: STEP_MAKE, count, make });
    }

    /* Plans a term of so many parts that are read after this. */
    planTerm(term, subject, count) {
        this.steps.push({ kind: STEP_TERM, term, subject, count });
    }

    finish(term) {
        this.done.push(term);
    }

    tell(problem) {
        this.problems.set(problem, (this.problems.get(problem) ?? 0) + 1);
    }

    finishInvalid(problem) {
        this.tell(problem);
        this.finish(this.terms.leaf(TERM_INVALID, 0));
    }

    /* The name of the variable bound at a port. */
    nameAt(graph, port) {
        graph.names[port] ||= this.terms.freshName();
        return graph.names[port];
    }

    /* The term of the result at a port of the heap. */
    term(root) {
        const graph = reducedGraph(this.run, root);
        const most = Math.max(graph.count * NET_STEPS_PER_NODE, NET_MOST_STEPS);
        this.planRead(graph, graph.partners[0], null);
        for (let taken = 0; this.steps.length > 0 && taken < most; taken++) {
            this.take(this.steps.pop());
        }
        if (this.steps.length > 0) {
            this.finishInvalid(NO_END);
        }
        return this.done.pop();
    }

    take(step) {
        switch (step.kind) {
            case STEP_READ: return this.readPort(step);
            case STEP_ARMS: return this.readArms(step);
            case STEP_SUCCESSOR: return this.readSuccessor(step);
            case STEP_CLOSE:
                this.inside.delete(step.definition);
                this.expanded.set(step.definition, this.done.items[this.done.count - 1]);
                return undefined;
            case STEP_TERM:
                return this.finish(this.terms.makeOfLast(step.term, step.subject, this.done, step.count));
            default:
                this.done.count -= step.count;
                return this.finish(step.make(
                    this.done.items.slice(this.done.count, this.done.count + step.count)));
        }
    }

    /* What hangs on a port. */
    readPort(step) {
        const { graph, port } = step;
        switch (graph.kindAt(port)) {
            case NET_CON: return this.readCon(step);
            case NET_DUP: return this.readDup(step);
            case NET_ERASER: return this.finish(this.terms.leaf(TERM_ERASER, 0));
            case NET_NUMBER: return this.readNumber(graph.numberAt(port));
            case NET_REFERENCE: return this.readReference(graph, graph.referenceAt(port));
            case NET_OPR: return this.readOperation(step);
            case NET_SWI:
                if (port % 3 !== 2) {
                    return this.finishInvalid(INVALID_SWITCH);
                }
                this.steps.push({ ...step, kind: STEP_ARMS });
                return this.planRead(graph, graph.partners[port - 2], step.copies);
            default:
                return this.finishInvalid(port < 3 ? REACHED_ROOT : OPEN_END);
        }
    }

    readNumber(word) {
        if (typeOf(word) >= TYPE_U24 && typeOf(word) <= TYPE_F24) {
            this.finish(this.terms.leaf(TERM_NUMBER, word));
        } else {
            this.finishInvalid(INVALID_OPERATION);
        }
    }

    /* ---- Functions, pairs, constructors ---- */

    /* A function, pair or constructor from above, an application from its result, a variable from its argument. */
    readCon({ graph, port, copies }) {
        const slot = port % 3, node = (port - slot) / 3;
        const first = graph.partners[node * 3 + 1], second = graph.partners[node * 3 + 2];
        if (slot === 1) {
            this.finish(this.terms.leaf(TERM_VARIABLE, this.nameAt(graph, port)));
        } else if (slot === 2) {
            this.planMake(2, parts => this.application(parts));
            this.planRead(graph, first, copies);
            this.planRead(graph, graph.partners[node * 3], copies);
        } else if (!graph.isFunction(node)) {
            this.planTerm(TERM_PAIR, 0, 2);
            this.planRead(graph, second, copies);
            this.planRead(graph, first, copies);
        } else if (graph.isDropped(node * 3 + 1)) {
            this.planMake(1, parts => this.functionOfNothing(parts[0]));
            this.planRead(graph, second, copies);
        } else {
            this.readFunction(graph, node, copies);
        }
    }

    readFunction(graph, node, copies) {
        const name = this.nameAt(graph, node * 3 + 1);
        const found = this.constructorAt(graph, node);
        if (found === null) {
            this.planTerm(TERM_FUNCTION, name, 1);
            this.planRead(graph, graph.partners[node * 3 + 2], copies);
            return;
        }
        this.planTerm(TERM_CONSTRUCTOR, found.number, found.fields.length);
        for (const field of found.fields.reverse()) {
            this.planRead(graph, field, copies);
        }
    }

    /* The constructor, with the ports of all of its fields, that a function is: `λk (k T/C/tag f1 ... fn)`, or null. */
    constructorAt(graph, node) {
        const fields = [];
        let number = -1;
        for (let port = graph.partners[node * 3 + 1]; port !== node * 3 + 2; port = graph.partners[port + 2]) {
            if (graph.kindAt(port) !== NET_CON || port % 3 !== 0) {
                return null;
            }
            const argument = graph.partners[port + 1];
            if (number >= 0) {
                fields.push(argument);
            } else {
                const tag = graph.referenceAt(argument);
                number = tag < 0 ? -1 : this.definitions[tag].tagOf;
                if (number < 0) {
                    return null;
                }
            }
            if (fields.length > this.constructors[number].arity) {
                return null;
            }
        }
        return number >= 0 && fields.length === this.constructors[number].arity ? { number, fields } : null;
    }

    /* An application; a constructor with all of its fields where it was the last argument that was missing. */
    application(parts) {
        const { terms } = this;
        const applied = terms.make(TERM_APPLICATION, 0, parts), fields = [];
        let head = applied;
        while (terms.kind(head) === TERM_APPLICATION && fields.length < this.mostFields) {
            fields.unshift(terms.part(head, 1));
            head = terms.part(head, 0);
        }
        const number = terms.kind(head) === TERM_REFERENCE ? this.definitions[terms.subject(head)].own : -1;
        return number >= 0 && this.constructors[number].arity === fields.length
            ? terms.make(TERM_CONSTRUCTOR, number, fields) : applied;
    }

    functionOfNothing(body) {
        const cell = this.run.about.isScott ? this.scottCell(body) : null;
        return cell ?? this.terms.make(TERM_FUNCTION, NO_NAME, [body]);
    }

    /* A function that does not use its variable may be a cell of a list or a string: `λ* λb (b head tail)`. */
    scottCell(body) {
        const { terms } = this;
        const whole = terms.kind(body) === TERM_FUNCTION ? terms.part(body, 0) : body;
        if (whole === body || terms.kind(whole) !== TERM_APPLICATION) {
            return null;
        }
        const inner = terms.part(whole, 0), tail = terms.part(whole, 1);
        if (terms.kind(inner) !== TERM_APPLICATION) {
            return null;
        }
        const used = terms.part(inner, 0), head = terms.part(inner, 1);
        if (terms.kind(used) !== TERM_VARIABLE || terms.subject(used) !== terms.subject(body)) {
            return null;
        }
        if (this.isOfKind(tail, 'LIST')) {
            return terms.make(TERM_CONSTRUCTOR, this.run.about.listConstructor, [head, tail]);
        }
        const isCharacter = terms.kind(head) === TERM_NUMBER && typeOf(terms.subject(head)) === TYPE_U24;
        return isCharacter && this.isOfKind(tail, 'STRING')
            ? terms.make(TERM_CONSTRUCTOR, this.run.about.stringConstructor, [head, tail]) : null;
    }

    /* Whether a term is a list or a string to its end. */
    isOfKind(term, kind) {
        return this.kindOf(term) === `${kind}_${this.terms.kind(term) === TERM_REFERENCE ? 'END' : 'CELL'}`;
    }

    /* What the constructor is for that a term is. */
    kindOf(term) {
        const subject = this.terms.subject(term);
        switch (this.terms.kind(term)) {
            case TERM_CONSTRUCTOR: return this.constructors[subject].kind;
            case TERM_REFERENCE: return this.constructors[this.definitions[subject].own]?.kind ?? 'PLAIN';
            default: return 'PLAIN';
        }
    }

    /* ---- Duplications ---- */

    /* A superposition from above, unless a copy was entered before; a copy from below. Both copies of one value,
       superposed again, are that value. */
    readDup({ graph, port, copies }) {
        const slot = port % 3, node = (port - slot) / 3;
        const first = graph.partners[node * 3 + 1], second = graph.partners[node * 3 + 2];
        const label = graph.labels[node];
        if (slot !== 0) {
            this.planRead(graph, graph.partners[node * 3], { label, slot, rest: copies });
            return;
        }
        const note = noteFor(copies, label);
        if (note !== null) {
            this.planRead(graph, graph.partners[node * 3 + note.slot], without(copies, note));
        } else if (graph.kindAt(first) === NET_DUP && first % 3 === 1 && second === first + 1) {
            this.planRead(graph, graph.partners[first - 1], copies);
        } else {
            this.planTerm(TERM_SUPERPOSITION, 0, 2);
            this.planRead(graph, second, copies);
            this.planRead(graph, first, copies);
        }
    }

    /* ---- References ---- */

    /* A folded definition: its name, or what it stands for. */
    readReference(graph, number) {
        const definition = this.definitions[number];
        if (definition.own >= 0 || definition.tagOf >= 0 || this.inside.has(number)) {
            this.finish(this.terms.leaf(TERM_REFERENCE, number));
            return;
        }
        if (this.expanded.has(number)) {
            this.finish(this.expanded.get(number));
            return;
        }
        /* In the arms of a stuck switch and under folded functions nothing is evaluated. */
        const opened = (graph.isReduced ? this.evaluated(number) : null)
            ?? (definition.isFloated ? this.written(number) : null);
        if (opened === null) {
            this.expanded.set(number, this.terms.leaf(TERM_REFERENCE, number));
            this.finish(this.expanded.get(number));
            return;
        }
        this.inside.add(number);
        this.steps.push({ kind: STEP_CLOSE, definition: number });
        this.planRead(opened, opened.partners[0], null);
    }

    written(definition) {
        if (!this.writtenGraphs.has(definition)) {
            this.writtenGraphs.set(definition, writtenGraph(this.run, definition));
        }
        return this.writtenGraphs.get(definition);
    }

    /* The reduced net of a definition, null for a function: those are not even tried, their bodies need not have an end.
       What is not asked for may fail as well. */
    evaluated(definition) {
        if (this.isFunctionRoot(this.written(definition))) {
            return null;
        }
        const root = this.run.rootOf(definition);
        const graph = root === null ? null : reducedGraph(this.run, root);
        return graph === null || this.isFunctionRoot(graph) ? null : graph;
    }

    /* Whether the whole net is a function, and not a constructor. */
    isFunctionRoot(graph) {
        const port = graph.partners[0];
        return graph.kindAt(port) === NET_CON && port % 3 === 0 && graph.isFunction(port / 3)
            && this.constructorAt(graph, port / 3) === null;
    }

    /* ---- Operations ---- */

    /* An operation from its result: one node where an operand is held by the operator, else two. */
    readOperation({ graph, port, copies }) {
        const slot = port % 3, node = (port - slot) / 3;
        const above = graph.partners[node * 3], beside = graph.partners[node * 3 + 1];
        if (slot !== 2) {
            this.finishInvalid(INVALID_OPERATION);
        } else if (typeOf(graph.numberAt(beside)) >= FIRST_OPERATOR && graph.numberAt(beside) >= 0) {
            /* As written the literal was on the right and the operator is flipped; reduction gives no such hint. */
            this.planOperationWithHeld(graph.numberAt(beside), !graph.isReduced);
            this.planRead(graph, above, copies);
        } else if (typeOf(graph.numberAt(above)) >= FIRST_OPERATOR && graph.numberAt(above) >= 0) {
            this.planOperationWithHeld(graph.numberAt(above), false);
            this.planRead(graph, beside, copies);
        } else if (above % 3 === 2 && graph.kindAt(above) === NET_OPR) {
            this.readOperationOfThree(graph, [graph.partners[above - 2], graph.partners[above - 1], beside], copies);
        } else {
            this.finishInvalid(INVALID_OPERATION);
        }
    }

    /* An operator that holds an operand, whose type is forgotten: it shows as u24. */
    planOperationWithHeld(word, unflips) {
        const code = typeOf(word), isRight = unflips || NET_OPERATORS[code] === undefined;
        const literal = this.terms.leaf(TERM_NUMBER, word - code + TYPE_U24);
        this.planMake(1, ([other]) => isRight ? this.terms.make(TERM_OPERATION, flipped(code), [other, literal])
            : this.terms.make(TERM_OPERATION, code, [literal, other]));
    }

    /* Two operands and, anywhere among them, the symbol of the operator. */
    readOperationOfThree(graph, ports, copies) {
        const operands = [];
        let code = 0;
        for (const port of ports) {
            const word = graph.numberAt(port);
            if (word >= 0 && typeOf(word) === 0) {
                code = word >>> 5;
            } else {
                operands.push(port);
            }
        }
        if (operands.length !== 2 || code < FIRST_OPERATOR || code >= OPERATOR_POWER) {
            this.finishInvalid(INVALID_OPERATION);
            return;
        }
        if (NET_OPERATORS[code] === undefined) {
            code = flipped(code);
            operands.reverse();
        }
        this.planMake(2, parts => this.operation(code, parts));
        this.planRead(graph, operands[1], copies);
        this.planRead(graph, operands[0], copies);
    }

    /* An operation; xor beside a float is power. */
    operation(code, parts) {
        const isFloat = term => this.terms.kind(term) === TERM_NUMBER && typeOf(this.terms.subject(term)) === TYPE_F24;
        return this.terms.make(TERM_OPERATION, code === OPERATOR_XOR && parts.some(isFloat) ? OPERATOR_POWER : code, parts);
    }

    /* ---- Switches ---- */

    /* The arms of a switch whose scrutinee is the last term read. */
    readArms({ graph, port, copies }) {
        const { terms } = this;
        const last = this.done.count - 1, argument = this.done.items[last];
        /* `a-1` cannot be bound: a switch on a predecessor binds the letter that it would have had. */
        const name = terms.kind(argument) === TERM_VARIABLE ? terms.subject(argument) : terms.freshName();
        const bound = this.boundNames.get(name) ?? name;
        const arms = graph.partners[port - 1];
        if (graph.kindAt(arms) !== NET_CON || arms % 3 !== 0) {
            const invalid = terms.leaf(TERM_INVALID, 0);
            this.tell(INVALID_SWITCH);
            this.done.items[last] = terms.make(TERM_SWITCH, bound, [argument, invalid, invalid]);
            return;
        }
        this.planTerm(TERM_SWITCH, bound, 3);
        this.steps.push({ kind: STEP_SUCCESSOR, graph, port: graph.partners[arms + 2], copies, bound });
        this.planRead(graph, graph.partners[arms + 1], copies);
    }

    /* The body of the successor arm, with its parameter named; the arm itself where it is no function. */
    readSuccessor({ graph, port, copies, bound }) {
        const definition = graph.referenceAt(port);
        if (definition >= 0 && this.definitions[definition].isFloated) {
            graph = this.written(definition);
            port = graph.partners[0];
            copies = null;
        }
        if (graph.kindAt(port) !== NET_CON || port % 3 !== 0 || !graph.isFunction(port / 3)) {
            this.tell(INVALID_SWITCH);
            this.planRead(graph, port, copies);
            return;
        }
        if (graph.kindAt(graph.partners[port + 1]) !== NET_ERASER) {
            const predecessor = bound + 1 - bound % 2;
            graph.names[port + 1] = predecessor;
            this.boundNames.set(predecessor, this.terms.freshName());
        }
        this.planRead(graph, graph.partners[port + 2], copies);
    }
}

/* The note of the last copy entered that annihilates with a label, or null. */
function noteFor(copies, label) {
    let note = copies;
    while (note !== null && note.label !== label && note.label !== 0 && label !== 0) {
        note = note.rest;
    }
    return note;
}

/* The notes without one of them. */
function without(copies, note) {
    const before = [];
    for (; copies !== note; copies = copies.rest) {
        before.push(copies);
    }
    return before.reduceRight((rest, { label, slot }) => ({ label, slot, rest }), note.rest);
}
