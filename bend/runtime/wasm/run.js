/* ---- Running ------------------------------------------------------------------------------------ */

/* Whether functions of WebAssembly can run on stacks of their own and wait (JavaScript Promise Integration), the bytes
   of such a stack, and how many of them a program may count on. */
const HAS_STACKS = !isNode && typeof WebAssembly.promising === 'function';
const STACK_SIZE = 720 * 1024, STACK_ROOM = BigInt(STACK_SIZE), ENDLESS = 1n << 62n;

/* How many milliseconds a program may run that might do much better as nets. */
const BUDGET = 1000;

/* A program of the direct engine in memory. */
class Run extends Machine {
    constructor(loaded, memoryLimit) {
        super(loaded, memoryLimit);
        this.shapes = this.about.shapes.map(([name, kind, fields, packed, numberType, list, isCall]) =>
            ({ name, kind, fields, packed, numberType, list, isCall }));
        this.functions = {};
        this.exports.begin(this.room, BigInt(this.start), BigInt(this.about.constants), BigInt(this.limit));
    }

    provided() {
        return {
            more_stack: this.withNewStacks((number, detail) => this.onNewStack(number, Number(detail))),
            look_at_clock: () => {
                if (performance.now() - this.asked > BUDGET) {
                    throw new Stop(STOP_BUDGET, 0);
                }
            },
        };
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

    /* Has the program do something with words; null if it stops, which it does but once. */
    async ask(name, ...values) {
        if (this.stop !== null) {
            return null;
        }
        this.asked = performance.now();
        try {
            const result = await this.waiting(name)(this.room, ...values.map(BigInt));
            return result === undefined ? 0 : numberOf(result);
        } catch (problem) {
            this.stop = this.reasonOf(problem);
            return null;
        } finally {
            this.milliseconds += performance.now() - this.asked;
            this.look();
        }
    }

    /* The same where there is no result without it. */
    async demand(name, ...values) {
        const result = await this.ask(name, ...values);
        if (result === null) {
            throw this.ending();
        }
        return result;
    }

    /* What to throw when the run has stopped. */
    ending() {
        const isForNets = this.stop.reason === STOP_SHAPE || this.stop.reason === STOP_BUDGET;
        return isForNets ? this.need(this.stopText()) : new End(this.stopText());
    }

    /* What to throw where only nets go on, and there may be some. */
    need(text) {
        return this.canBeginAgain ? new NeedsNets(text) : new End(text);
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
        switch (this.stop.reason) {
            case STOP_STACK: return this.about.stack[this.stop.detail];
            case STOP_SHAPE: return this.about.wrongShape;
            case STOP_BUDGET: return this.about.outOfBudget;
            default: return super.stopText();
        }
    }
}

const tagOf = value => value % 8;
const indexOf = value => Math.floor(value / WORD);
const payloadOf = value => value >>> 8;
