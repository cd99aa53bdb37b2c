/* ---- Calls of a library ------------------------------------------------------------------------- */

/* How many threads to run on unless told otherwise. */
#ifndef USUAL_THREADS
#define USUAL_THREADS available_cores()
#endif

/* One call at a time uses the run. What fails deep inside leaves by a jump to where the call began. */
static struct {
    pthread_mutex_t lock;
    jmp_buf beginning;
    bool is_running;
    unsigned threads;
    u64 memory;
    sigset_t signals;
    bool signals_blocked;
    u64 functions[FUNCTION_COUNT];
} library = {.lock = PTHREAD_MUTEX_INITIALIZER};

enum { NO_FAILURE, RUN_FAILED, MEMORY_FAILED };

static _Thread_local char message[2048];

EXPORT const char *lib_last_message(void) {
    return message;
}

static _Noreturn void fail_memory(void) {
    longjmp(library.beginning, MEMORY_FAILED);
}

static _Noreturn void fail_run(void) {
    longjmp(library.beginning, RUN_FAILED);
}

/* Keeps the text of an error for this thread, without the empty line that ends it. */
static lib_status failed(lib_status status, const char *text) {
    u64 length = strlen(text);
    while (length > 0 && text[length - 1] == '\n') {
        length--;
    }
    length = length < sizeof message ? length : sizeof message - 1;
    memmove(message, text, length);
    message[length] = '\0';
    return status;
}

/* ---- The run ---- */

static const char *wrong_cpu(void);

static void forget_taken(void);

static void forget_reading(void) {
    forget_taken();
    forget_terms();
    reading.expanded = NULL;
    reading.inside = NULL;
}

static void restore_signals(void) {
    if (library.signals_blocked) {
        pthread_sigmask(SIG_SETMASK, &library.signals, NULL);
        library.signals_blocked = false;
    }
}

static void stop_run(void) {
    restore_signals();
    finish_run();
    memset(&run, 0, sizeof run);
    library.is_running = false;
}

/* The functions of the library, which the entry gives in pairs. */
static void find_functions(void) {
    u64 rest = demand(EVALUATE, 0, 0);
    for (u64 index = 0; index < FUNCTION_COUNT; index++) {
        u64 pair = value_of(rest);
        library.functions[index] = field_of(pair, 0);
        rest = field_of(pair, 1);
    }
}

/* Starts the runtime; whether the CPU is one for it. Signals are for the threads of the program around. */
static lib_status start_run(void) {
    sigset_t all;
    const char *problem = wrong_cpu();
    if (problem != NULL) {
        return failed(LIB_WRONG_CPU, problem);
    }
    sigfillset(&all);
    library.signals_blocked = pthread_sigmask(SIG_SETMASK, &all, &library.signals) == 0;
    u64 threads = library.threads != 0 ? library.threads : USUAL_THREADS;
    prepare_run(!IS_PARALLEL ? 1 : threads < MOST_WORKERS ? threads : MOST_WORKERS,
                library.memory != 0 ? library.memory : usual_memory_limit());
    start_threads();
    restore_signals();
    find_functions();
    library.is_running = true;
    return LIB_OK;
}

/* Ends the run that failed, and says why it did. */
static lib_status give_up(int failure) {
    static const lib_status reasons[] = {
        [STOP_MEMORY] = LIB_OUT_OF_MEMORY, [STOP_DIVISION] = LIB_DIVISION_BY_ZERO, [STOP_SHAPE] = LIB_NEEDS_NETS,
        [STOP_STACK] = LIB_STACK_OVERFLOW,
    };
    lib_status status = LIB_OUT_OF_MEMORY;
    char text[sizeof message] = NO_MEMORY_TEXT;
    if (failure == RUN_FAILED) {
        FILE *file = fmemopen(text, sizeof text - 1, "w");
        status = reasons[run.shared->stop];
        if (file != NULL) {
            write_failure(file);
            fclose(file);
        }
    }
    forget_reading();
    stop_run();
    return failed(status, text);
}

