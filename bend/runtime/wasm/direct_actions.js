/* ---- Actions of the direct engine --------------------------------------------------------------- */

/* A program that acts asks for an action by ending in a constructor with a pair of magic numbers, the name of the
   action, its argument, and what to do with the outcome. The host performs it, and has the program go on. */
const MAGIC_FIELD = 0, NAME_FIELD = 1, ARGUMENT_FIELD = 2, CONTINUATION_FIELD = 3;
const MAGIC = [0xd0ca11, 0xff1ff1].map(payload => payload * 256 + 8 + NUMBER);
/* What shapes are for lists of numbers. */
const LIST_END = 1, PACKED_CELL = 2, PLAIN_CELL = 3;

/* Values of the direct engine. */
class DirectValues extends Values {
    constructor(run) {
        super(run);
        this.madeShapes = run.about.made;
        this.nothing = ERASER;
    }

    /* A value, or that of the constant that it refers to. */
    async value(value) {
        return tagOf(value) === CONSTANT ? this.run.demand('constant_value', indexOf(value)) : value;
    }

    /* The shape of a constructor or tuple that is a cell. */
    shape(value) {
        const number = tagOf(value) === CELL ? this.run.words[value / 4 + 1] & 0xff : 0;
        return number === 0 ? null : this.run.shapes[number];
    }

    field(value, index) {
        const shape = this.shape(value);
        if (index === shape.packed) {
            return (this.run.words[value / 4 + 1] >>> 8) * 256 + shape.numberType * 8 + NUMBER;
        }
        return this.run.word(value + 8 + 8 * (index - (shape.packed >= 0 && index > shape.packed)));
    }

    /* The parts of a tuple, or null. */
    async parts(value) {
        const tuple = await this.value(value);
        return this.shape(tuple)?.kind === 'TUPLE' ? [this.field(tuple, 0), this.field(tuple, 1)] : null;
    }

    /* The payload and the type of a number, or null for what is none. */
    async numberWord(value) {
        const number = await this.value(value);
        return tagOf(number) === NUMBER ? Math.floor(number / 8) : null;
    }

    /* The payloads in a list of numbers, or null. */
    async listed(list) {
        const found = [];
        for (let at = list; ;) {
            at = tagOf(at) === CONSTANT ? await this.value(at) : at;
            if (tagOf(at) === IMMEDIATE) {
                return this.run.shapes[indexOf(at)].list === LIST_END ? found : null;
            }
            const kind = this.shape(at)?.list;
            if (kind === PACKED_CELL) {
                found.push(this.run.words[at / 4 + 1] >>> 8);
                at = this.run.word(at + 8);
            } else if (kind === PLAIN_CELL) {
                let head = this.run.word(at + 8);
                head = tagOf(head) === CONSTANT ? await this.value(head) : head;
                if (tagOf(head) !== NUMBER) {
                    return null;
                }
                found.push(payloadOf(head));
                at = this.run.word(at + 16);
            } else {
                return null;
            }
        }
    }

    makeNumber(payload, type) {
        return (payload & 0xffffff) * 256 + type * 8 + NUMBER;
    }

    makePair(first, second) {
        return this.make('PAIR', first, second);
    }

    /* A constructor with its fields. */
    async make(shape, ...fields) {
        if (fields.length === 0) {
            return this.madeShapes[shape] * WORD + IMMEDIATE;
        }
        for (;;) {
            const { words, scratch, room, exports } = this.run;
            fields.forEach((field, index) => {
                words[scratch / 4 + 2 * index] = field % WORD;
                words[scratch / 4 + 2 * index + 1] = field / WORD;
            });
            const header = BigInt(this.madeShapes[shape]) << 32n | 1n;
            const cell = numberOf(exports.make_cell(room, header, scratch, BigInt(fields.length)));
            if (cell !== 0) {
                return cell;
            }
            await this.run.demand('make_room', 1 + fields.length);
        }
    }

    /* A list of numbers, made from its end: a 'LIST', or a 'STRING'. */
    async makeList(type, numbers) {
        const shape = this.madeShapes[`${type}_CELL`];
        const isPacked = this.run.shapes[shape].packed === 0;
        const header = BigInt(shape) << 32n | 1n, kind = BigInt(8 + NUMBER);
        let list = await this.make(`${type}_END`);
        for (let left = numbers.length; left > 0;) {
            const { words, scratch, room, exports } = this.run;
            const base = scratch / 4, count = Math.min(left, SCRATCH / 8 - 1);
            words[base] = list % WORD;
            words[base + 1] = list / WORD;
            for (let index = 0; index < count; index++) {
                words[base + 2 + 2 * index] = numbers[left - count + index];
                words[base + 3 + 2 * index] = 0;
            }
            const rest = numberOf(exports.make_list(
                room, header, BigInt(isPacked), kind, scratch + 8, BigInt(count), scratch));
            list = this.run.word(scratch);
            left -= count - rest;
            if (rest > 0) {
                await this.run.demand('make_room', 3 - isPacked);
            }
        }
        return list;
    }
}

/* Whether a value is an action that asks for something. */
async function isCall(values, value) {
    if (!values.shape(value)?.isCall) {
        return false;
    }
    const magic = await values.parts(values.field(value, MAGIC_FIELD));
    return magic !== null && magic[0] === MAGIC[0] && magic[1] === MAGIC[1];
}

/* Performs actions until the value asks for none. */
async function performActions(run, system, root, performed) {
    const values = new DirectValues(run);
    for (;;) {
        const action = await values.value(root);
        if (!await isCall(values, action)) {
            return root;
        }
        const outcome = await perform(values, system, values.field(action, NAME_FIELD),
            values.field(action, ARGUMENT_FIELD));
        const given = await values.made(outcome);
        if (run.canBeginAgain) {
            performed.add(outcome);
        }
        const continuation = values.field(action, CONTINUATION_FIELD);
        await run.demand('take_part', action, continuation);
        root = await run.demand('apply', continuation, given);
    }
}
