/* ---- Actions ------------------------------------------------------------------------------------ */

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

/* What actions read of any engine's values. That engine's own part says what these are. */
class Values {
    constructor(run) {
        this.run = run;
    }

    async pair(value) {
        const parts = await this.parts(value);
        if (parts === null) {
            throw new WrongType();
        }
        return parts;
    }

    /* The payload and below it the type, in five bits, of a number of any type. */
    async typed(value) {
        const word = await this.numberWord(value);
        const type = word & 31;
        if (word === null || type < 1 || type > 3) {
            throw new WrongType();
        }
        return word;
    }

    /* The 24 bits of a number. */
    async number(value) {
        return await this.typed(value) >>> 5;
    }

    /* The same with the sign that its type gives it. */
    async integer(value) {
        const word = await this.typed(value);
        return (word & 31) === 2 ? (word >>> 5 ^ 0x800000) - 0x800000 : word >>> 5;
    }

    /* The number of a stream; one that no stream has for what is no number. */
    async handle(value) {
        const word = await this.numberWord(value);
        return word === null ? -1 : word >>> 5;
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

    /* What an action has given, as a value for the program. */
    async made({ ending, kind, first, second, bytes }) {
        if (ending === WRONG_TYPE || ending === WRONG_NAME) {
            return this.make('ERR', await this.make(ending));
        }
        const value = kind === NOTHING ? this.nothing
            : kind === A_NUMBER ? this.makeNumber(first, second)
                : kind === A_PAIR ? await this.makePair(this.makeNumber(first, 1), this.makeNumber(second, 1))
                    : kind === BYTES ? await this.makeList('LIST', bytes)
                        : await this.makeList('STRING', codesOf(bytes));
        return ending === DONE ? this.make('OK', value) : this.make('ERR', await this.make('INNER_ERROR', value));
    }
}

/* The characters of UTF-8. Each ill-formed sequence becomes one replacement character. */
function codesOf(bytes) {
    const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
    return Array.from(text, character => character.codePointAt(0));
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

/* ---- Outcomes ---- */

/* What an action has given, as data of the host, so that another engine can be told it again: how it ended, with a value
   if it was done or refused, which is a number and its type, a pair of numbers, or bytes, those of a text in UTF-8. */
const DONE = 'DONE', REFUSED = 'REFUSED', WRONG_TYPE = 'TYPE_ERROR', WRONG_NAME = 'NAME_ERROR';
const NOTHING = 'nothing', A_NUMBER = 'number', A_PAIR = 'pair', BYTES = 'bytes', TEXT = 'text';
const NO_BYTES = new Uint8Array(0);

function outcomeOf(ending, kind = NOTHING, first = 0, second = 0, bytes = NO_BYTES) {
    return { ending, kind, first, second, bytes };
}

const doneWith = bytes => outcomeOf(DONE, BYTES, 0, 0, bytes);
const doneWithText = bytes => outcomeOf(DONE, TEXT, 0, 0, bytes);

/* What an action gives that has failed. */
function refusedFor(reason) {
    return typeof reason === 'number' ? outcomeOf(REFUSED, A_NUMBER, reason, 2)
        : reason === null ? outcomeOf(REFUSED, A_NUMBER, 0, 1)
            : outcomeOf(REFUSED, TEXT, 0, 0, new TextEncoder().encode(reason));
}

/* ---- The actions ---- */

/* What each does with its argument. A system has the streams (`node.js`, `page.js`). */
const ACTIONS = {
    async READ(values, system, argument) {
        const [first, count] = await values.pair(argument);
        const handle = await values.handle(first);
        system.expect(handle);
        return doneWith(await system.read(handle, await values.number(count)));
    },
    async READ_LINE(values, system, argument) {
        return doneWith(await system.readLine(await values.handle(argument)));
    },
    async READ_TEXT_LINE(values, system, argument) {
        const line = await system.readLine(await values.handle(argument));
        if (line.length === 0) {
            throw new Refusal(null);
        }
        return doneWithText(line.subarray(0, line.length - (line[line.length - 1] === LINE_FEED)));
    },
    async READ_TO_END(values, system, argument) {
        return doneWith(await system.read(await values.handle(argument), Infinity));
    },
    async WRITE(values, system, argument) {
        const [first, list] = await values.pair(argument);
        const handle = await values.handle(first);
        system.expect(handle);
        await system.write(handle, Uint8Array.from(await values.numbers(list)));
        return outcomeOf(DONE);
    },
    async WRITE_TEXT(values, system, argument) {
        const [handle, list] = await values.pair(argument);
        await system.write(await values.handle(handle), encoded(await values.numbers(list)));
        return outcomeOf(DONE);
    },
    async WRITE_TEXT_LINE(values, system, argument) {
        const [handle, list] = await values.pair(argument);
        const codes = await values.numbers(list);
        codes.push(LINE_FEED);
        await system.write(await values.handle(handle), encoded(codes));
        return outcomeOf(DONE);
    },
    async FLUSH(values, system, argument) {
        system.expect(await values.handle(argument));
        return outcomeOf(DONE);
    },
    async OPEN(values, system, argument) {
        const [first, second] = await values.pair(argument);
        const path = await values.string(first), mode = await values.string(second);
        if (path.includes(0) || mode.includes(0)) {
            throw new Refusal(EINVAL);
        }
        return outcomeOf(DONE, A_NUMBER, await system.open(path, new TextDecoder().decode(mode)), 1);
    },
    async CLOSE(values, system, argument) {
        await system.close(await values.handle(argument));
        return outcomeOf(DONE);
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
        return outcomeOf(DONE);
    },
    async GET_TIME(values, system) {
        const now = system.now();
        return outcomeOf(DONE, A_PAIR, Number(now >> 24n & 0xffffffn), Number(now & 0xffffffn));
    },
    async SLEEP(values, system, argument) {
        const [upper, lower] = await values.pair(argument);
        const nanoseconds = await values.number(upper) * 2 ** 24 + await values.number(lower);
        await system.sleep(nanoseconds / 1e6);
        return outcomeOf(DONE);
    },
    DL_OPEN: refuseLibraries, DL_CALL: refuseLibraries, DL_CLOSE: refuseLibraries,
};

async function refuseLibraries() {
    throw new Refusal('WebAssembly programs cannot use libraries.');
}

/* The outcome of an action. */
async function perform(values, system, name, argument) {
    const codes = await values.listed(name) ?? [];
    const called = new TextDecoder().decode(encoded(codes));
    if (!Object.hasOwn(ACTIONS, called)) {
        return outcomeOf(WRONG_NAME);
    }
    try {
        return await ACTIONS[called](values, system, argument);
    } catch (problem) {
        if (problem instanceof WrongType) {
            return outcomeOf(WRONG_TYPE);
        }
        if (problem instanceof Refusal) {
            return refusedFor(problem.reason);
        }
        throw problem;
    }
}

/* ---- What has been performed ---- */

/* How much is remembered. */
const RECORD_LIMIT = 64 * MEGABYTE, OUTCOME_BYTES = 256;

/* The outcomes of all actions so far, each with how many times it came in a row, unless they are too large. */
class Performed {
    constructor() {
        this.items = [];
        this.bytes = 0;
        this.isComplete = true;
    }

    add(outcome) {
        const last = this.items[this.items.length - 1];
        if (last !== undefined && isSameOutcome(last.outcome, outcome)) {
            last.times++;
            return;
        }
        this.bytes += OUTCOME_BYTES + outcome.bytes.length;
        if (this.bytes > RECORD_LIMIT) {
            this.isComplete = false;
            this.items = [];
        } else {
            /* Bytes may be a part of much more. */
            this.items.push({ outcome: { ...outcome, bytes: outcome.bytes.slice() }, times: 1 });
        }
    }

    /* All outcomes, one after the other. */
    * outcomes() {
        for (const { outcome, times } of this.items) {
            for (let count = 0; count < times; count++) {
                yield outcome;
            }
        }
    }
}

function isSameOutcome(one, other) {
    return one.ending === other.ending && one.kind === other.kind && one.first === other.first
        && one.second === other.second && one.bytes.length === other.bytes.length
        && one.bytes.every((byte, index) => byte === other.bytes[index]);
}