EXPORT lib_status lib_start_runtime(unsigned threads, uint64_t memory) {
    pthread_mutex_lock(&library.lock);
    volatile lib_status status = LIB_OK;
    int failure = setjmp(library.beginning);
    if (failure == NO_FAILURE) {
        if (library.is_running) {
            stop_run();
        }
        library.threads = threads;
        library.memory = memory;
        status = start_run();
    } else {
        status = give_up(failure);
    }
    pthread_mutex_unlock(&library.lock);
    return status;
}

EXPORT void lib_stop_runtime(void) {
    pthread_mutex_lock(&library.lock);
    if (library.is_running) {
        stop_run();
    }
    pthread_mutex_unlock(&library.lock);
}

/* ---- Arguments ---- */

static const Alternative *alternative_of(const Type *type, u32 constructor) {
    for (u32 index = 0; index < type->second; index++) {
        if (alternatives[type->first + index].constructor == constructor) {
            return &alternatives[type->first + index];
        }
    }
    return NULL;
}

static bool fits_outside(Array *planned, u64 word, u32 number);

/* Looks at a part at once if it has no parts itself, or plans to. */
static bool fits_part(Array *planned, u64 word, u32 number) {
    if (!is_made((lib_value *)word)) {
        return fits_outside(planned, word, number);
    }
    push(planned, word);
    push(planned, number);
    return true;
}

/* Whether a value is of a type but for those of its parts that have parts themselves. */
static bool fits_outside(Array *planned, u64 word, u32 number) {
    const lib_value *value = (const lib_value *)word;
    const Type *type = &types[number];
    lib_kind kind = word == 0 ? LIB_NONE : lib_kind_of(value);
    if (word == 0 || type->kind == ANY_TYPE) {
        return word != 0;
    }
    if (type->kind != LIB_CONSTRUCTOR) {
        bool is_right = kind == (lib_kind)type->kind, has_parts = kind == LIB_LIST || kind == LIB_PAIR;
        for (u64 index = 0; is_right && has_parts && index < value->count; index++) {
            u32 wanted = kind == LIB_LIST || index == 0 ? type->first : type->second;
            is_right = fits_part(planned, value->parts[index], wanted);
        }
        return is_right;
    }
    const Alternative *found = kind == LIB_CONSTRUCTOR ? alternative_of(type, value->constructor) : NULL;
    bool is_right = found != NULL;
    for (u64 index = 0; is_right && index < value->count; index++) {
        is_right = fits_part(planned, value->parts[index], field_types[found->fields + index]);
    }
    return is_right;
}

static bool fits(u64 word, u32 type) {
    Array planned = {0};
    bool is_right = fits_outside(&planned, word, type);
    while (is_right && planned.count > 0) {
        u64 number = pop(&planned);
        is_right = fits_outside(&planned, pop(&planned), (u32)number);
    }
    clear(&planned);
    return is_right;
}

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

/* A list of so many elements that become its own. */
static u64 given_list(const u64 *elements, u64 count) {
    u64 list = (u64)SHAPE_LIST_END << 32 | IMMEDIATE;
    while (count-- > 0) {
        u64 fields[] = {elements[count], list};
        list = given_cell(SHAPE_LIST_CELL, fields);
    }
    return list;
}

/* Whether no part of a list has parts itself. */
static bool is_flat_list(const lib_value *value) {
    bool is_flat = value->kind == LIB_LIST;
    for (u64 index = 0; is_flat && index < value->count; index++) {
        is_flat = !is_made((lib_value *)value->parts[index]);
    }
    return is_flat;
}

static u64 given_string(const lib_value *value) {
    Array codes = {0};
    for (u64 place = 0; place < value->count;) {
        push(&codes, decode_character((const u8 *)value->parts, value->count, &place));
    }
    u64 string = (u64)SHAPE_STRING_END << 32 | IMMEDIATE;
    while (codes.count > 0) {
        u64 fields[] = {number_word((u32)pop(&codes), OF_U24), string};
        string = given_cell(SHAPE_STRING_CELL, fields);
    }
    clear(&codes);
    return string;
}

