/* ---- Terms as text ------------------------------------------------------------------------------ */

function nameText(name) {
    let text = '';
    for (let number = Math.floor(name / 2) - 1;; number = Math.floor(number / 26)) {
        text += String.fromCharCode(97 + number % 26);
        if (number < 26) {
            return name % 2 === 1 ? `${text}-1` : text;
        }
    }
}

/* Makes text of the terms that were read from nets. */
class NetPrinter extends PiecePrinter {
    constructor(reading) {
        super(reading.run);
        this.reading = reading;
        this.terms = reading.terms;
    }

    text(root) {
        this.isLoose = this.terms.looseNames(root);
        return super.text(root);
    }

    later(term, spoilt = 0) {
        this.pieces.push({ term, spoilt });
    }

    /* An opening now; parts, what stands between them, and a closing later. */
    between(opening, term, from, gap, closing) {
        this.pieces.push(closing);
        for (let index = this.terms.parts(term) - 1; index >= from; index--) {
            this.later(this.terms.part(term, index));
            if (index > from) {
                this.pieces.push(gap);
            }
        }
        return opening;
    }

    shown({ term, spoilt }) {
        const subject = this.terms.subject(term);
        switch (this.terms.kind(term)) {
            case TERM_VARIABLE: return this.variable(subject);
            case TERM_NUMBER: return numberText(subject * 8 + NUMBER);
            case TERM_REFERENCE: return this.reading.definitions[subject].name;
            case TERM_ERASER: return '*';
            case TERM_FUNCTION:
                this.later(this.terms.part(term, 0));
                return `λ${subject === NO_NAME ? '*' : this.variable(subject)} `;
            case TERM_APPLICATION: return this.application(term);
            case TERM_PAIR: return this.between('(', term, 0, ', ', ')');
            case TERM_SUPERPOSITION: return this.between('{', term, 0, ' ', '}');
            case TERM_OPERATION: return this.between(`(${NET_OPERATORS[subject]} `, term, 0, ' ', ')');
            case TERM_SWITCH: return this.switch_(term);
            case TERM_CONSTRUCTOR: return this.constructor_(term, spoilt);
            default: return '<Invalid>';
        }
    }

    variable(name) {
        return `${this.isLoose[name] === 1 ? '$' : ''}${nameText(name)}`;
    }

    /* `(f a b)`. */
    application(term) {
        this.pieces.push(')');
        for (; this.terms.kind(term) === TERM_APPLICATION; term = this.terms.part(term, 0)) {
            this.later(this.terms.part(term, 1));
            this.pieces.push(' ');
        }
        this.later(term);
        return '(';
    }

    switch_(term) {
        this.pieces.push('; }');
        this.later(this.terms.part(term, 2));
        this.pieces.push('; _: ');
        this.later(this.terms.part(term, 1));
        this.pieces.push(' { 0: ');
        this.later(this.terms.part(term, 0));
        return `switch ${nameText(this.terms.subject(term))} = `;
    }

    constructor_(term, spoilt) {
        const { name, kind, arity } = this.reading.constructors[this.terms.subject(term)];
        const isChain = kind === 'LIST_CELL' || kind === 'STRING_CELL';
        if (isChain) {
            spoilt = spoilt || this.spoiltCells(term, kind);
            if (spoilt === 0) {
                return kind === 'STRING_CELL' ? this.string(term) : this.element('[', term);
            }
            this.pieces.push(')');
            this.later(this.terms.part(term, 1), spoilt - 1);
            this.pieces.push(', ');
            this.later(this.terms.part(term, 0));
            return `${name}(`;
        }
        return arity === 0 ? name : this.between(`${name}(`, term, 0, ', ', ')');
    }

    element(opening, term) {
        this.pieces.push({ term: this.terms.part(term, 1), isRest: true });
        this.later(this.terms.part(term, 0));
        return opening;
    }

    rest(term) {
        return this.isCell(term, 'LIST_CELL') ? this.element(', ', term) : ']';
    }

    string(term) {
        let text = '"';
        for (; this.isCell(term, 'STRING_CELL'); term = this.terms.part(term, 1)) {
            text += this.characters.text(this.terms.subject(this.terms.part(term, 0)) >>> 5);
        }
        return `${text}"`;
    }

    isCell(term, kind) {
        return this.terms.kind(term) === TERM_CONSTRUCTOR && this.reading.kindOf(term) === kind;
    }

    /* How many cells of a chain do not belong to a proper list or string: none of its own, or up to the last that
       spoils it. */
    spoiltCells(term, kind) {
        let count = 0, spoilt = 0;
        for (; this.isCell(term, kind); term = this.terms.part(term, 1)) {
            count++;
            if (kind === 'STRING_CELL' && this.terms.kind(this.terms.part(term, 0)) !== TERM_NUMBER) {
                spoilt = count;
            }
        }
        const end = kind === 'LIST_CELL' ? 'LIST_END' : 'STRING_END';
        return this.reading.kindOf(term) === end ? spoilt : count;
    }
}

/* ---- The result ---- */

/* The parts of a CON node, or null. */
function conParts(run, port) {
    const node = run.resolved(port);
    return netTag(node) !== NET_CON ? null
        : [run.resolved(run.at(netValue(node))), run.resolved(run.at(netValue(node) + 1))];
}

/* Whether a port is the pair by which actions are known. */
function isMagicPair(run, port) {
    const { definitions, magic } = run.about;
    if (netTag(port) === NET_REFERENCE) {
        return definitions[netValue(port)][4] === 1;
    }
    const parts = conParts(run, port);
    return parts !== null && parts[0] === magic[0] && parts[1] === magic[1];
}

/* The value in `IO/Done`, `λdone λcall (done magic value)`, in the Scott encoding, which keeps no name by which readback
   could know it; null for any other result. */
function scottValue(run, root) {
    const whole = conParts(run, root);
    const done = whole && conParts(run, whole[0]), call = whole && conParts(run, whole[1]);
    const rest = done && conParts(run, done[1]);
    if (!call || !rest || netTag(call[0]) !== NET_ERASER) {
        return null;
    }
    const isDone = netTag(rest[1]) === NET_VARIABLE && netTag(call[1]) === NET_VARIABLE
        && netValue(rest[1]) === netValue(call[1]);
    return isDone && isMagicPair(run, done[0]) ? rest[0] : null;
}

/* The text of the result; of what actions gave, the value, and none for `*`. And warnings of what is no term in it. */
function netResult(run) {
    const reading = new NetReading(run), root = run.at(run.root), value = scottValue(run, root);
    const { terms } = reading;
    let term = reading.term(value ?? root), isSilent = value !== null && terms.kind(term) === TERM_ERASER;
    if (terms.kind(term) === TERM_CONSTRUCTOR && reading.kindOf(term) === 'IO_DONE' && terms.parts(term) > 0) {
        term = terms.part(term, terms.parts(term) - 1);
        isSilent = terms.kind(term) === TERM_ERASER;
    }
    const warnings = [...reading.problems].map(([problem, count]) => run.about.problems[problem].join(count));
    return { result: isSilent ? null : new NetPrinter(reading).text(term), warnings: warnings.join('') };
}
