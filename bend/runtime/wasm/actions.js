/* ---- Actions ------------------------------------------------------------------------------------ */

/* A program that acts asks for an action by ending in a constructor with a pair of magic numbers, the name of the
   action, its argument, and what to do with the outcome. The host performs it, and has the program go on. */
const MAGIC_FIELD = 0, NAME_FIELD = 1, ARGUMENT_FIELD = 2, CONTINUATION_FIELD = 3;
const MAGIC = [0xd0ca11, 0xff1ff1].map(payload => payload * 256 + 8 + NUMBER);
/* What shapes are for lists of numbers. */
const LIST_END = 1, PACKED_CELL = 2, PLAIN_CELL = 3;
const LINE_FEED = 10;
/* Errors of the system, by the numbers that Linux gives them. */
const ENOENT = 2, EIO = 5, EBADF = 9, EAGAIN = 11, EISDIR = 21, EINVAL = 22, EMFILE = 24, ESPIPE = 29, EPIPE = 32;

/* The argument of an action is not what it takes. */
class WrongType extends Error {}

/* An action fails for a reason of the system's, or (with a text) for one of the host's. */
class Refusal extends Error {
    constructor(reason) {
        super(`refused: ${reason}`);
        this.reason = reason;
    }
}

/* ---- Values that the program gives, and values for it ---- */

