/* The playground: shows programs that are compiled already, and runs them in workers (`bend.js`). */
'use strict';

const element = id => document.getElementById(id);
const KEYWORDS = 'def|type|object|match|switch|case|fold|bend|when|fork|if|elif|else|return|let|use|with|lambda|open';
/* Comments, texts and keywords. */
const WORDS = new RegExp(String.raw`(#[^\n]*)|("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|\b(?:${KEYWORDS})\b`, 'g');
/* More characters of output than that are not shown. */
const MOST_OUTPUT = 1_000_000;

let shown = null;
let job = null;
let takeLine = null;

/* A part of a text with a class. */
function part(text, kind) {
    const span = document.createElement('span');
    span.className = kind;
    span.textContent = text;
    return span;
}

function colored(source) {
    const parts = [];
    let end = 0;
    for (const found of source.matchAll(WORDS)) {
        parts.push(source.slice(end, found.index), part(found[0], found[1] ? 'comment' : found[2] ? 'text' : 'word'));
        end = found.index + found[0].length;
    }
    return [...parts, source.slice(end)];
}

function print(text, kind) {
    const output = element('output');
    const room = MOST_OUTPUT - output.textContent.length;
    if (room > 0) {
        output.append(part(text.length > room ? `${text.slice(0, room)}\n...` : text, kind));
        output.scrollTop = output.scrollHeight;
    }
}

function clear() {
    element('output').replaceChildren();
    element('status').textContent = '\u00a0';
}

async function show(program) {
    stop();
    job = null;
    setRunning(false);
    clear();
    shown = program;
    for (const button of element('programs').children) {
        button.setAttribute('aria-pressed', String(button.textContent === program.title));
    }
    element('arguments').replaceChildren(...program.arguments.map(({ name, value }) => {
        const label = document.createElement('label');
        const input = document.createElement('input');
        Object.assign(input, { value, size: 9, required: true, className: 'argument' });
        label.append(`${name} `, input);
        return label;
    }));
    const source = await (await fetch(program.source)).text();
    if (shown === program) {
        element('source').replaceChildren(...colored(source));
    }
}

function setRunning(isRunning) {
    element('start').disabled = isRunning;
    element('stop').disabled = !isRunning;
    if (!isRunning) {
        element('answer').hidden = true;
        takeLine = null;
    }
}

/* The next line of input, when somebody has written it; null at the end. */
function askForLine() {
    element('answer').hidden = false;
    element('line').focus();
    return new Promise(resolve => {
        takeLine = resolve;
    });
}

function giveLine(line) {
    element('answer').hidden = true;
    element('line').value = '';
    if (line !== null) {
        print(line, 'comment');
    }
    takeLine?.(line);
    takeLine = null;
}

async function run() {
    clear();
    setRunning(true);
    element('status').textContent = 'Running ...';
    const texts = [...document.querySelectorAll('.argument')].map(input => input.value.trim());
    const begun = performance.now();
    const mine = job = bend.start(shown.module, texts, {
        memory: element('memory').value,
        onOutput: (text, stream) => mine === job && print(text, stream === 2 ? 'wrong' : ''),
        onInput: askForLine,
    });
    const { result, error, code, milliseconds } = await mine.done;
    if (mine !== job) {
        return;
    }
    job = null;
    setRunning(false);
    if (result !== null) {
        print(`Result: ${result}\n`, 'result');
    }
    print(error, 'wrong');
    const whole = performance.now() - begun;
    element('status').textContent = code === 130 ? 'Stopped.'
        : `${code === 0 ? 'Done' : `Failed with exit code ${code}`} in ${milliseconds.toFixed(1)} ms `
            + `(${whole.toFixed(0)} ms with loading).`;
}

function stop() {
    job?.stop();
}

element('form').addEventListener('submit', event => {
    event.preventDefault();
    run();
});
element('stop').addEventListener('click', stop);
element('answer').addEventListener('submit', event => {
    event.preventDefault();
    giveLine(`${element('line').value}\n`);
});
element('end').addEventListener('click', () => giveLine(null));

async function begin() {
    const programs = await (await fetch('programs.json')).json();
    element('programs').replaceChildren(...programs.map(program => {
        const button = document.createElement('button');
        button.textContent = program.title;
        button.addEventListener('click', () => show(program));
        return button;
    }));
    await show(programs[0]);
}

begin().catch(problem => {
    element('status').textContent = `The programs cannot be loaded (${problem.message}): this page needs a web server.`;
});
