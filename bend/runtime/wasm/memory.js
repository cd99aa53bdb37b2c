/* ---- Memory ------------------------------------------------------------------------------------- */

/* Bytes of memory through which arrays go in. */
const SCRATCH = PAGE;

/* A module in memory. Values and ports are numbers: 53 bits are enough for all that are not the headers of cells. */
class Machine {
    /* More than the limit is not used. A machine that has run `before` is over: its memory becomes that of this one. */
    constructor({ module, about, nets }, memoryLimit, before) {
        this.about = about;
        this.canBeginAgain = nets !== undefined;
        this.limit = Math.min(memoryLimit, ADDRESSABLE);
        this.stop = null;
        this.milliseconds = 0;
        this.scratch = about.memory + 15 & ~15;
        this.start = this.scratch + SCRATCH;
        const first = this.start + PAGE;
        this.memory = before?.memory ?? reserved(first, this.start + this.limit + 2 * MEGABYTE);
        if (this.memory.buffer.byteLength < first) {
            this.moreMemory(first);
        }
        this.look();
        this.words.fill(0, 0, first / 4);
        const env = {
            __linear_memory: this.memory,
            more_memory: end => this.moreMemory(Number(end)),
            end_run: (reason, detail) => {
                throw new Stop(Number(reason), Number(detail));
            },
            ...this.provided(),
        };
        this.exports = new WebAssembly.Instance(module, { env }).exports;
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
                this.memory.grow(Math.ceil(Math.max(bytes, 0) / PAGE));
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

    setWord(address, word) {
        const index = address / 4;
        this.words[index] = word % WORD;
        this.words[index + 1] = word / WORD;
    }

    stopText() {
        const { reason, detail } = this.stop;
        return reason === STOP_DIVISION ? this.about.divisions[detail] ?? this.about.divisions['']
            : diagnostic('out-of-memory',
                `The program ran out of memory: it had used ${sizeText(detail)} of ${sizeText(this.limit)}.`,
                this.limit < ADDRESSABLE ? 'Allow it more with `--memory SIZE`.'
                    : 'WebAssembly has no more; an executable of `bend build` may have.');
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
