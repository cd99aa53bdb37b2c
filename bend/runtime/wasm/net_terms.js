/* ---- Terms -------------------------------------------------------------------------------------- */

/* What a result is shown as. A term without parts is a number made of its kind and what belongs to it; the others are
   twice a place, where such a number stands before the parts. */
const TERM_VARIABLE = 0, TERM_NUMBER = 1, TERM_REFERENCE = 2, TERM_ERASER = 3, TERM_INVALID = 4, TERM_FUNCTION = 5,
    TERM_APPLICATION = 6, TERM_PAIR = 7, TERM_SUPERPOSITION = 8, TERM_OPERATION = 9, TERM_SWITCH = 10,
    TERM_CONSTRUCTOR = 11;
const TERM_PARTS = [0, 0, 0, 0, 0, 1, 2, 2, 2, 2, 3];
/* A function that does not use its variable gives it no name. */
const NO_NAME = 0;

class Terms {
    constructor(constructors) {
        this.constructors = constructors;
        this.words = new Words();
        this.hasVariables = false;
        this.namesGiven = 0;
    }

    leaf(kind, subject) {
        this.hasVariables ||= kind === TERM_VARIABLE;
        return (subject * 16 + kind) * 2 + 1;
    }

    make(kind, subject, parts) {
        const place = this.words.count;
        this.words.push((subject * 16 + kind) * 2 + 1);
        for (const part of parts) {
            this.words.push(part);
        }
        return place * 2;
    }

    /* The same with as many parts as are taken from the end of some words. */
    makeOfLast(kind, subject, words, count) {
        const term = this.make(kind, subject, []);
        words.count -= count;
        for (let index = 0; index < count; index++) {
            this.words.push(words.items[words.count + index]);
        }
        return term;
    }

    head(term) {
        return Math.floor((term % 2 === 1 ? term : this.words.items[term / 2]) / 2);
    }

    kind(term) {
        return this.head(term) % 16;
    }

    /* The name of a variable or function, the word of a number, the number of a definition or constructor. */
    subject(term) {
        return Math.floor(this.head(term) / 16);
    }

    part(term, index) {
        return this.words.items[term / 2 + 1 + index];
    }

    parts(term) {
        const kind = this.kind(term);
        return kind === TERM_CONSTRUCTOR ? this.constructors[this.subject(term)].arity : TERM_PARTS[kind];
    }

    /* ---- Names ---- */

    /* Names of variables are twice their numbers, and one more for the predecessor that a switch binds. */
    freshName() {
        this.namesGiven++;
        return this.namesGiven * 2;
    }

    /* The names that occur where nothing around them binds them, as an array of flags. */
    looseNames(root) {
        const LOOK_AT = 0, BIND = 1, UNBIND = 2;
        const bound = new Uint32Array(this.namesGiven * 2 + 2), isLoose = new Uint8Array(this.namesGiven * 2 + 2);
        const todo = new Words();
        const later = (step, subject) => {
            todo.push(subject);
            todo.push(step);
        };
        const within = (name, body) => {
            later(UNBIND, name);
            later(LOOK_AT, body);
            later(BIND, name);
        };
        if (this.hasVariables) {
            later(LOOK_AT, root);
        }
        while (todo.count > 0) {
            const step = todo.pop(), term = todo.pop();
            if (step !== LOOK_AT) {
                bound[term] += step === BIND ? 1 : -1;
                continue;
            }
            const kind = this.kind(term), name = this.subject(term);
            if (kind === TERM_VARIABLE) {
                isLoose[name] |= bound[name] === 0;
            } else if (kind === TERM_FUNCTION) {
                within(name, this.part(term, 0));
            } else if (kind === TERM_SWITCH) {
                within(name + 1 - name % 2, this.part(term, 2));
                later(LOOK_AT, this.part(term, 1));
                later(LOOK_AT, this.part(term, 0));
            } else {
                for (let index = this.parts(term) - 1; index >= 0; index--) {
                    later(LOOK_AT, this.part(term, index));
                }
            }
        }
        return isLoose;
    }
}
