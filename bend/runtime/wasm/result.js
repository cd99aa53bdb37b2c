/* ---- Results ---------------------------------------------------------------------------- */

/* Words that grow. */
class Words {
    constructor() {
        this.items = new Float64Array(64);
        this.count = 0;
    }

    push(item) {
        if (this.count === this.items.length) {
            const items = new Float64Array(this.count * 2);
            items.set(this.items);
            this.items = items;
        }
        this.items[this.count++] = item;
    }

    pop() {
        return this.items[--this.count];
    }
}

/* A result is read into terms first. A term is a value, but that a cell is the place of its shape and fields here,
   and that functions and constants are shown by their names. */
class Reading {
    constructor(run) {
        this.run = run;
        this.terms = new Words();
        this.done = new Words();
        this.steps = new Words();
        this.expanded = new Map();
        this.inside = new Set();
    }

    plan(kind, subject) {
        this.steps.push(subject);
        this.steps.push(kind);
    }

    /* The term of a value; undefined if there is a function in it that has no name to show. */
    async term(value) {
        this.plan(READ, value);
        while (this.steps.count > 0) {
            const kind = this.steps.pop();
            const subject = this.steps.pop();
            if (kind === BUILD) {
                this.build(subject);
            } else if (kind === CLOSE) {
                this.inside.delete(subject);
                this.expanded.set(subject, this.done.items[this.done.count - 1]);
            } else {
                const isShown = this.read(subject);
                if (!(isShown === true || await isShown)) {
                    return undefined;
                }
            }
        }
        return this.done.pop();
    }

    build(shape) {
        const fields = this.run.shapes[shape].fields;
        const place = this.terms.count;
        this.terms.push(shape);
        this.done.count -= fields;
        for (let index = 0; index < fields; index++) {
            this.terms.push(this.done.items[this.done.count + index]);
        }
        this.done.push(place * 8 + CELL);
    }

    isFunction(value) {
        if (tagOf(value) === CELL) {
            return (this.run.words[value / 4 + 1] & 0xff) === 0;
        }
        return tagOf(value) === FUNCTION && this.run.about.entryNames[indexOf(value)] === null;
    }

    /* Goes on with a value; whether it can be shown, as far as this can be seen, or a promise of that. */
    read(value) {
        if (this.isFunction(value)) {
            return false;
        }
        if (tagOf(value) === CELL) {
            const header = this.run.words[value / 4 + 1];
            this.readFields(header & 0xff, header >>> 8, value + 8);
        } else if (tagOf(value) === CONSTANT) {
            return this.readConstant(value);
        } else if (tagOf(value) === IMMEDIATE && this.run.shapes[indexOf(value)].fields > 0) {
            this.readFields(indexOf(value), payloadOf(value), 0);
        } else {
            this.done.push(value);
        }
        return true;
    }

    /* The fields of a constructor or tuple one after the other. `number` is what the header, or the value, holds. */
    readFields(number, payload, address) {
        const shape = this.run.shapes[number];
        this.plan(BUILD, number);
        for (let index = shape.fields - 1; index >= 0; index--) {
            if (index === shape.packed) {
                this.plan(READ, payload * 256 + shape.numberType * 8 + NUMBER);
            } else {
                const place = index - (shape.packed >= 0 && index > shape.packed);
                this.plan(READ, this.run.word(address + 8 * place));
            }
        }
    }

    /* A constant shows as its value; one that has none, that is being read already, or that is a function, by its
       name. */
    async readConstant(reference) {
        const number = indexOf(reference);
        if (this.expanded.has(number)) {
            this.done.push(this.expanded.get(number));
            return true;
        }
        const value = this.inside.has(number) ? null : await this.run.ask('evaluate', number);
        if (value !== null) {
            if (!this.isFunction(value)) {
                this.inside.add(number);
                this.plan(CLOSE, number);
                return this.read(value);
            }
            if (this.run.about.constantNames[number] === null) {
                return false;
            }
        } else if ([STOP_SHAPE, STOP_BUDGET].includes(this.run.stop?.reason)) {
            throw this.run.ending();
        }
        this.done.push(reference);
        return true;
    }
}

const READ = 0, BUILD = 1, CLOSE = 2;

/* ---- Text ---- */

const OPERATORS = ['?', 'u24', 'i24', 'f24', '+', '-', ':-', '*', '/', ':/', '%', ':%', '=', '!', '<', '>', '&',
    '|', '^', '<<', ':<<', '>>', ':>>'];

/* A number with three digits after the point; what lies in the middle goes to the even one. */
function floatText(bits) {
    const [number] = new Float32Array(new Uint32Array([bits]).buffer);
    if (!Number.isFinite(number)) {
        return number !== number ? 'NaN' : number > 0 ? 'inf' : '-inf';
    }
    const exponent = Math.max(bits >>> 23 & 0xff, 1) - 150;
    const mantissa = BigInt((bits & 0x7fffff) + (bits >>> 23 & 0xff ? 0x800000 : 0)) * 1000n;
    let thousandths = exponent >= 0 ? mantissa << BigInt(exponent) : mantissa >> BigInt(-exponent);
    if (exponent < 0) {
        const rest = mantissa & (1n << BigInt(-exponent)) - 1n, half = 1n << BigInt(-exponent - 1);
        thousandths += BigInt(rest > half || (rest === half && (thousandths & 1n) === 1n));
    }
    const digits = String(thousandths).padStart(4, '0');
    return `${bits >>> 31 ? '-' : ''}${digits.slice(0, -3)}.${digits.slice(-3)}`;
}

