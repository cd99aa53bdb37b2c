/* ---- Nets as ports that know their partners ----------------------------------------------------- */

/* A port is three times the number of its node, and 0 for the principal port, 1 or 2 for the others. Node 0 is the
   outside of the net; there and at ends without a partner, kinds are NET_OUTSIDE. */
const NET_OUTSIDE = NET_VARIABLE, NET_NO_PORT = 2 ** 32 - 1;
/* In the slot of a variable of which one end was found: sixteen times the port where that is, and this. */
const NET_END_TAG = 8;

class NetGraph {
    constructor(isReduced) {
        this.isReduced = isReduced;
        this.count = 0;
        /* Of each node: its tag, the label and the value that the port has that it was made from, its three partners,
           and the node above it. */
        this.kinds = new Uint8Array(16);
        this.labels = new Uint32Array(16);
        this.values = new Uint32Array(16);
        this.partners = new Uint32Array(48);
        this.owners = new Uint32Array(16);
        /* Of a definition: the ports from which results of what it has still to do come. */
        this.outputs = null;
        this.newNode(NET_OUTSIDE, 0, NET_NO_PORT);
    }

    grow() {
        for (const name of ['kinds', 'labels', 'values', 'partners', 'owners']) {
            const old = this[name];
            this[name] = new old.constructor(old.length * 2);
            this[name].set(old);
        }
    }

    newNode(kind, leaf, owner) {
        const node = this.count++;
        if (node === this.kinds.length) {
            this.grow();
        }
        this.kinds[node] = kind;
        this.labels[node] = netLabel(leaf);
        this.values[node] = netValue(leaf);
        this.owners[node] = owner;
        for (let port = node * 3; port < node * 3 + 3; port++) {
            this.partners[port] = NET_NO_PORT;
        }
        return node;
    }

    join(a, b) {
        this.partners[a] = b;
        this.partners[b] = a;
    }

    nodeAt(port) {
        return Math.floor(port / 3);
    }

    kindAt(port) {
        return this.kinds[this.nodeAt(port)];
    }

    /* Adds a tree below a port. */
    hang(source, root, port) {
        const todo = new Words();
        todo.push(root);
        todo.push(port);
        while (todo.count > 0) {
            const above = todo.pop(), item = todo.pop(), tag = netTag(item);
            if (tag === NET_VARIABLE) {
                const held = source.slot(netValue(item));
                if (held === 0 || netTag(held) === NET_END_TAG) {
                    this.hangVariable(source, netValue(item), held, above);
                } else {
                    todo.push(held);
                    todo.push(above);
                }
                continue;
            }
            const node = this.newNode(tag, item, this.nodeAt(above));
            this.join(above, node * 3);
            if (tag >= NET_CON) {
                todo.push(source.part(netValue(item), 1));
                todo.push(node * 3 + 2);
                todo.push(source.part(netValue(item), 0));
                todo.push(node * 3 + 1);
            }
        }
    }

    /* Joins a port with an end of a variable. */
    hangVariable(source, variable, held, above) {
        if (held !== 0) {
            this.join(above, Math.floor(held / 16));
            source.fill(variable, 0);
        } else {
            source.fill(variable, above * 16 + NET_END_TAG);
            source.ends.push(variable);
        }
    }

    /* Ends that have no partner get one. */
    closeEnds(source) {
        for (let index = 0; index < source.ends.count; index++) {
            const variable = source.ends.items[index], held = source.slot(variable);
            if (netTag(held) === NET_END_TAG) {
                this.join(Math.floor(held / 16), this.newNode(NET_OUTSIDE, 0, NET_NO_PORT) * 3);
                source.fill(variable, 0);
            }
        }
    }

    /* Finds the ports from which results come: those of operations and switches, and of the applications in redexes. A
       redex has a value on one side, and on the other what is done with it, which ends in the result. */
    findOutputs(wires) {
        this.outputs = new Uint8Array(this.count * 3);
        for (let node = 0; node < this.count; node++) {
            this.outputs[node * 3 + 2] = this.kinds[node] === NET_OPR || this.kinds[node] === NET_SWI;
        }
        for (const wire of wires) {
            const left = this.partners[wire * 3 + 1], right = this.partners[wire * 3 + 2];
            let asked = [NET_CON, NET_REFERENCE, NET_NUMBER].includes(this.kindAt(left)) ? right : left;
            while (asked % 3 === 0 && this.kindAt(asked) === NET_CON) {
                this.outputs[asked + 2] = 1;
                asked = this.partners[asked + 2];
            }
        }
    }

    isOutput(port) {
        return this.outputs !== null && this.outputs[port] === 1;
    }

