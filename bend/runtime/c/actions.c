/* ---- The actions -------------------------------------------------------------------------------- */

/* What primitives do, on values as the engine's own part reads and makes them. */

/* The 24 bits of a number of any type; whether it is one. */
static bool number_of(u64 value, u64 *payload) {
    u64 type;
    return typed_number_of(value, &type, payload);
}

/* The same with the sign that its type gives it. */
static bool integer_of(u64 value, i64 *integer) {
    u64 type, payload;
    bool is_number = typed_number_of(value, &type, &payload);
    *integer = is_number && type == 2 ? (i64)(payload ^ 0x800000) - 0x800000 : (i64)payload;
    return is_number;
}

/* A list as bytes, of which each number gives the lowest eight bits, or as the UTF-8 of characters. */
static bool bytes_of(u64 list, bool is_text, Bytes *bytes) {
    Array numbers = {0};
    bool is_list = numbers_of(list, &numbers);
    make_room(bytes, numbers.count * 4 + 1);
    for (u64 index = 0; is_list && index < numbers.count; index++) {
        if (is_text) {
            bytes->count += encode_character((u32)numbers.items[index], bytes->start + bytes->count);
        } else {
            bytes->start[bytes->count++] = (u8)numbers.items[index];
        }
    }
    clear(&numbers);
    return is_list;
}

/* A string, which ends with a null byte; whether it is one of characters. */
static bool string_of(u64 list, Bytes *bytes) {
    Array numbers = {0};
    bool is_string = numbers_of(list, &numbers);
    make_room(bytes, numbers.count * 4 + 1);
    for (u64 index = 0; is_string && index < numbers.count; index++) {
        is_string = numbers.items[index] <= 0x10ffff;
        bytes->count += encode_character((u32)numbers.items[index], bytes->start + bytes->count);
    }
    bytes->start[bytes->count] = 0;
    clear(&numbers);
    return is_string;
}

static u64 made_bytes(const Bytes *bytes) {
    Array numbers = {0};
    for (u64 index = 0; index < bytes->count; index++) {
        push(&numbers, bytes->start[index]);
    }
    return made_numbers(false, &numbers);
}

/* Text from UTF-8. Each ill-formed sequence becomes one replacement character; it ends before the first byte that cannot
   continue it. */
static u64 made_text(const Bytes *bytes) {
    Array numbers = {0};
    for (u64 index = 0; index < bytes->count;) {
        push(&numbers, decode_character(bytes->start, bytes->count, &index));
    }
    return made_numbers(true, &numbers);
}

/* An outcome as a value for the program. */
static u64 made_outcome(const Outcome *outcome) {
    if (outcome->ending == WRONG_TYPE || outcome->ending == WRONG_NAME) {
        return outcome->ending == WRONG_TYPE ? wrong_type() : wrong_name();
    }
    u64 value = NOTHING;
    switch (outcome->kind) {
        case NO_VALUE:
            break;
        case A_NUMBER:
            value = made_number(outcome->first, outcome->second);
            break;
        case A_PAIR:
            value = made_pair(made_number(outcome->first, 1), made_number(outcome->second, 1));
            break;
        case SOME_BYTES:
            value = made_bytes(&outcome->bytes);
            break;
        case A_TEXT:
            value = made_text(&outcome->bytes);
            break;
    }
    return outcome->ending == DONE ? ok(value) : inner(value);
}

/* What the system says, `errno`. */
static Outcome system_error(void) {
    return refused((u64)(errno != 0 ? errno : EIO), 2);
}

static Outcome done(bool is_done) {
    return is_done ? ended(DONE) : system_error();
}

static Outcome act_read(u64 argument) {
    u64 handle, count, wanted;
    Bytes bytes = {0};
    if (!pair_of(argument, &handle, &count)) {
        return ended(WRONG_TYPE);
    }
    if (stream_of(handle_of(handle)) == NULL) {
        return system_error();
    }
    if (!number_of(count, &wanted)) {
        return ended(WRONG_TYPE);
    }
    Outcome outcome = read_bytes(handle_of(handle), wanted, &bytes) ? with_bytes(DONE, SOME_BYTES, &bytes) : system_error();
    free(bytes.start);
    return outcome;
}

static Outcome act_read_to_end(u64 argument) {
    Bytes bytes = {0};
    Outcome outcome = read_bytes(handle_of(argument), UINT64_MAX, &bytes) ? with_bytes(DONE, SOME_BYTES, &bytes) : system_error();
    free(bytes.start);
    return outcome;
}

static Outcome act_read_line(u64 argument) {
    Bytes bytes = {0};
    Outcome outcome = read_line(handle_of(argument), &bytes) ? with_bytes(DONE, SOME_BYTES, &bytes) : system_error();
    free(bytes.start);
    return outcome;
}

static Outcome act_read_text_line(u64 argument) {
    Bytes bytes = {0};
    Outcome outcome;
    if (!read_line(handle_of(argument), &bytes)) {
        outcome = system_error();
    } else if (bytes.count == 0) {
        outcome = refused(0, 1);
    } else {
        bytes.count -= bytes.start[bytes.count - 1] == '\n';
        outcome = with_bytes(DONE, A_TEXT, &bytes);
    }
    free(bytes.start);
    return outcome;
}

