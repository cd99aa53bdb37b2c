/* ---- Results ------------------------------------------------------------------------------------ */

/* A result is read into terms first. A term is a word like the program's values, but that a cell is an array on this
   side (the number of its shape, then its fields), and that functions and constants are shown by their names. */
typedef enum { READ, BUILD, CLOSE } StepKind;

/* How far reading has come: what is still to be done, the terms that are done, the terms of constants, and those
   constants that are being read; and the arrays that terms are made of. */
static struct {
    Array steps;
    Array done;
    Array arrays;
    u64 *expanded;
    bool *inside;
} reading;

static void plan(StepKind kind, u64 subject) {
    push(&reading.steps, subject);
    push(&reading.steps, kind);
}

/* Reads the fields of a constructor or tuple one after the other. `number` is what the header, or the value, holds. */
static void read_fields(u64 shape_number, u64 number, const u64 *words) {
    const Shape *shape = &shapes[shape_number];
    plan(BUILD, shape_number);
    for (u32 index = shape->fields; index-- > 0;) {
        if ((i32)index == shape->packed) {
            plan(READ, number << 8 | shape->number_type << 3 | NUMBER);
        } else {
            plan(READ, words[1 + index - (shape->packed >= 0 && (i32)index > shape->packed)]);
        }
    }
}

static bool is_function(u64 value) {
    if (TAG(value) == CELL) {
        return (words_of(value)[0] >> 32 & 0xff) == 0;
    }
    return TAG(value) == FUNCTION && entry_names[INDEX(value)] == NULL;
}

static bool read_value(u64 value);

/* A constant shows as its value; one that has none, that is being read already, or that is a function, by its name. */
static bool read_constant(u64 reference) {
    u64 number = INDEX(reference), value;
    if (reading.expanded[number] != 0) {
        push(&reading.done, reading.expanded[number]);
        return true;
    }
    if (!reading.inside[number] && ask(EVALUATE, number, 0, &value)) {
        if (!is_function(value)) {
            reading.inside[number] = true;
            plan(CLOSE, number);
            return read_value(value);
        }
        if (constant_names[number] == NULL) {
            return false;
        }
    } else if (run.shared->stop == STOP_SHAPE || run.shared->stop == STOP_BUDGET) {
        fail_run();
    }
    push(&reading.done, reference);
    return true;
}

/* Goes on with a value; whether it can be shown, as far as this can be seen. */
static bool read_value(u64 value) {
    if (is_function(value)) {
        return false;
    }
    switch (TAG(value)) {
        case CELL: {
            const u64 *words = words_of(value);
            read_fields(words[0] >> 32 & 0xff, words[0] >> 40, words);
            return true;
        }
        case CONSTANT:
            return read_constant(value);
        case IMMEDIATE:
            if (shapes[INDEX(value)].fields > 0) {
                read_fields(INDEX(value), PAYLOAD(value), NULL);
                return true;
            }
            break;
        default:
            break;
    }
    push(&reading.done, value);
    return true;
}

static void build(u64 shape) {
    u64 count = shapes[shape].fields;
    u64 *term = (u64 *)kept_in(&reading.arrays, (1 + count) * sizeof(u64));
    term[0] = shape;
    reading.done.count -= count;
    memcpy(term + 1, reading.done.items + reading.done.count, count * sizeof(u64));
    push(&reading.done, (u64)term);
}

/* The term of a value; false if there is a function in it that has no name to show. */
static bool read_term(u64 value, u64 *term) {
    reading.expanded = (u64 *)checked(calloc(CONSTANT_COUNT, sizeof(u64)));
    reading.inside = (bool *)checked(calloc(CONSTANT_COUNT, sizeof(bool)));
    plan(READ, value);
    while (reading.steps.count > 0) {
        StepKind kind = (StepKind)pop(&reading.steps);
        u64 subject = pop(&reading.steps);
        if (kind == BUILD) {
            build(subject);
        } else if (kind == CLOSE) {
            reading.inside[subject] = false;
            reading.expanded[subject] = reading.done.items[reading.done.count - 1];
        } else if (!read_value(subject)) {
            return false;
        }
    }
    *term = pop(&reading.done);
    return true;
}

static void forget_terms(void) {
    while (reading.arrays.count > 0) {
        free((void *)pop(&reading.arrays));
    }
    clear(&reading.arrays);
    clear(&reading.steps);
    clear(&reading.done);
    free(reading.expanded);
    free(reading.inside);
}

