/* ---- Streams of Node ------------------------------------------------------------------------------ */

const STANDARD_STREAMS = 3, MOST_STREAMS = 1024;
const CHUNK = 65536;

/* What the system says when it refuses something, as an action's failure. */
function refusalOf(problem) {
    return typeof problem.errno === 'number' ? new Refusal(-problem.errno) : problem;
}

/* A file, or a standard stream. Regular files have a position; what was read beyond it waits in a buffer. */
class Stream {
    constructor(fs, descriptor, { isFile, appends }) {
        Object.assign(this, { fs, descriptor, isFile, appends, position: 0 });
        this.ahead = new Uint8Array(0);
    }

    /* The next bytes, at most so many; none at the end. */
    next(most) {
        if (this.ahead.length === 0) {
            const chunk = new Uint8Array(CHUNK);
            const count = this.patiently(() => this.fs.readSync(this.descriptor, chunk, 0, CHUNK, this.isFile
                ? this.position : null));
            this.position += count;
            this.ahead = chunk.subarray(0, count);
        }
        const found = this.ahead.subarray(0, most);
        this.ahead = this.ahead.subarray(found.length);
        return found;
    }

    write(bytes) {
        this.position -= this.ahead.length;
        this.ahead = new Uint8Array(0);
        for (let done = 0; done < bytes.length;) {
            const count = this.patiently(() => this.fs.writeSync(this.descriptor, bytes, done, bytes.length - done,
                this.isFile && !this.appends ? this.position : null));
            done += count;
            this.position += count;
        }
        if (this.appends && bytes.length > 0) {
            this.position = this.fs.fstatSync(this.descriptor).size;
        }
    }

    seek(offset, origin) {
        if (!this.isFile) {
            throw new Refusal(ESPIPE);
        }
        const base = [0, this.position - this.ahead.length, this.fs.fstatSync(this.descriptor).size][origin];
        if (base + offset < 0) {
            throw new Refusal(EINVAL);
        }
        this.position = base + offset;
        this.ahead = new Uint8Array(0);
    }

    /* Terminals and pipes may not be ready. */
    patiently(action) {
        for (;;) {
            try {
                return action();
            } catch (problem) {
                if (problem.code === 'EOF') {
                    return 0;
                }
                if (problem.code !== 'EAGAIN') {
                    throw refusalOf(problem);
                }
                pause(1);
            }
        }
    }
}

function pause(milliseconds) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

/* The streams of the process, and files. */
class NodeSystem {
    constructor() {
        this.fs = require('node:fs');
        this.streams = [0, 1, 2].map(descriptor => this.standard(descriptor));
    }

    standard(descriptor) {
        try {
            const isFile = descriptor === 0 && this.fs.fstatSync(descriptor).isFile();
            return new Stream(this.fs, descriptor, { isFile, appends: false });
        } catch {
            return undefined;
        }
    }

    expect(handle) {
        if (this.streams[handle] === undefined) {
            throw new Refusal(EBADF);
        }
        return this.streams[handle];
    }

    read(handle, wanted) {
        const stream = this.expect(handle);
        const parts = [];
        for (let left = wanted; left > 0;) {
            const part = stream.next(left);
            if (part.length === 0) {
                break;
            }
            parts.push(part);
            left -= part.length;
        }
        return joined(parts);
    }

    /* The bytes up to the next line feed, which is the last of them unless the stream ends. */
    readLine(handle) {
        const stream = this.expect(handle);
        const parts = [];
        for (;;) {
            const part = stream.next(Infinity);
            const end = part.indexOf(LINE_FEED);
            if (end >= 0) {
                stream.ahead = part.subarray(end + 1);
            }
            parts.push(end >= 0 ? part.subarray(0, end + 1) : part);
            if (end >= 0 || part.length === 0) {
                return joined(parts);
            }
        }
    }

    write(handle, bytes) {
        try {
            this.expect(handle).write(bytes);
        } catch (problem) {
            throw problem.reason === EPIPE && handle === 1 ? new End('', BROKEN_PIPE) : problem;
        }
    }

    open(path, mode) {
        const handle = this.free();
        if (!/^(?:[rwa](?:b\+?|\+b?)?|w(?:b\+?|\+b?)?x)$/.test(mode)) {
            throw new Refusal(EINVAL);
        }
        if (handle === MOST_STREAMS) {
            throw new Refusal(EMFILE);
        }
        try {
            const flags = mode.replace('b', '').replace(/^w(\+?)x$/, 'wx$1');
            const descriptor = this.fs.openSync(Buffer.from(path), flags);
            this.streams[handle] = new Stream(this.fs, descriptor, {
                isFile: this.fs.fstatSync(descriptor).isFile(), appends: mode.startsWith('a'),
            });
            this.check(handle, mode);
        } catch (problem) {
            throw refusalOf(problem);
        }
        return handle;
    }

    free() {
        let handle = STANDARD_STREAMS;
        while (handle < MOST_STREAMS && this.streams[handle] !== undefined) {
            handle++;
        }
        return handle;
    }

    /* Closes what cannot be used as it was opened. */
    check(handle, mode) {
        const status = this.fs.fstatSync(this.streams[handle].descriptor);
        const problem = status.isDirectory() ? EISDIR
            : mode.includes('+') && (status.isFIFO() || status.isSocket()) ? ESPIPE : 0;
        if (problem !== 0) {
            this.close(handle);
            throw new Refusal(problem);
        }
    }

    /* Closes a file. The standard streams stay open for the result, but not for the program. */
    close(handle) {
        const stream = this.expect(handle);
        this.streams[handle] = undefined;
        if (handle >= STANDARD_STREAMS) {
            this.fs.closeSync(stream.descriptor);
        }
    }

    seek(handle, offset, origin) {
        this.expect(handle).seek(offset, origin);
    }

    now() {
        return process.hrtime.bigint();
    }

    sleep(milliseconds) {
        for (const end = performance.now() + milliseconds; performance.now() < end;) {
            pause(end - performance.now());
        }
    }

    closeAll() {
        for (let handle = STANDARD_STREAMS; handle < this.streams.length; handle++) {
            if (this.streams[handle] !== undefined) {
                this.close(handle);
            }
        }
    }
}

function joined(parts) {
    if (parts.length === 1) {
        return parts[0];
    }
    const whole = new Uint8Array(parts.reduce((count, part) => count + part.length, 0));
    let at = 0;
    for (const part of parts) {
        whole.set(part, at);
        at += part.length;
    }
    return whole;
}
