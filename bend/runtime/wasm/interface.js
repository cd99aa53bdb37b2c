/* ---- Running programs, here and in threads --------------------------------------------------------- */

/* What a program may use unless told otherwise. */
function usualMemory() {
    if (!isNode) {
        return 2 * GIGABYTE;
    }
    const free = Math.min(require('node:os').freemem(), process.constrainedMemory?.() || Infinity);
    return Math.min(ADDRESSABLE, free / 5 * 4);
}

function memoryLimit(memory) {
    return typeof memory === 'number' ? memory : memory === undefined ? usualMemory() : memorySize(memory);
}

/* Runs a program (bytes, or a compiled module) with arguments (texts or numbers) to its end. Options: `memory`, the
 * most that it may use, such as '200M', or a number of bytes; `onOutput(text, stream)` gets what it prints, to stream 1
 * or 2; `onInput()` gives it lines to read, or promises of them, or null at the end.
 *
 * Gives a promise of the text of the `result` (null if there is none to show), the exit `code`, what to say about an
 * `error` or (with code 0) to warn of, the `milliseconds` of the computation, and how many `interactions` there were if
 * the program ran as nets. */
async function run(program, givenArguments = [], options = {}) {
    const system = options.system ?? new PlainSystem(options);
    const under = { machine: null };
    const outcome = (result, error, code) => ({
        result, error, code, milliseconds: under.machine?.milliseconds ?? 0,
    });
    try {
        const loaded = await load(program);
        const values = argumentValues(givenArguments, loaded.about.arguments);
        const { result, warnings, ...more } = await runLoaded(
            loaded, system, values, memoryLimit(options.memory), under);
        return { ...outcome(result, warnings, SUCCESS), ...more };
    } catch (problem) {
        if (problem instanceof End) {
            return outcome(null, problem.message, problem.code);
        }
        if (problem instanceof RangeError) {
            return outcome(null, noMemory(`: ${problem.message}`), FAILURE);
        }
        return outcome(null, faultText(problem), FAULT);
    } finally {
        system.closeAll();
    }
}

/* Runs a program with values: directly, as nets, or directly until it turns out that only nets go on. Then it begins
   again, and what it has performed is told it again. `under.machine` is what runs. */
async function runLoaded(loaded, system, values, limit, under) {
    const performed = new Performed();
    if (loaded.about.engine === 'net') {
        under.machine = new NetRun(loaded, limit, null);
        return runNets(under.machine, system, values, performed);
    }
    const direct = new Run(loaded, limit);
    under.machine = direct;
    try {
        return await runDirectly(direct, system, values, performed);
    } catch (problem) {
        if (!(problem instanceof NeedsNets) || !performed.isComplete) {
            throw problem;
        }
    }
    under.machine = new NetRun(await load(loaded.nets), limit, direct);
    return runNets(under.machine, system, values, performed);
}

async function runDirectly(run, system, values, performed) {
    let value = await run.demand('evaluate', 0);
    for (const argument of values) {
        value = await run.demand('apply', value, argument);
    }
    if (run.about.made !== null) {
        value = await performActions(run, system, value, performed);
    }
    return { result: await resultText(run, value), warnings: '' };
}

function noMemory(reason) {
    return diagnostic('out-of-memory', `The engine has no memory left${reason}.`,
        'Have the program give a smaller result.');
}

function faultOutcome(problem) {
    const isMemory = problem.code === 'ERR_WORKER_OUT_OF_MEMORY';
    return {
        result: null, milliseconds: 0, code: isMemory ? FAILURE : FAULT,
        error: isMemory ? noMemory('') : faultText(problem.message ?? problem),
    };
}

const STOPPED = { result: null, error: '', code: 130, milliseconds: 0 };

/* The same in a thread of its own: gives the promise as `done`, and `stop()`, after which the code is 130. In a page,
 * the program may also be an address. */
function start(program, givenArguments = [], options = {}) {
    let finish;
    const done = new Promise(resolve => {
        finish = resolve;
    });
    const job = { program, givenArguments, memory: options.memory, isCommand: options.isCommand === true };
    let end = () => undefined;
    const onMessage = (message, reply) => {
        if (message.outcome !== undefined) {
            end();
            finish(message.outcome);
        } else if (message.text !== undefined) {
            options.onOutput?.(message.text, message.stream);
        } else {
            Promise.resolve(options.onInput?.() ?? null).then(input => reply({ input }));
        }
    };
    try {
        end = (isNode ? startNodeThread : startPageThread)(job, onMessage, problem => finish(faultOutcome(problem)));
    } catch (problem) {
        const isEnd = problem instanceof End;
        finish(isEnd ? { ...STOPPED, error: problem.message, code: problem.code } : faultOutcome(problem));
    }
    const stop = () => {
        end();
        finish(STOPPED);
    };
    return { done, stop };
}

function startPageThread(job, onMessage, onProblem) {
    const worker = new Worker(SCRIPT, { name: THREAD });
    const program = typeof job.program === 'string' ? new URL(job.program, document.baseURI).href : job.program;
    worker.onmessage = event => onMessage(event.data, reply => worker.postMessage(reply));
    worker.onerror = event => onProblem(event.message ?? `${SCRIPT} cannot be loaded as a worker`);
    worker.postMessage({ ...job, program });
    return () => worker.terminate();
}