    /* Finds for each node whether the wires from within the tree below it end within. Trees are ranges of numbers. */
    finish() {
        const count = this.count;
        const last = new Uint32Array(count), high = new Uint32Array(count), low = new Float64Array(count);
        for (let node = 0; node < count; node++) {
            low[node] = last[node] = high[node] = node;
        }
        for (let node = count - 1; node >= 0; node--) {
            for (let port = node * 3 + 1; port < node * 3 + 3; port++) {
                const partner = this.partners[port];
                if (partner === NET_NO_PORT || this.isOutput(partner)) {
                    continue;
                }
                const other = this.nodeAt(partner);
                if (partner % 3 !== 0) {
                    low[node] = Math.min(low[node], other);
                    high[node] = Math.max(high[node], other);
                } else if (this.kinds[other] === NET_OUTSIDE) {
                    low[node] = -1;
                }
            }
            const owner = this.owners[node];
            if (owner !== NET_NO_PORT) {
                last[owner] = Math.max(last[owner], last[node]);
                low[owner] = Math.min(low[owner], low[node]);
                high[owner] = Math.max(high[owner], high[node]);
            }
        }
        /* Whether no wire leaves the tree below a node. */
        this.closed = new Uint8Array(count);
        for (let node = 0; node < count; node++) {
            this.closed[node] = low[node] >= node && high[node] <= last[node];
        }
        this.owners = null;
        /* What readback calls the variables that are bound at ports; 0 for no name yet. */
        this.names = new Uint32Array(count * 3);
        return this;
    }

    /* ---- What nodes are ---- */

    /* Whether a principal port belongs to what is done with a variable, and is no value: an operation, a switch, or a
       duplication with a label; or applications of which one of these is the last. */
    isUse(port) {
        while (port % 3 === 0 && this.kindAt(port) === NET_CON) {
            port = this.partners[port + 2];
        }
        const kind = this.kindAt(port);
        return port % 3 === 0 && (kind === NET_OPR || kind === NET_SWI
            || (kind === NET_DUP && this.labels[port / 3] !== 0));
    }

    /* Whether nothing comes of the variable that is bound at a port. */
    isDropped(port) {
        const use = this.partners[port];
        return use % 3 === 0 && this.closed[use / 3] === 1 && (this.kindAt(use) === NET_ERASER || this.isUse(use));
    }

    /* Whether a `()` node seen from its principal port is a function: it is a pair when the tree at its first port is
       closed and not `*`. */
    isFunction(node) {
        const first = this.partners[node * 3 + 1];
        return !this.isOutput(first)
            && (first % 3 !== 0 || this.closed[first / 3] === 0 || this.kindAt(first) === NET_ERASER
                || this.isUse(first));
    }

    /* The number of the definition that a port refers to, or -1. */
    referenceAt(port) {
        return this.kindAt(port) === NET_REFERENCE ? this.values[this.nodeAt(port)] : -1;
    }

    /* The word of the number at a port, or -1. */
    numberAt(port) {
        return this.kindAt(port) === NET_NUMBER ? this.values[this.nodeAt(port)] : -1;
    }
}

/* Where the net of a result lies: in the heap, whose variables serve no more after that. */
class HeapSource {
    constructor(run) {
        this.run = run;
        this.ends = new Words();
    }

    slot(variable) {
        return this.run.at(variable);
    }

    fill(variable, word) {
        this.run.setWord(variable * 8, word);
    }

    part(node, index) {
        return this.run.at(node + index);
    }
}

/* Where that of a definition lies: in the tables of the book. Its variables are numbered. */
class BookSource {
    constructor(run, place, variables) {
        this.run = run;
        this.place = place;
        this.slots = new Float64Array(variables);
        this.ends = new Words();
    }

    slot(variable) {
        return this.slots[variable];
    }

    fill(variable, word) {
        this.slots[variable] = word;
    }

    part(node, index) {
        return this.run.at(this.place + 2 * node + index);
    }
}

/* The net of a result at a port of the heap. */
function reducedGraph(run, root) {
    const graph = new NetGraph(true), source = new HeapSource(run);
    graph.hang(source, root, 0);
    graph.closeEnds(source);
    return graph.finish();
}

/* The net of a definition, as it was compiled. */
function writtenGraph(run, definition) {
    const VARIABLES = 0, NODES = 1, PAIRS = 2, ROOT = 3, WORDS = 5;
    const book = run.exports.book_words() / 8, place = book + run.at(book + definition);
    const source = new BookSource(run, place + WORDS, run.at(place + VARIABLES));
    const pairs = place + WORDS + 2 * run.at(place + NODES);
    const graph = new NetGraph(false), wires = [];
    graph.hang(source, run.at(place + ROOT), 0);
    for (let index = 0; index < run.at(place + PAIRS); index++) {
        const wire = graph.newNode(NET_OUTSIDE, 0, NET_NO_PORT);
        wires.push(wire);
        graph.hang(source, run.at(pairs + 2 * index), wire * 3 + 1);
        graph.hang(source, run.at(pairs + 2 * index + 1), wire * 3 + 2);
    }
    graph.closeEnds(source);
    graph.findOutputs(wires);
    graph.finish();
    for (const wire of wires) {
        graph.join(graph.partners[wire * 3 + 1], graph.partners[wire * 3 + 2]);
    }
    return graph;
}