/* Makes a value of the program of one that lies in memory, once its parts are given. */
static void give_made(Array *given, const lib_value *value) {
    u64 shape = value->kind == LIB_PAIR ? SHAPE_PAIR : shape_of_constructor[value->constructor];
    given->count -= value->count;
    const u64 *parts = given->items + given->count;
    push(given, value->kind == LIB_LIST ? given_list(parts, value->count) : given_cell(shape, parts));
}

/* A value for the program. */
static u64 given_value(u64 word) {
    Array planned = {0}, given = {0};
    push(&planned, word);
    push(&planned, false);
    while (planned.count > 0) {
        bool is_done = pop(&planned);
        u64 next = pop(&planned);
        const lib_value *value = (const lib_value *)next;
        if (!is_made(value)) {
            push(&given, next);
        } else if (value->kind == LIB_STRING) {
            push(&given, given_string(value));
        } else if (is_flat_list(value)) {
            push(&given, given_list(value->parts, value->count));
        } else if (is_done) {
            give_made(&given, value);
        } else {
            push(&planned, next);
            push(&planned, true);
            for (u64 index = value->count; index-- > 0;) {
                push(&planned, value->parts[index]);
                push(&planned, false);
            }
        }
    }
    u64 whole = pop(&given);
    clear(&planned);
    clear(&given);
    return whole;
}

/* ---- Results ----

   Terms (`direct_result.c`) become values in the order in which they were made, so that the parts of each come before
   it. The value stands in the place of the first field then; in cells of lists, which become parts of a longer value,
   it is only that of the field. */

static struct {
    u64 count;
    bool is_not_data;
} taking;

static u64 not_data(void) {
    taking.is_not_data = true;
    return ERASER;
}

static u64 taken_list(u64 term) {
    u64 count = 0;
    for (u64 rest = term; kind_of(rest) == LIST_CELL; rest = ((u64 *)rest)[2]) {
        count++;
    }
    lib_value *value = checked(new_value(LIB_LIST, 0, count, count * sizeof(u64)));
    for (u64 index = 0; index < count; index++, term = ((u64 *)term)[2]) {
        value->parts[index] = (u64)lib_copy_value((lib_value *)((u64 *)term)[1]);
    }
    return (u64)value;
}

static u64 taken_string(u64 term) {
    u64 count = 0;
    for (u64 rest = term; kind_of(rest) == STRING_CELL; rest = ((u64 *)rest)[2]) {
        count++;
    }
    lib_value *value = checked(new_value(LIB_STRING, 0, 0, count * 4 + 1));
    u8 *bytes = (u8 *)value->parts;
    for (; kind_of(term) == STRING_CELL; term = ((u64 *)term)[2]) {
        u32 code = PAYLOAD(((u64 *)term)[1]);
        bool is_character = code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
        value->count += encode_character(is_character ? code : 0xfffd, bytes + value->count);
    }
    bytes[value->count] = 0;
    return (u64)value;
}

/* The value of a term whose parts have theirs. */
static u64 taken(u64 term) {
    switch (TAG(term)) {
        case NUMBER:
            return type_of_number(term) >= OF_U24 && type_of_number(term) <= OF_F24 ? term : not_data();
        case ERASER:
            return term;
        case IMMEDIATE: {
            ShapeKind kind = shapes[INDEX(term)].kind;
            if (kind == LIST_END || kind == STRING_END) {
                return kind == LIST_END ? taken_list(term) : taken_string(term);
            }
            i32 constructor = constructor_of_shape[INDEX(term)];
            return constructor < 0 ? not_data()
                : (u64)checked(new_value(LIB_CONSTRUCTOR, (u32)constructor, 0, 0));
        }
        case CELL:
            break;
        default:
            return not_data();
    }
    ShapeKind kind = kind_of(term);
    if (kind != LIST_CELL && kind != STRING_CELL) {
        return (u64)lib_copy_value((lib_value *)((u64 *)term)[1]);
    }
    return spoilt_cells(term, kind) != 0 ? not_data() : kind == LIST_CELL ? taken_list(term) : taken_string(term);
}

