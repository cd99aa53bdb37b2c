/* ---- Actions of nets ---------------------------------------------------------------------------- */

/* What the result is: nothing that has to do with actions, the last one, or one that asks for something. */
const NO_ACTION = 0, ASKS = 2;
/* Why the program has given no more numbers of a list: it ends, or what was to take them is full. */
const LIST_ENDS = 0, LIST_GOES_ON = 1;
/* The encoding in which constructors have no siblings, but tags. */
const NUM_SCOTT = 1;

/* Values of nets that are at rest. Those that the program gives are places, those for it are ports. */
class NetValues extends Values {
    constructor(run) {
        super(run);
        this.actions = run.about.actions;
        this.nothing = NET_ERASER;
        /* How many siblings an action has. */
        this.encoding = NUM_SCOTT;
    }

    /* Writes words through which arrays go in; gives where they are. */
    write(words) {
        words.forEach((word, index) => this.run.setWord(this.run.scratch + 8 * index, word));
        return this.run.scratch;
    }

    /* The port at a place, evaluated if it is a reference. One that stands for a number need not be. */
    value(place) {
        const port = this.run.resolved(this.run.at(place));
        if (netTag(port) !== NET_REFERENCE) {
            return port;
        }
        const number = this.run.demand('constant_of', BigInt(port));
        if (number !== 0) {
            return number;
        }
        this.run.demand('force', BigInt(place));
        return this.run.resolved(this.run.at(place));
    }

    /* Looks at the result, and evaluates it if it may be an action: the places of its name and its argument if it asks
       for something, or null. */
    action() {
        const { root } = this.run, port = this.run.resolved(this.run.at(root));
        const isFolded = netTag(port) === NET_REFERENCE && this.actions.mayAct[netValue(port)] === 1;
        if (isFolded) {
            this.value(root);
        }
        const references = this.actions.magicReferences;
        const magic = this.write([references.length, ...this.run.about.magic, ...references]);
        const out = magic + 8 * (3 + references.length);
        const kind = this.run.demand('read_action', BigInt(root), magic, out);
        if (kind === NO_ACTION && isFolded) {
            this.run.setWord(root * 8, port);
        }
        if (kind !== ASKS) {
            return null;
        }
        this.encoding = this.run.word(out);
        return { name: this.run.word(out + 8), argument: this.run.word(out + 16) };
    }

    /* The places of the parts of a tuple, or null. */
    parts(place) {
        const port = this.value(place);
        return netTag(port) === NET_CON ? [netValue(port), netValue(port) + 1] : null;
    }

    numberWord(place) {
        const port = this.value(place);
        return netTag(port) === NET_NUMBER ? netValue(port) : null;
    }

    /* The payloads in a list of numbers, which is used up, or null. */
    listed(place) {
        const { scratch } = this.run, most = BigInt(SCRATCH / 8 - 1), found = [];
        for (;;) {
            const count = this.run.demand('take_numbers', BigInt(place), scratch, most);
            for (let index = 1; index <= count; index++) {
                found.push(this.run.word(scratch + 8 * index));
            }
            const reason = this.run.word(scratch);
            if (reason !== LIST_GOES_ON) {
                return reason === LIST_ENDS ? found : null;
            }
        }
    }

    makeNumber(payload, type) {
        return netPort(NET_NUMBER, (payload & 0xffffff) * 32 + type);
    }

    makePair(first, second) {
        return this.run.demand('make_pair', BigInt(first), BigInt(second));
    }

    /* A constructor with its fields. */
    make(constructor_, ...fields) {
        const [tag, siblings, arm] = this.actions.made[constructor_];
        if (this.encoding === NUM_SCOTT) {
            return this.run.demand('make_constructor', 1n, 0n, this.write([tag, ...fields]), BigInt(fields.length + 1));
        }
        return this.run.demand('make_constructor', BigInt(siblings), BigInt(arm), this.write(fields),
            BigInt(fields.length));
    }

    /* A list of numbers, made from its end: a 'LIST', or a 'STRING'. */
    makeList(type, numbers) {
        const [tag] = this.actions.made[`${type}_CELL`], most = SCRATCH / 8;
        let list = this.make(`${type}_END`);
        for (let left = numbers.length; left > 0;) {
            const count = Math.min(left, most);
            left -= count;
            const payloads = this.write(numbers.slice(left, left + count));
            list = this.run.demand('prepend', BigInt(this.encoding), BigInt(tag), payloads, BigInt(count), BigInt(list));
        }
        return list;
    }
}

/* Performs actions until the result asks for none. Those that have been performed are not performed again: the program
   gets the same outcomes. */
async function performNetActions(run, system, performed) {
    const values = new NetValues(run), known = performed.outcomes();
    for (let action = values.action(); action !== null; action = values.action()) {
        const { value, done } = known.next();
        const outcome = done ? await perform(values, system, action.name, action.argument) : value;
        const given = await values.made(outcome);
        run.demand('go_on', BigInt(run.root), BigInt(values.encoding), BigInt(given));
    }
}