function numberText(term) {
    const kind = (term >>> 3) & 31, payload = payloadOf(term);
    switch (kind) {
        case 0: return `[${OPERATORS[payload] ?? '?'}]`;
        case 1: return String(payload);
        case 2: {
            const number = (payload ^ 0x800000) - 0x800000;
            return number < 0 ? String(number) : `+${number}`;
        }
        case 3: return floatText(payload * 256);
        default: return `[${OPERATORS[kind] ?? '?'}0x${payload.toString(16).toUpperCase().padStart(7, '0')}]`;
    }
}

/* What strings show of characters. */
class Characters {
    constructor(printable) {
        let edge = 0;
        this.edges = printable.split(',').map(distance => edge += parseInt(distance, 36));
    }

    isPrintable(code) {
        let low = 0, high = this.edges.length;
        while (low < high) {
            const middle = (low + high) >> 1;
            if (this.edges[middle] <= code) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low % 2 === 1;
    }

    /* A character in a string literal; what is none shows as U+FFFD. */
    text(code) {
        const escaped = { 0: '\\0', 9: '\\t', 10: '\\n', 13: '\\r', 34: '\\"', 92: '\\\\' }[code];
        if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) {
            code = 0xfffd;
        }
        return escaped ?? (this.isPrintable(code) ? String.fromCodePoint(code) : `\\u{${code.toString(16)}}`);
    }
}

/* Makes text piece by piece, without recursion. */
class PiecePrinter {
    constructor(run) {
        this.run = run;
        this.characters = new Characters(run.about.printable);
        this.pieces = [];
    }

    text(root) {
        const parts = [];
        let part = '';
        /* What is still to be shown: texts, the rest of lists, and terms, each with how many cells from there on
           are known to be spoilt. */
        this.pieces.push({ term: root, spoilt: 0 });
        while (this.pieces.length > 0) {
            const piece = this.pieces.pop();
            part += typeof piece === 'string' ? piece : piece.isRest ? this.rest(piece.term) : this.shown(piece);
            if (part.length > PAGE) {
                parts.push(part);
                part = '';
            }
        }
        parts.push(part);
        return parts.join('');
    }
}

/* Makes text of terms. */
class Printer extends PiecePrinter {
    constructor(run, terms) {
        super(run);
        this.terms = terms.items;
    }

    field(term, index) {
        return this.terms[term / 8 + 1 + index];
    }

    kindOf(term) {
        const tag = tagOf(term);
        return tag === CELL ? this.run.shapes[this.terms[term / 8]].kind
            : tag === IMMEDIATE ? this.run.shapes[indexOf(term)].kind : 'PLAIN';
    }

    shown({ term, spoilt }) {
        switch (tagOf(term)) {
            case CELL: return this.constructor_(term, spoilt);
            case NUMBER: return numberText(term);
            case IMMEDIATE: return this.run.shapes[indexOf(term)].name;
            case FUNCTION: return this.run.about.entryNames[indexOf(term)] ?? '';
            case CONSTANT: return this.run.about.constantLabels[indexOf(term)];
            default: return '*';
        }
    }

    constructor_(term, spoilt) {
        const shape = this.run.shapes[this.terms[term / 8]];
        const isChain = shape.kind === 'LIST_CELL' || shape.kind === 'STRING_CELL';
        if (isChain) {
            spoilt = spoilt || this.spoiltCells(term, shape.kind);
            if (spoilt === 0 && shape.kind === 'STRING_CELL') {
                return this.string(term);
            }
            if (spoilt === 0) {
                this.pieces.push({ term: this.field(term, 1), isRest: true }, { term: this.field(term, 0), spoilt: 0 });
                return '[';
            }
            spoilt--;
        }
        this.pieces.push(')');
        for (let index = shape.fields - 1; index >= 0; index--) {
            const isTail = isChain && index === shape.fields - 1;
            this.pieces.push({ term: this.field(term, index), spoilt: isTail ? spoilt : 0 });
            if (index > 0) {
                this.pieces.push(', ');
            }
        }
        return `${shape.kind === 'TUPLE' ? '' : shape.name}(`;
    }

    rest(term) {
        if (this.kindOf(term) !== 'LIST_CELL') {
            return ']';
        }
        this.pieces.push({ term: this.field(term, 1), isRest: true }, { term: this.field(term, 0), spoilt: 0 });
        return ', ';
    }

    string(term) {
        let text = '"';
        for (; this.kindOf(term) === 'STRING_CELL'; term = this.field(term, 1)) {
            text += this.characters.text(payloadOf(this.field(term, 0)));
        }
        return text + '"';
    }

    /* How many cells of a chain do not belong to a proper list or string: none of its own, or up to the last that
       spoils it. */
    spoiltCells(term, kind) {
        let count = 0, spoilt = 0;
        for (; this.kindOf(term) === kind; term = this.field(term, 1)) {
            count++;
            if (kind === 'STRING_CELL' && tagOf(this.field(term, 0)) !== NUMBER) {
                spoilt = count;
            }
        }
        return this.kindOf(term) === (kind === 'LIST_CELL' ? 'LIST_END' : 'STRING_END') ? spoilt : count;
    }
}

/* The text of a result; of what actions gave, of the value, and none for `*`. */
async function resultText(run, value) {
    const reading = new Reading(run);
    let term = await reading.term(value);
    if (term === undefined) {
        throw run.need(run.about.functionResult);
    }
    const printer = new Printer(run, reading.terms);
    if (tagOf(term) === CELL && printer.kindOf(term) === 'IO_DONE') {
        term = printer.field(term, run.shapes[reading.terms.items[term / 8]].fields - 1);
        if (term === ERASER) {
            return null;
        }
    }
    return printer.text(term);
}
