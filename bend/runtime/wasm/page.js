/* ---- Streams without a file system ---------------------------------------------------------------- */

/* The streams of a program in a page, or of one whose output is given to a function: standard input comes from a
   function that gives the next piece of text (or a promise of it, or null at the end), output goes to another one.
   There are no files. */
class PlainSystem {
    constructor({ onInput, onOutput }) {
        this.onInput = onInput ?? (() => null);
        this.onOutput = onOutput ?? (() => undefined);
        this.isOpen = [true, true, true];
        this.ahead = new Uint8Array(0);
        this.decoders = [1, 2].map(() => new TextDecoder());
    }

    expect(handle) {
        if (!this.isOpen[handle]) {
            throw new Refusal(EBADF);
        }
    }

    async next(handle) {
        this.expect(handle);
        if (handle !== 0) {
            throw new Refusal(EBADF);
        }
        if (this.ahead.length === 0) {
            const text = await this.onInput();
            this.ahead = new TextEncoder().encode(text ?? '');
        }
        const found = this.ahead;
        this.ahead = new Uint8Array(0);
        return found;
    }

    async read(handle, wanted) {
        const parts = [];
        this.expect(handle);
        for (let left = wanted; left > 0;) {
            const part = await this.next(handle);
            if (part.length === 0) {
                break;
            }
            parts.push(part.subarray(0, left));
            this.ahead = part.subarray(Math.min(left, part.length));
            left -= parts[parts.length - 1].length;
        }
        return joined(parts);
    }

    async readLine(handle) {
        const parts = [];
        for (;;) {
            const part = await this.next(handle);
            const end = part.indexOf(LINE_FEED);
            if (end >= 0) {
                this.ahead = part.subarray(end + 1);
            }
            parts.push(end >= 0 ? part.subarray(0, end + 1) : part);
            if (end >= 0 || part.length === 0) {
                return joined(parts);
            }
        }
    }

    write(handle, bytes) {
        this.expect(handle);
        if (handle === 0) {
            throw new Refusal(EBADF);
        }
        const text = this.decoders[handle - 1].decode(bytes, { stream: true });
        if (text !== '') {
            this.onOutput(text, handle);
        }
    }

    open() {
        throw new Refusal(ENOENT);
    }

    close(handle) {
        this.expect(handle);
        this.isOpen[handle] = false;
    }

    seek() {
        throw new Refusal(ESPIPE);
    }

    now() {
        return BigInt(Math.round(performance.now() * 1e6));
    }

    sleep(milliseconds) {
        return new Promise(resolve => setTimeout(resolve, milliseconds));
    }

    closeAll() {
        for (const [index, decoder] of this.decoders.entries()) {
            const rest = decoder.decode();
            if (rest !== '') {
                this.onOutput(rest, index + 1);
            }
        }
    }
}