class Values {
    constructor(run) {
        this.run = run;
        this.made = run.about.made;
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

    async pair(value) {
        const parts = await this.parts(value);
        if (parts === null) {
            throw new WrongType();
        }
        return parts;
    }

    /* The 24 bits of a number of any type. */
    async number(value) {
        const number = await this.value(value);
        const type = (number >>> 3) & 31;
        if (tagOf(number) !== NUMBER || type < 1 || type > 3) {
            throw new WrongType();
        }
        return payloadOf(number);
    }

    /* The same with the sign that its type gives it. */
    async integer(value) {
        const payload = await this.number(value);
        const isSigned = ((await this.value(value) >>> 3) & 31) === 2;
        return isSigned ? (payload ^ 0x800000) - 0x800000 : payload;
    }

    /* The number of a stream; one that no stream has for what is no number. */
    async handle(value) {
        const number = await this.value(value);
        return tagOf(number) === NUMBER ? payloadOf(number) : -1;
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

    async numbers(list) {
        const found = await this.listed(list);
        if (found === null) {
            throw new WrongType();
        }
        return found;
    }

    /* A string of characters, as UTF-8. */
    async string(list) {
        const codes = await this.numbers(list);
        if (codes.some(code => code > 0x10ffff)) {
            throw new WrongType();
        }
        return encoded(codes);
    }

    makeNumber(payload, type) {
        return (payload & 0xffffff) * 256 + type * 8 + NUMBER;
    }

    makeEmpty(shape) {
        return this.made[shape] * WORD + IMMEDIATE;
    }

    async make(shape, ...fields) {
        for (;;) {
            const { words, scratch, room, exports } = this.run;
            fields.forEach((field, index) => {
                words[scratch / 4 + 2 * index] = field % WORD;
                words[scratch / 4 + 2 * index + 1] = field / WORD;
            });
            const header = BigInt(this.made[shape]) << 32n | 1n;
            const cell = numberOf(exports.make_cell(room, header, scratch, BigInt(fields.length)));
            if (cell !== 0) {
                return cell;
            }
            await this.run.demand('make_room', 1 + fields.length);
        }
    }

    /* A list of numbers, made from its end. */
    async makeList(type, numbers) {
        const shape = this.made[`${type}_CELL`];
        const isPacked = this.run.shapes[shape].packed === 0;
        const header = BigInt(shape) << 32n | 1n, kind = BigInt(8 + NUMBER);
        let list = this.makeEmpty(`${type}_END`);
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

    /* Each ill-formed sequence of UTF-8 becomes one replacement character. */
    makeText(bytes) {
        const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
        return this.makeList('STRING', Array.from(text, character => character.codePointAt(0)));
    }

    makeBytes(bytes) {
        return this.makeList('LIST', bytes);
    }

    async ok(value) {
        return this.make('OK', value);
    }

    /* What an action gives that has failed. */
    async failure(problem) {
        if (problem instanceof WrongType) {
            return this.make('ERR', this.makeEmpty('TYPE_ERROR'));
        }
        if (!(problem instanceof Refusal)) {
            throw problem;
        }
        const reason = typeof problem.reason === 'number' ? this.makeNumber(problem.reason, 2)
            : problem.reason === null ? this.makeNumber(0, 1)
                : await this.makeText(new TextEncoder().encode(problem.reason));
        return this.make('ERR', await this.make('INNER_ERROR', reason));
    }
}

/* Code points as UTF-8. Numbers of 24 bits that are no code points get four bytes, too. */
function encoded(codes) {
    const bytes = new Uint8Array(codes.length * 4);
    let count = 0;
    for (const code of codes) {
        const more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
        bytes[count++] = [0, 0xc0, 0xe0, 0xf0][more] | code >>> 6 * more;
        for (let left = more; left > 0; left--) {
            bytes[count++] = 0x80 | (code >>> 6 * (left - 1)) & 0x3f;
        }
    }
    return bytes.subarray(0, count);
}

/* ---- The actions ---- */

/* What each does with its argument, and gives. A system has the streams (`node.js`, `page.js`). */
const ACTIONS = {
    async READ(values, system, argument) {
        const [first, count] = await values.pair(argument);
        const handle = await values.handle(first);
        system.expect(handle);
        return values.makeBytes(await system.read(handle, await values.number(count)));
    },
    async READ_LINE(values, system, argument) {
        return values.makeBytes(await system.readLine(await values.handle(argument)));
    },
    async READ_TEXT_LINE(values, system, argument) {
        const line = await system.readLine(await values.handle(argument));
        if (line.length === 0) {
            throw new Refusal(null);
        }
        return values.makeText(line.subarray(0, line.length - (line[line.length - 1] === LINE_FEED)));
    },
    async READ_TO_END(values, system, argument) {
        return values.makeBytes(await system.read(await values.handle(argument), Infinity));
    },
    async WRITE(values, system, argument) {
        const [first, list] = await values.pair(argument);
        const handle = await values.handle(first);
        system.expect(handle);
        await system.write(handle, Uint8Array.from(await values.numbers(list)));
        return ERASER;
    },
    async WRITE_TEXT(values, system, argument) {
        const [handle, list] = await values.pair(argument);
        await system.write(await values.handle(handle), encoded(await values.numbers(list)));
        return ERASER;
    },
    async WRITE_TEXT_LINE(values, system, argument) {
        const [handle, list] = await values.pair(argument);
        const codes = await values.numbers(list);
        codes.push(LINE_FEED);
        await system.write(await values.handle(handle), encoded(codes));
        return ERASER;
    },
    async FLUSH(values, system, argument) {
        system.expect(await values.handle(argument));
        return ERASER;
    },
    async OPEN(values, system, argument) {
        const [first, second] = await values.pair(argument);
        const path = await values.string(first), mode = await values.string(second);
        if (path.includes(0) || mode.includes(0)) {
            throw new Refusal(EINVAL);
        }
        return values.makeNumber(await system.open(path, new TextDecoder().decode(mode)), 1);
    },
    async CLOSE(values, system, argument) {
        await system.close(await values.handle(argument));
        return ERASER;
    },
    async SEEK(values, system, argument) {
        const [first, rest] = await values.pair(argument);
        const [offset, whence] = await values.pair(rest);
        const origin = await values.number(whence);
        if (origin > 2) {
            throw new WrongType();
        }
        const handle = await values.handle(first);
        system.expect(handle);
        await system.seek(handle, await values.integer(offset), origin);
        return ERASER;
    },
    async GET_TIME(values, system) {
        const now = system.now();
        return values.make('PAIR', values.makeNumber(Number(now >> 24n & 0xffffffn), 1),
            values.makeNumber(Number(now & 0xffffffn), 1));
    },
    async SLEEP(values, system, argument) {
        const [upper, lower] = await values.pair(argument);
        const nanoseconds = await values.number(upper) * 2 ** 24 + await values.number(lower);
        await system.sleep(nanoseconds / 1e6);
        return ERASER;
    },
    DL_OPEN: refuseLibraries, DL_CALL: refuseLibraries, DL_CLOSE: refuseLibraries,
};

async function refuseLibraries() {
    throw new Refusal('WebAssembly programs cannot use libraries.');
}

/* Whether a value is an action that asks for something. */
async function isCall(values, value) {
    if (!values.shape(value)?.isCall) {
        return false;
    }
    const magic = await values.parts(values.field(value, MAGIC_FIELD));
    return magic !== null && magic[0] === MAGIC[0] && magic[1] === MAGIC[1];
}

/* The outcome of an action. */
async function perform(values, system, name, argument) {
    const codes = await values.listed(name) ?? [];
    const called = new TextDecoder().decode(encoded(codes));
    if (!Object.hasOwn(ACTIONS, called)) {
        return values.make('ERR', values.makeEmpty('NAME_ERROR'));
    }
    try {
        return await values.ok(await ACTIONS[called](values, system, argument));
    } catch (problem) {
        return values.failure(problem);
    }
}

/* Performs actions until the value asks for none. */
async function performActions(run, system, root) {
    const values = new Values(run);
    for (;;) {
        const action = await values.value(root);
        if (!await isCall(values, action)) {
            return root;
        }
        const outcome = await perform(values, system, values.field(action, NAME_FIELD),
            values.field(action, ARGUMENT_FIELD));
        const continuation = values.field(action, CONTINUATION_FIELD);
        await run.demand('take_part', action, continuation);
        root = await run.demand('apply', continuation, outcome);
    }
}
