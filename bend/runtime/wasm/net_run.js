/* ---- Reducing nets ------------------------------------------------------------------------------ */

/* Ports: their tags in the lowest four bits, the labels of duplications above these, values from bit 24 on. No value has
   more than 29 bits here, be it a number word or the index of a word of memory. */
const NET_VARIABLE = 0, NET_REFERENCE = 1, NET_ERASER = 2, NET_NUMBER = 3, NET_CON = 4, NET_DUP = 5, NET_OPR = 6,
    NET_SWI = 7;
const PORT_VALUE = 2 ** 24;
const netTag = port => port & 15;
const netValue = port => Math.floor(port / PORT_VALUE);
const netLabel = port => (port & 0xffffff) >>> 4;
const netPort = (tag, value) => value * PORT_VALUE + tag;

/* A program that runs as nets, in memory. Places are the indices of words. */
class NetRun extends Machine {
    constructor(loaded, memoryLimit, before) {
        super(loaded, memoryLimit, before);
        this.begin();
    }

    provided() {
        return {};
    }

    /* Lays out a run anew, which may be the second one in this memory. */
    begin() {
        this.words.fill(0, this.start / 4, (this.start + PAGE) / 4);
        this.root = this.demand('begin', BigInt(this.limit));
    }

    /* Has the program do something with words (of type BigInt) and addresses; null if it stops. */
    ask(name, ...values) {
        const start = performance.now();
        try {
            const result = this.exports[name](this.start, ...values);
            return typeof result === 'bigint' ? numberOf(result) : result ?? 0;
        } catch (problem) {
            if (!(problem instanceof Stop)) {
                throw new End(faultText(problem), FAULT);
            }
            this.stop = problem;
            return null;
        } finally {
            this.milliseconds += performance.now() - start;
            this.look();
        }
    }

    /* The same where there is no result without it. */
    demand(name, ...values) {
        const result = this.ask(name, ...values);
        if (result === null) {
            throw new End(this.stopText());
        }
        return result;
    }

    /* The port at a place. */
    at(place) {
        return this.word(place * 8);
    }

    /* A port, or the one at the other end of the variables that it leads through. */
    resolved(port) {
        while (netTag(port) === NET_VARIABLE && this.at(netValue(port)) !== 0) {
            port = this.at(netValue(port));
        }
        return port;
    }

    /* Reduces a definition, applied to numbers (ports); whether the net came to rest. */
    reduce(definition, numbers) {
        let target = netPort(NET_VARIABLE, this.root);
        for (const number of [...numbers].reverse()) {
            target = this.demand('give_argument', BigInt(number), BigInt(target));
        }
        return this.ask('boot', BigInt(definition), BigInt(target)) !== null;
    }

    /* The root of a definition's net when it is reduced in memory of its own, which is that of the result, read by now;
       null if that fails. */
    rootOf(definition) {
        this.stop = null;
        this.begin();
        return this.reduce(definition, []) ? this.at(this.root) : null;
    }
}

/* Runs a program as nets. Arguments are values of the direct engine; what has been performed is not performed again.
   Gives what to show, what to warn of, and how many interactions there were. */
async function runNets(run, system, values, performed) {
    const numbers = values.map(value => netPort(NET_NUMBER, Math.floor(value / 8)));
    if (!run.reduce(0, numbers)) {
        throw new End(run.stopText());
    }
    if (run.about.actions !== null) {
        await performNetActions(run, system, performed);
    }
    const interactions = run.demand('interactions'), { milliseconds } = run;
    return { ...netResult(run), interactions, milliseconds };
}