static void take_term(u64 *term) {
    const Shape *shape = &shapes[term[0]];
    i32 constructor = constructor_of_shape[term[0]];
    if (shape->kind == STRING_CELL) {
        return;
    }
    if (shape->kind == LIST_CELL) {
        term[1] = taken(term[1]);
        return;
    }
    for (u32 index = 1; index <= shape->fields; index++) {
        term[index] = taken(term[index]);
    }
    if (shape->kind != TUPLE && constructor < 0) {
        not_data();
        constructor = 0;
    }
    lib_kind kind = shape->kind == TUPLE ? LIB_PAIR : LIB_CONSTRUCTOR;
    term[1] = (u64)checked(made_of(kind, kind == LIB_PAIR ? 0 : (u32)constructor, shape->fields, term + 1));
}

static void forget_taken(void) {
    for (u64 index = 0; index < taking.count; index++) {
        const u64 *term = (u64 *)reading.arrays.items[index];
        if (shapes[term[0]].kind != STRING_CELL) {
            lib_free_value((lib_value *)term[1]);
        }
    }
    taking.count = 0;
    taking.is_not_data = false;
}

/* The value of a result; 0 if it is no data. */
static u64 taken_result(u64 value) {
    u64 term, result = 0;
    if (read_term(value, &term)) {
        for (u64 index = 0; index < reading.arrays.count; index++) {
            take_term((u64 *)reading.arrays.items[index]);
            taking.count++;
        }
        result = taken(term);
        if (taking.is_not_data) {
            lib_free_value((lib_value *)result);
            result = 0;
        }
    }
    forget_reading();
    return result;
}

/* ---- Calls ---- */

/* Gives a result to a variable of the type that the function has in C: 0 a value, else a kind of number. */
static lib_status give_result(u64 word, u32 type, void *result) {
    if (word == 0) {
        return failed(LIB_NOT_DATA, "The result is a function or holds one.");
    }
    if (type == 0) {
        *(lib_value **)result = (lib_value *)word;
        return LIB_OK;
    }
    if (type_of_number(word) != type) {
        lib_free_value((lib_value *)word);
        return failed(LIB_NOT_DATA, "The result has another type than is declared.");
    }
    if (type == OF_U24) {
        *(u32 *)result = PAYLOAD(word);
    } else if (type == OF_I24) {
        *(i32 *)result = as_i24(word);
    } else {
        *(f32 *)result = as_f24(word);
    }
    return LIB_OK;
}

static u64 called(u32 number, u32 count, const u64 *words) {
    u64 value = library.functions[number];
    if (count == 0) {
        value = value_of(value);
    }
    keep_value(value);
    for (u32 index = 0; index < count; index++) {
        value = demand(APPLY, value, given_value(words[index]));
    }
    return value;
}

static lib_status call_within(u32 number, u32 count, const u64 *words, const u32 *wanted, u32 type, void *result) {
    for (u32 index = 0; index < count; index++) {
        if (!fits(words[index], wanted[index])) {
            char text[80];
            snprintf(text, sizeof text, "Argument %" PRIu32 " is not of the type that the function takes.", index + 1);
            return failed(LIB_BAD_ARGUMENT, text);
        }
    }
    if (result == NULL) {
        return failed(LIB_BAD_ARGUMENT, "There is no place for the result.");
    }
    lib_status started = library.is_running ? LIB_OK : start_run();
    if (started != LIB_OK) {
        return started;
    }
    u64 value = called(number, count, words);
    u64 taken_word = taken_result(value);
    take_part(run.workers, value, ERASER);
    return give_result(taken_word, type, result);
}

/* Calls a function with values, which must have some types, for a result of a type. */
static lib_status call(u32 number, u32 count, const u64 *words, const u32 *wanted, u32 type, void *result) {
    pthread_mutex_lock(&library.lock);
    int failure = setjmp(library.beginning);
    lib_status status = failure == NO_FAILURE ? call_within(number, count, words, wanted, type, result)
        : give_up(failure);
    pthread_mutex_unlock(&library.lock);
    return status;
}
