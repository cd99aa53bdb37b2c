/* ---- Calls of a library that run directly -------------------------------------------------------- */

static struct {
    bool is_running;
    sigset_t signals;
    bool signals_blocked;
    u64 functions[FUNCTION_COUNT];
} direct;

static _Noreturn void fail_run(void) {
    longjmp(library.beginning, DIRECT_FAILED);
}

static void restore_signals(void) {
    if (direct.signals_blocked) {
        pthread_sigmask(SIG_SETMASK, &direct.signals, NULL);
        direct.signals_blocked = false;
    }
}

static void stop_run(void) {
    restore_signals();
    finish_run();
    memset(&run, 0, sizeof run);
    direct.is_running = false;
}

/* The functions that run directly, which the entry gives in pairs. */
static void find_functions(void) {
    u64 rest = demand(EVALUATE, 0, 0);
    for (u64 index = 0; index < FUNCTION_COUNT; index++) {
        if (engines[index] != AS_NETS) {
            u64 pair = value_of(rest);
            direct.functions[index] = field_of(pair, 0);
            rest = field_of(pair, 1);
        }
    }
}

/* Starts the runtime. Signals are for the threads of the program around. */
static void start_run(void) {
    sigset_t all;
    sigfillset(&all);
    direct.signals_blocked = pthread_sigmask(SIG_SETMASK, &all, &direct.signals) == 0;
    prepare_run(thread_count(IS_PARALLEL), memory_limit());
    start_threads();
    restore_signals();
    find_functions();
    direct.is_running = true;
}

/* Why the run failed. */
static lib_status direct_failure(void) {
    static const lib_status reasons[] = {
        [STOP_MEMORY] = LIB_OUT_OF_MEMORY, [STOP_DIVISION] = LIB_DIVISION_BY_ZERO, [STOP_SHAPE] = LIB_NEEDS_NETS,
        [STOP_STACK] = LIB_STACK_OVERFLOW, [STOP_BUDGET] = LIB_NEEDS_NETS,
    };
    return reasons[run.shared->stop];
}

/* ---- Data ---- */

/* A constructor or tuple of fields that become its own. */
static u64 given_cell(u64 number, const u64 *fields) {
    const Shape *shape = &shapes[number];
    u64 words[shape->fields + 1], count = 0, payload = 0;
    for (u32 index = 0; index < shape->fields; index++) {
        if ((i32)index == shape->packed) {
            payload = PAYLOAD(fields[index]);
        } else {
            words[count++] = fields[index];
        }
    }
    if (count == 0) {
        return number << 32 | payload << 8 | IMMEDIATE;
    }
    for (;;) {
        u64 cell = make_cell(run.workers, payload << 40 | number << 32 | 1, words, count);
        if (cell != 0) {
            return cell;
        }
        demand(ROOM, 1 + count, 0);
    }
}

static u64 given_directly(ShapeKind kind, u32 constructor, const u64 *fields, u64 count) {
    static const u32 numbers[] = {
        [TUPLE] = SHAPE_PAIR, [LIST_CELL] = SHAPE_LIST_CELL, [LIST_END] = SHAPE_LIST_END,
        [STRING_CELL] = SHAPE_STRING_CELL, [STRING_END] = SHAPE_STRING_END,
    };
    (void)count;
    return given_cell(kind == PLAIN ? shape_of_constructor[constructor] : numbers[kind], fields);
}

static u64 same_word(u64 word) {
    return word;
}

/* What is made in one shape or another: cells are arrays of this side (`direct_result.c`). */
static Seen seen_shape(u64 number, u64 count) {
    ShapeKind kind = shapes[number].kind;
    i32 constructor = constructor_of_shape[number];
    bool is_made = kind != PLAIN && kind != IO_DONE;
    return (Seen){is_made || constructor >= 0, 0, is_made ? kind : PLAIN, is_made ? 0 : (u32)constructor, count};
}

static Seen seen_directly(u64 term) {
    switch (TAG(term)) {
        case CELL:
            return seen_shape(((u64 *)term)[0], shapes[((u64 *)term)[0]].fields);
        case IMMEDIATE:
            return seen_shape(INDEX(term), 0);
        case NUMBER:
            return (Seen){type_of_number(term) >= OF_U24 && type_of_number(term) <= OF_F24, term, PLAIN, 0, 0};
        default:
            return (Seen){TAG(term) == ERASER, term, PLAIN, 0, 0};
    }
}

static const Engine direct_engine = {same_word, given_directly, seen_directly, "The result is a function or holds one."};

static void forget_direct_reading(void) {
    forget_terms();
    reading.expanded = NULL;
    reading.inside = NULL;
}

/* ---- Calls ---- */

static u64 applied(const Call *call) {
    u64 value = direct.functions[call->function];
    if (call->count == 0) {
        value = value_of(value);
    }
    keep_value(value);
    for (u32 index = 0; index < call->count; index++) {
        value = demand(APPLY, value, given_value(call->words[index]));
    }
    return value;
}

static lib_status call_directly(const Call *call) {
    moving.engine = &direct_engine;
    if (!direct.is_running) {
        start_run();
    }
    run.budget = engines[call->function] == WITHIN_BUDGET ? BUDGET : UINT64_MAX;
    u64 value = applied(call), term;
    u64 word = read_term(value, &term) ? taken_term(term, &reading.arrays) : 0;
    forget_direct_reading();
    /* What failed while the result was read shows by its name in programs; no data has a name. */
    if (run.shared->stop != 0) {
        lib_free_value((lib_value *)word);
        fail_run();
    }
    take_part(run.workers, value, ERASER);
    return give_result(word, call);
}
