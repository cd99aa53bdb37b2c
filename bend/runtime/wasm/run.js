/* ---- Running ------------------------------------------------------------------------------------ */

/* Bytes of memory through which arrays go in. */
const SCRATCH = PAGE;

/* Whether functions of WebAssembly can run on stacks of their own and wait (JavaScript Promise Integration), the bytes
   of such a stack, and how many of them a program may count on. */
const HAS_STACKS = !isNode && typeof WebAssembly.promising === 'function';
const STACK_SIZE = 720 * 1024, STACK_ROOM = BigInt(STACK_SIZE), ENDLESS = 1n << 62n;

/* A program in memory. Values are numbers: 53 bits are enough for all that are not the headers of cells. */
class Run {
    constructor({ module, about }, memoryLimit) {
        const limit = Math.min(memoryLimit, ADDRESSABLE);
        this.about = about;
        this.shapes = about.shapes.map(([name, kind, fields, packed, numberType, list, isCall]) =>
            ({ name, kind, fields, packed, numberType, list, isCall }));
        this.scratch = about.memory + 15 & ~15;
        const start = this.scratch + SCRATCH;
        this.limit = limit;
        this.stop = null;
        this.milliseconds = 0;
        this.memory = reserved(start + PAGE, start + limit + 2 * MEGABYTE);
        const instance = new WebAssembly.Instance(module, {
            env: {
                __linear_memory: this.memory,
                more_memory: end => this.moreMemory(Number(end)),
                more_stack: this.withNewStacks((number, detail) => this.onNewStack(number, Number(detail))),
                end_run: (reason, detail) => {
                    throw new Stop(Number(reason), Number(detail));
                },
            },
        });
        this.exports = instance.exports;
        this.functions = {};
        this.look();
        this.exports.begin(this.room, BigInt(start), BigInt(about.constants), BigInt(limit));
    }

    /* What the program calls when its stack is used up: with promises of WebAssembly, it waits for the function. */
    withNewStacks(action) {
        this.room = HAS_STACKS ? STACK_ROOM : ENDLESS;
        this.stacks = 0;
        return HAS_STACKS ? new WebAssembly.Suspending(action) : () => {
            throw new Stop(STOP_STACK, this.about.stack.length - 1);
        };
    }

    /* Runs a function on a new stack, from the event loop, so that the stack of JavaScript does not grow. */
    async onNewStack(number, detail) {
        this.stacks++;
        if (this.stacks * STACK_SIZE > this.limit / 2) {
            throw new Stop(STOP_STACK, detail);
        }
        await null;
        await this.waiting('resume')(this.room, number);
        this.stacks--;
    }

    /* A function of the program's that may wait: gives a promise where that can be. */
    waiting(name) {
        this.functions[name] ??= HAS_STACKS ? WebAssembly.promising(this.exports[name]) : this.exports[name];
        return this.functions[name];
    }

    /* Memory that has grown is another buffer. */
    look() {
        if (this.words?.buffer !== this.memory.buffer) {
            this.words = new Uint32Array(this.memory.buffer);
        }
    }

    moreMemory(end) {
        const have = this.memory.buffer.byteLength;
        const more = Math.max(end - have, Math.min(have / 4, 64 * MEGABYTE));
        for (const bytes of [more, end - have]) {
            try {
                this.memory.grow(Math.ceil(bytes / PAGE));
                break;
            } catch {
                /* The engine has no more; perhaps it has as much as is needed. */
            }
        }
        return BigInt(this.memory.buffer.byteLength);
    }

    /* A word of memory, as far as it fits into a value. */
    word(address) {
        const index = address / 4;
        return this.words[index + 1] * WORD + this.words[index];
    }

    /* Has the program do something with words; null if it stops, which it does but once. */
    async ask(name, ...values) {
        if (this.stop !== null) {
            return null;
        }
        const start = performance.now();
        try {
            const result = await this.waiting(name)(this.room, ...values.map(BigInt));
            return result === undefined ? 0 : numberOf(result);
        } catch (problem) {
            this.stop = this.reasonOf(problem);
            return null;
        } finally {
            this.milliseconds += performance.now() - start;
            this.look();
        }
    }

    /* The same where there is no result without it. */
    async demand(name, ...values) {
        const result = await this.ask(name, ...values);
        if (result === null) {
            throw new End(this.stopText());
        }
        return result;
    }

    /* Why the run has stopped. */
    reasonOf(problem) {
        if (problem instanceof Stop) {
            return problem;
        }
        const isStack = problem instanceof RangeError || problem.name === 'InternalError';
        if (!isStack) {
            throw new End(faultText(problem), FAULT);
        }
        const frames = [...String(problem.stack).matchAll(/wasm-function\[(\d+)\]/g)];
        const known = frames.map(frame => this.about.functions[frame[1]]).find(number => number !== undefined);
        return new Stop(STOP_STACK, known ?? this.about.stack.length - 1);
    }

    stopText() {
        const { reason, detail } = this.stop;
        switch (reason) {
            case STOP_DIVISION: return this.about.divisions[detail] ?? this.about.divisions[''];
            case STOP_STACK: return this.about.stack[detail];
            case STOP_SHAPE: return this.about.wrongShape;
            default: return diagnostic('out-of-memory',
                `The program ran out of memory: it had used ${sizeText(detail)} of ${sizeText(this.limit)}.`,
                this.limit < ADDRESSABLE ? 'Allow it more with `--memory SIZE`.'
                    : 'WebAssembly has no more; an executable of `bend build` may have.');
        }
    }
}

/* Memory that begins with some bytes, and may grow. */
function reserved(bytes, most) {
    const maximum = Math.min(most, ADDRESSABLE);
    try {
        return new WebAssembly.Memory({ initial: Math.ceil(bytes / PAGE), maximum: Math.ceil(maximum / PAGE) });
    } catch (problem) {
        throw new End(diagnostic('out-of-memory', `The engine cannot reserve memory: ${problem.message}.`,
            'It needs some gigabytes of address space: allow it more (`ulimit -v`), or the program less memory.'));
    }
}

const numberOf = word => Number(BigInt.asUintN(64, word));
const tagOf = value => value % 8;
const indexOf = value => Math.floor(value / WORD);
const payloadOf = value => value >>> 8;
