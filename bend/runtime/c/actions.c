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

static u64 made_bytes(Bytes *bytes) {
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

/* What the system says, `errno`. */
static u64 system_error(void) {
    return inner(made_number((u64)(errno != 0 ? errno : EIO), 2));
}

static u64 done(bool is_done) {
    return is_done ? ok(NOTHING) : system_error();
}

static u64 act_read(u64 argument) {
    u64 handle, count, wanted;
    Bytes bytes = {0};
    if (!pair_of(argument, &handle, &count)) {
        return wrong_type();
    }
    if (stream_of(handle_of(handle)) == NULL) {
        return system_error();
    }
    if (!number_of(count, &wanted)) {
        return wrong_type();
    }
    u64 outcome = read_bytes(handle_of(handle), wanted, &bytes) ? ok(made_bytes(&bytes)) : system_error();
    free(bytes.start);
    return outcome;
}

static u64 act_read_to_end(u64 argument) {
    Bytes bytes = {0};
    u64 outcome = read_bytes(handle_of(argument), UINT64_MAX, &bytes) ? ok(made_bytes(&bytes)) : system_error();
    free(bytes.start);
    return outcome;
}

static u64 act_read_line(u64 argument) {
    Bytes bytes = {0};
    u64 outcome = read_line(handle_of(argument), &bytes) ? ok(made_bytes(&bytes)) : system_error();
    free(bytes.start);
    return outcome;
}

static u64 act_read_text_line(u64 argument) {
    Bytes bytes = {0};
    u64 outcome;
    if (!read_line(handle_of(argument), &bytes)) {
        outcome = system_error();
    } else if (bytes.count == 0) {
        outcome = inner(made_number(0, 1));
    } else {
        bytes.count -= bytes.start[bytes.count - 1] == '\n';
        outcome = ok(made_text(&bytes));
    }
    free(bytes.start);
    return outcome;
}

/* Writes a list of bytes, or a text and what comes after it. */
static u64 write_list(u64 argument, bool is_text, const char *after) {
    u64 handle, list;
    Bytes bytes = {0};
    if (!pair_of(argument, &handle, &list)) {
        return wrong_type();
    }
    if (!is_text && stream_of(handle_of(handle)) == NULL) {
        return system_error();
    }
    if (!bytes_of(list, is_text, &bytes)) {
        free(bytes.start);
        return wrong_type();
    }
    if (*after != '\0') {
        make_room(&bytes, 1);
        bytes.start[bytes.count++] = (u8)*after;
    }
    u64 outcome = done(write_bytes(handle_of(handle), &bytes));
    free(bytes.start);
    return outcome;
}

static u64 act_write(u64 argument) {
    return write_list(argument, false, "");
}

static u64 act_write_text(u64 argument) {
    return write_list(argument, true, "");
}

static u64 act_write_text_line(u64 argument) {
    return write_list(argument, true, "\n");
}

static u64 act_flush(u64 argument) {
    FILE *stream = stream_of(handle_of(argument));
    return done(stream != NULL && fflush(stream) == 0);
}

static u64 act_open(u64 argument) {
    u64 first, second, outcome;
    Bytes path = {0}, mode = {0};
    if (!pair_of(argument, &first, &second)) {
        return wrong_type();
    }
    if (!string_of(first, &path) || !string_of(second, &mode)) {
        outcome = wrong_type();
    } else {
        bool has_null = strlen((char *)path.start) < path.count || strlen((char *)mode.start) < mode.count;
        u64 handle = has_null ? MOST_STREAMS : open_stream((char *)path.start, (char *)mode.start);
        if (has_null) {
            errno = EINVAL;
        }
        outcome = handle == MOST_STREAMS ? system_error() : ok(made_number(handle, 1));
    }
    free(path.start);
    free(mode.start);
    return outcome;
}

static u64 act_close(u64 argument) {
    return done(close_stream(handle_of(argument)));
}

static u64 act_seek(u64 argument) {
    static const int origins[] = {SEEK_SET, SEEK_CUR, SEEK_END};
    u64 handle, rest, offset, whence, origin;
    i64 distance;
    if (!pair_of(argument, &handle, &rest) || !pair_of(rest, &offset, &whence) || !number_of(whence, &origin)
        || origin > 2) {
        return wrong_type();
    }
    FILE *stream = stream_of(handle_of(handle));
    if (stream == NULL) {
        return system_error();
    }
    if (!integer_of(offset, &distance)) {
        return wrong_type();
    }
    return done(fseek(stream, (long)distance, origins[origin]) == 0);
}

static u64 act_get_time(u64 argument) {
    (void)argument;
    u64 now = clock_nanoseconds();
    return ok(made_pair(made_number(now >> 24, 1), made_number(now, 1)));
}

static u64 act_sleep(u64 argument) {
    u64 first, second, upper, lower;
    if (!pair_of(argument, &first, &second) || !number_of(first, &upper) || !number_of(second, &lower)) {
        return wrong_type();
    }
    u64 duration = upper << 24 | lower;
    struct timespec left = {(time_t)(duration / 1000000000), (long)(duration % 1000000000)};
    while (nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
    return ok(NOTHING);
}

static u64 act_with_library(u64 argument) {
    (void)argument;
    static const char text[] = "Standalone programs cannot use libraries yet.";
    Bytes bytes = {(u8 *)text, sizeof text - 1, 0};
    return inner(made_text(&bytes));
}

static const struct {
    const char *name;
    u64 (*act)(u64 argument);
} actions[] = {
    {"READ", act_read}, {"READ_LINE", act_read_line}, {"READ_TEXT_LINE", act_read_text_line},
    {"READ_TO_END", act_read_to_end}, {"WRITE", act_write}, {"WRITE_TEXT", act_write_text},
    {"WRITE_TEXT_LINE", act_write_text_line}, {"FLUSH", act_flush}, {"OPEN", act_open}, {"CLOSE", act_close},
    {"SEEK", act_seek}, {"GET_TIME", act_get_time}, {"SLEEP", act_sleep}, {"DL_OPEN", act_with_library},
    {"DL_CALL", act_with_library}, {"DL_CLOSE", act_with_library},
};

/* The outcome of an action. */
static u64 perform(u64 name, u64 argument) {
    Bytes bytes = {0};
    u64 (*act)(u64) = NULL;
    if (string_of(name, &bytes)) {
        for (u64 index = 0; index < sizeof actions / sizeof actions[0]; index++) {
            if (bytes.count == strlen(actions[index].name)
                && memcmp(bytes.start, actions[index].name, bytes.count) == 0) {
                act = actions[index].act;
            }
        }
    }
    free(bytes.start);
    return act == NULL ? wrong_name() : act(argument);
}
