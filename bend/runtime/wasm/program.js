const VERSION = '@VERSION@';
/* What threads are called that this script starts. */
const THREAD = 'bend';
/* Megabytes. */
const LEAST_STACK = 4;
const isNode = typeof process === 'object' && Boolean(process.versions?.node);
const SCRIPT = isNode ? __filename : globalThis.document?.currentScript?.src;

const PAGE = 65536, MEGABYTE = 2 ** 20, GIGABYTE = 2 ** 30, WORD = 2 ** 32;
const ADDRESSABLE = 4 * GIGABYTE;
/* The tags of values, in their lowest three bits. */
const CELL = 0, NUMBER = 1, IMMEDIATE = 2, FUNCTION = 3, CONSTANT = 4, ERASER = 5;
/* Why a run ends early. */
const STOP_MEMORY = 1, STOP_DIVISION = 3, STOP_SHAPE = 5, STOP_STACK = 6, STOP_BUDGET = 7;
const SUCCESS = 0, FAILURE = 1, USAGE_ERROR = 2, FAULT = 101, BROKEN_PIPE = 141;

/* ---- Ends of a run ---------------------------------------------------------------------- */

/* A run ends with a text for people, or none, and an exit code. */
class End extends Error {
    constructor(text, code = FAILURE) {
        super(text);
        this.code = code;
    }
}

/* A run ends with an error unless the program begins again as nets. */
class NeedsNets extends End {}

/* The program has stopped itself. */
class Stop extends Error {
    constructor(reason, detail) {
        super(`stop ${reason}`);
        this.reason = reason;
        this.detail = detail;
    }
}

function diagnostic(code, message, hint) {
    return `error[${code}]: ${message}\n  = hint: ${hint}\n\n`;
}

function faultText(problem) {
    return `error: The program failed in a way that it should not: ${problem}.\n\n`;
}

function refusal(message, hint) {
    return new End(diagnostic('command-line', message, hint), USAGE_ERROR);
}

function sizeText(bytes) {
    return bytes >= GIGABYTE ? `${(bytes / GIGABYTE).toFixed(1)} GB` : `${(bytes / MEGABYTE).toFixed(0)} MB`;
}

/* ---- Programs --------------------------------------------------------------------------- */

/* A compiled module, what it says of itself, and the bytes of the module to begin again with, if there is one. */
async function load(source) {
    if (!(source instanceof WebAssembly.Module)) {
        let compiled;
        try {
            compiled = await WebAssembly.compile(source);
        } catch (problem) {
            throw new End(diagnostic('not-a-program',
                `This is no WebAssembly module that this engine can run: ${problem.message}.`,
                'Programs are made by `bend build --target wasm32`. They need Node 20, or a browser of 2025.'));
        }
        source = compiled;
    }
    const sections = WebAssembly.Module.customSections(source, 'bend');
    if (sections.length !== 1) {
        throw new End(diagnostic('not-a-program', 'This WebAssembly module is not made by Bend.',
            'Make it by `bend build --target wasm32`.'));
    }
    const about = JSON.parse(new TextDecoder().decode(sections[0]));
    if (about.version !== VERSION) {
        throw new End(diagnostic('other-version',
            `The module is made by version ${about.version}, and this script belongs to ${VERSION}.`,
            'Use the `bend.js` that `bend build` has put beside the module.'));
    }
    return { module: source, about, nets: WebAssembly.Module.customSections(source, 'nets')[0] };
}

/* The size that a text like 200M or 4G means, in bytes. */
function memorySize(text) {
    const found = /^(\d+)([KMGT]?)(i?b?)$/i.exec(text);
    const size = found ? Number(found[1]) * 1024 ** ' KMGT'.indexOf(found[2].toUpperCase() || ' ') : 0;
    if (size === 0) {
        throw refusal('This is not a size of memory.', 'Write it like 200M or 4G.');
    }
    return size;
}

/* A whole number of 24 bits as a value. */
function numberArgument(text, hasSign) {
    const found = (hasSign ? /^([-+]?)(0x[0-9a-f]+|\d+)$/i : /^()(0x[0-9a-f]+|\d+)$/i).exec(text);
    const isNegative = found !== null && found[1] === '-';
    const number = found === null ? Infinity : Number(found[2]);
    if (number > (hasSign ? 0x7fffff + isNegative : 0xffffff)) {
        throw refusal('An argument is not a number of the type that `main` takes.', hasSign
            ? 'Write a number from -8388608 to 8388607.' : 'Write a number from 0 to 16777215.');
    }
    return ((isNegative ? -number : number) & 0xffffff) * 256 + (hasSign ? 2 : 1) * 8 + NUMBER;
}

function argumentValues(texts, types) {
    if (texts.length !== types.length) {
        throw refusal(`There are too ${texts.length < types.length ? 'few' : 'many'} arguments.`,
            `\`main\` takes ${types.length}.`);
    }
    return types.map((type, index) => numberArgument(String(texts[index]), type === 'i24'));
}