/* A thread whose stack is half of what the program may use, or smaller if the system does not grant that. */
function startNodeThread(job, onMessage, onProblem) {
    const { Worker } = require('node:worker_threads');
    const limit = memoryLimit(job.memory);
    let worker, isOver = false;
    const begin = stackSizeMb => {
        const again = problem => {
            if (problem.code === 'ERR_WORKER_INIT_FAILED' && stackSizeMb > LEAST_STACK) {
                begin(stackSizeMb / 4);
            } else {
                onProblem(problem);
            }
        };
        const workerData = { thread: THREAD, job: { ...job, memory: limit } };
        worker = new Worker(SCRIPT, { workerData, resourceLimits: { stackSizeMb } });
        worker.on('message', message => onMessage(message, reply => worker.postMessage(reply)));
        worker.on('error', again);
        worker.on('exit', () => isOver || onProblem(new Error('the thread has ended')));
    };
    begin(Math.max(LEAST_STACK, Math.floor(Math.min(limit / 2, 2 * GIGABYTE) / MEGABYTE)));
    return () => {
        isOver = true;
        worker.terminate();
    };
}

/* What a thread does: it runs one program, and tells whoever has started it how that goes. */
async function serve(job, tell, input) {
    const onInput = () => {
        tell({ wantsInput: true });
        return input();
    };
    try {
        const { memory, isCommand } = job;
        const system = isCommand ? new NodeSystem() : undefined;
        const program = typeof job.program === 'string' ? await fetched(job.program) : job.program;
        const onOutput = (text, stream) => tell({ text, stream });
        tell({ outcome: await run(program, job.givenArguments, { memory, onInput, onOutput, system }) });
    } catch (problem) {
        tell({ outcome: faultOutcome(problem) });
    }
}

async function fetched(address) {
    const response = await fetch(address);
    if (!response.ok) {
        throw new Error(`${address}: ${response.status} ${response.statusText}`);
    }
    return response.arrayBuffer();
}

/* ---- The command line ------------------------------------------------------------------------------ */

const USAGE = `usage: node bend.js [OPTIONS] PROGRAM.wasm [--] [ARGUMENTS]

ARGUMENTS are the numbers that \`main\` takes.

  -t N, --threads N   taken as by other executables, but there is one thread
  --memory SIZE       the most memory that the program may use, such as 200M or 4G
  -s                  print how long the program ran afterwards
  -h, --help          print this
`;

function parsed(texts) {
    const found = { words: [], memory: undefined, showsTime: false, showsHelp: false };
    const left = [...texts];
    while (left.length > 0) {
        const text = left.shift();
        const [, name, attached] = /^(--memory|--threads|-t)(?:=|(?<=^-t)(?=.)|$)(.*)$/.exec(text) ?? [];
        if (text === '--') {
            found.words.push(...left.splice(0));
        } else if (name !== undefined) {
            takeOption(found, name, text === name ? left.shift() : attached);
        } else if (text === '-s' || text === '--stats') {
            found.showsTime = true;
        } else if (text === '-h' || text === '--help') {
            found.showsHelp = true;
        } else if (text.startsWith('-')) {
            throw refusal('There is no such option.', '`--help` lists the options.');
        } else {
            found.words.push(text);
        }
    }
    return found;
}

function takeOption(found, name, value) {
    if (value === undefined) {
        throw refusal('An option has no value.', 'Write it like `--memory 4G`.');
    }
    if (name === '--memory') {
        found.memory = memorySize(value);
    } else if (!/^\d+$/.test(value) || Number(value) < 1 || Number(value) > 1024) {
        throw refusal('This is not a number of threads.', 'Write a number from 1 to 1024.');
    }
}

/* Does what the command line asks for; gives the exit code. */
async function command(texts) {
    const system = new NodeSystem();
    const print = (handle, text) => system.write(handle, new TextEncoder().encode(text));
    try {
        const { words: [file, ...givenArguments], memory, showsTime, showsHelp } = parsed(texts);
        if (showsHelp) {
            print(1, USAGE);
            return SUCCESS;
        }
        if (file === undefined) {
            throw refusal('No program is named.', 'Write `node bend.js PROGRAM.wasm`.');
        }
        // Code that is made quickly first stays in use as long as a loop runs, and needs more stack.
        require('node:v8').setFlagsFromString('--no-liftoff');
        const outcome = await start(readProgram(system, file), givenArguments, { memory, isCommand: true }).done;
        if (outcome.code === SUCCESS && outcome.result !== null) {
            print(1, `Result: ${outcome.result}\n`);
        }
        if (outcome.code === SUCCESS && showsTime) {
            print(1, statistics(outcome));
        }
        print(2, outcome.error);
        return outcome.code;
    } catch (problem) {
        if (problem instanceof End) {
            print(2, problem.message);
            return problem.code;
        }
        const reason = problem.reason ?? problem;
        print(2, diagnostic('no-space', `The output cannot be written: error ${reason} of the system.`,
            'Make room where it goes to, or send it elsewhere.'));
        return FAILURE;
    }
}

/* What is printed with `-s`. */
function statistics({ milliseconds, interactions }) {
    const time = `- TIME: ${(milliseconds / 1000).toFixed(6)}s\n`;
    if (interactions === undefined) {
        return `- ENGINE: direct\n${time}`;
    }
    const speed = milliseconds > 0 ? interactions / milliseconds / 1000 : 0;
    return `- ITRS: ${interactions}\n${time}- MIPS: ${speed.toFixed(2)}\n`;
}

function readProgram(system, file) {
    try {
        return system.fs.readFileSync(file);
    } catch (problem) {
        throw new End(diagnostic('unreadable-file', `The program cannot be read: ${problem.message}.`,
            'Make it by `bend build --target wasm32`.'));
    }
}