/* Writes a list of bytes, or a text and what comes after it. */
static Outcome write_list(u64 argument, bool is_text, const char *after) {
    u64 handle, list;
    Bytes bytes = {0};
    if (!pair_of(argument, &handle, &list)) {
        return ended(WRONG_TYPE);
    }
    if (!is_text && stream_of(handle_of(handle)) == NULL) {
        return system_error();
    }
    if (!bytes_of(list, is_text, &bytes)) {
        free(bytes.start);
        return ended(WRONG_TYPE);
    }
    if (*after != '\0') {
        make_room(&bytes, 1);
        bytes.start[bytes.count++] = (u8)*after;
    }
    Outcome outcome = done(write_bytes(handle_of(handle), &bytes));
    free(bytes.start);
    return outcome;
}

static Outcome act_write(u64 argument) {
    return write_list(argument, false, "");
}

static Outcome act_write_text(u64 argument) {
    return write_list(argument, true, "");
}

static Outcome act_write_text_line(u64 argument) {
    return write_list(argument, true, "\n");
}

static Outcome act_flush(u64 argument) {
    FILE *stream = stream_of(handle_of(argument));
    return done(stream != NULL && fflush(stream) == 0);
}

static Outcome act_open(u64 argument) {
    u64 first, second;
    Outcome outcome;
    Bytes path = {0}, mode = {0};
    if (!pair_of(argument, &first, &second)) {
        return ended(WRONG_TYPE);
    }
    if (!string_of(first, &path) || !string_of(second, &mode)) {
        outcome = ended(WRONG_TYPE);
    } else {
        bool has_null = strlen((char *)path.start) < path.count || strlen((char *)mode.start) < mode.count;
        u64 handle = has_null ? MOST_STREAMS : open_stream((char *)path.start, (char *)mode.start);
        if (has_null) {
            errno = EINVAL;
        }
        outcome = handle == MOST_STREAMS ? system_error() : gives_numbers(A_NUMBER, handle, 1);
    }
    free(path.start);
    free(mode.start);
    return outcome;
}

static Outcome act_close(u64 argument) {
    return done(close_stream(handle_of(argument)));
}

static Outcome act_seek(u64 argument) {
    static const int origins[] = {SEEK_SET, SEEK_CUR, SEEK_END};
    u64 handle, rest, offset, whence, origin;
    i64 distance;
    if (!pair_of(argument, &handle, &rest) || !pair_of(rest, &offset, &whence) || !number_of(whence, &origin)
        || origin > 2) {
        return ended(WRONG_TYPE);
    }
    FILE *stream = stream_of(handle_of(handle));
    if (stream == NULL) {
        return system_error();
    }
    if (!integer_of(offset, &distance)) {
        return ended(WRONG_TYPE);
    }
    return done(fseek(stream, (long)distance, origins[origin]) == 0);
}

static Outcome act_get_time(u64 argument) {
    (void)argument;
    u64 now = clock_nanoseconds();
    return gives_numbers(A_PAIR, now >> 24, now);
}

static Outcome act_sleep(u64 argument) {
    u64 first, second, upper, lower;
    if (!pair_of(argument, &first, &second) || !number_of(first, &upper) || !number_of(second, &lower)) {
        return ended(WRONG_TYPE);
    }
    u64 duration = upper << 24 | lower;
    struct timespec left = {(time_t)(duration / 1000000000), (long)(duration % 1000000000)};
    while (nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
    return ended(DONE);
}

static Outcome act_with_library(u64 argument) {
    (void)argument;
    static const char text[] = "Standalone programs cannot use libraries yet.";
    Bytes bytes = {0};
    make_room(&bytes, sizeof text - 1);
    memcpy(bytes.start, text, sizeof text - 1);
    bytes.count = sizeof text - 1;
    return with_bytes(REFUSED, A_TEXT, &bytes);
}

static const struct {
    const char *name;
    Outcome (*act)(u64 argument);
} actions[] = {
    {"READ", act_read}, {"READ_LINE", act_read_line}, {"READ_TEXT_LINE", act_read_text_line},
    {"READ_TO_END", act_read_to_end}, {"WRITE", act_write}, {"WRITE_TEXT", act_write_text},
    {"WRITE_TEXT_LINE", act_write_text_line}, {"FLUSH", act_flush}, {"OPEN", act_open}, {"CLOSE", act_close},
    {"SEEK", act_seek}, {"GET_TIME", act_get_time}, {"SLEEP", act_sleep}, {"DL_OPEN", act_with_library},
    {"DL_CALL", act_with_library}, {"DL_CLOSE", act_with_library},
};

/* The outcome of an action. */
static Outcome perform(u64 name, u64 argument) {
    Bytes bytes = {0};
    Outcome (*act)(u64) = NULL;
    if (string_of(name, &bytes)) {
        for (u64 index = 0; index < sizeof actions / sizeof actions[0]; index++) {
            if (bytes.count == strlen(actions[index].name)
                && memcmp(bytes.start, actions[index].name, bytes.count) == 0) {
                act = actions[index].act;
            }
        }
    }
    free(bytes.start);
    return act == NULL ? ended(WRONG_NAME) : act(argument);
}