/* ---- Text ---- */

static ShapeKind kind_of(u64 term) {
    switch (TAG(term)) {
        case CELL: return shapes[((u64 *)term)[0]].kind;
        case IMMEDIATE: return shapes[INDEX(term)].kind;
        default: return PLAIN;
    }
}

/* How many cells of a chain do not belong to a proper list or string: none of its own, or up to the last that spoils
   it. */
static u64 spoilt_cells(u64 term, ShapeKind kind) {
    u64 count = 0, spoilt = 0;
    while (kind_of(term) == kind) {
        const u64 *words = (u64 *)term;
        count++;
        if (kind == STRING_CELL && TAG(words[1]) != NUMBER) {
            spoilt = count;
        }
        term = words[2];
    }
    return kind_of(term) == (kind == LIST_CELL ? LIST_END : STRING_END) ? spoilt : count;
}

static void show_string(u64 term) {
    putchar('"');
    for (; kind_of(term) == STRING_CELL; term = ((u64 *)term)[2]) {
        show_character(PAYLOAD(((u64 *)term)[1]));
    }
    putchar('"');
}

static void show_constructor(u64 term, u64 spoilt) {
    const u64 *words = (u64 *)term;
    const Shape *shape = &shapes[words[0]];
    if (shape->kind == LIST_CELL || shape->kind == STRING_CELL) {
        if (spoilt == 0) {
            spoilt = spoilt_cells(term, shape->kind);
        }
        if (spoilt == 0 && shape->kind == STRING_CELL) {
            show_string(term);
            return;
        }
        if (spoilt == 0) {
            putchar('[');
            show_later(SHOW_REST, words[2], 0);
            show_later(SHOW_TERM, words[1], 0);
            return;
        }
        spoilt--;
    }
    printf("%s(", shape->kind == TUPLE ? "" : shape->name);
    show_text_later(")");
    for (u32 index = shape->fields; index > 0; index--) {
        bool is_tail = index == shape->fields && (shape->kind == LIST_CELL || shape->kind == STRING_CELL);
        show_later(SHOW_TERM, words[index], is_tail ? spoilt : 0);
        if (index > 1) {
            show_text_later(", ");
        }
    }
}

static void show_rest(u64 term) {
    if (kind_of(term) == LIST_CELL) {
        const u64 *words = (u64 *)term;
        fputs(", ", stdout);
        show_later(SHOW_REST, words[2], 0);
        show_later(SHOW_TERM, words[1], 0);
    } else {
        putchar(']');
    }
}

static void show_text(const char *text) {
    if (text != NULL) {
        fputs(text, stdout);
    }
}

static void show_leaf(u64 term) {
    switch (TAG(term)) {
        case NUMBER:
            show_number(term >> 3);
            break;
        case IMMEDIATE:
            show_text(shapes[INDEX(term)].name);
            break;
        case FUNCTION:
            show_text(entry_names[INDEX(term)]);
            break;
        case CONSTANT:
            show_text(constant_labels[INDEX(term)]);
            break;
        default:
            putchar('*');
    }
}

static void show_term(u64 term) {
    show_later(SHOW_TERM, term, 0);
    while (pieces.count > 0) {
        PieceKind kind = (PieceKind)pop(&pieces);
        u64 spoilt = pop(&pieces);
        u64 subject = pop(&pieces);
        if (kind == SHOW_TEXT) {
            fputs((const char *)subject, stdout);
        } else if (kind == SHOW_REST) {
            show_rest(subject);
        } else if (TAG(subject) == CELL) {
            show_constructor(subject, spoilt);
        } else {
            show_leaf(subject);
        }
    }
    clear(&pieces);
}

/* Prints the result of the program; of what actions gave, the value, and nothing for `*`. */
static void show_result(u64 value) {
    u64 term;
    if (!read_term(value, &term)) {
#if HAS_NETS
        restart_as_nets();
#endif
        fflush(stdout);
        fputs(FUNCTION_TEXT, stderr);
        _exit(EXIT_FAILURE);
    }
    bool is_silent = false;
    if (TAG(term) == CELL && kind_of(term) == IO_DONE) {
        const u64 *words = (u64 *)term;
        term = words[shapes[words[0]].fields];
        is_silent = term == ERASER;
    }
    if (!is_silent) {
        fputs("Result: ", stdout);
        show_term(term);
        putchar('\n');
    }
    forget_terms();
}
