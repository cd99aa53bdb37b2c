/* ---- Data of a library in the engines ----------------------------------------------------------- */

/* What a term is, as an engine reads results: no data; a number or `*`, as a word; or a constructor, tuple or part of a
   list or string. Its so many fields lie in the words behind the first one of the term. */
typedef struct Seen {
    bool is_data;
    u64 word;
    ShapeKind kind;
    u32 constructor;
    u64 count;
} Seen;

/* What an engine does: it makes a number or `*` of a word, makes anything else of fields, which become parts of it, and
   looks at terms. Its text tells of results that are no data. */
typedef struct Engine {
    u64 (*give_word)(u64 word);
    u64 (*give_made)(ShapeKind kind, u32 constructor, const u64 *fields, u64 count);
    Seen (*look_at)(u64 term);
    const char *no_data_text;
} Engine;

/* The engine of the call, and how far data has been moved: values still to be looked at or given, those that are given,
   the terms that have become values, and whether there was no memory for one. */
static struct {
    const Engine *engine;
    Array planned;
    Array given;
    const Array *terms;
    u64 taken;
    bool lacks_memory;
} moving;

/* ---- The types of arguments ---- */

static const Alternative *alternative_of(const Type *type, u32 constructor) {
    for (u32 index = 0; index < type->second; index++) {
        if (alternatives[type->first + index].constructor == constructor) {
            return &alternatives[type->first + index];
        }
    }
    return NULL;
}

static bool fits_outside(u64 word, u32 number);

/* Looks at a part at once if it has no parts itself, or plans to. */
static bool fits_part(u64 word, u32 number) {
    if (!is_made((lib_value *)word)) {
        return fits_outside(word, number);
    }
    push(&moving.planned, word);
    push(&moving.planned, number);
    return true;
}

/* Whether a value is of a type but for those of its parts that have parts themselves. */
static bool fits_outside(u64 word, u32 number) {
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
            is_right = fits_part(value->parts[index], wanted);
        }
        return is_right;
    }
    const Alternative *found = kind == LIB_CONSTRUCTOR ? alternative_of(type, value->constructor) : NULL;
    bool is_right = found != NULL;
    for (u64 index = 0; is_right && index < value->count; index++) {
        is_right = fits_part(value->parts[index], field_types[found->fields + index]);
    }
    return is_right;
}

static bool fits(u64 word, u32 type) {
    bool is_right = fits_outside(word, type);
    while (is_right && moving.planned.count > 0) {
        u64 number = pop(&moving.planned);
        is_right = fits_outside(pop(&moving.planned), (u32)number);
    }
    clear(&moving.planned);
    return is_right;
}

/* ---- Arguments ---- */

/* A list of so many elements that become its own, with words in their place if there are only such. */
static u64 given_list(const u64 *elements, u64 count, bool are_words) {
    const Engine *engine = moving.engine;
    u64 list = engine->give_made(LIST_END, 0, NULL, 0);
    while (count-- > 0) {
        u64 fields[] = {are_words ? engine->give_word(elements[count]) : elements[count], list};
        list = engine->give_made(LIST_CELL, 0, fields, 2);
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
    const Engine *engine = moving.engine;
    u64 first = moving.given.count;
    for (u64 place = 0; place < value->count;) {
        push(&moving.given, decode_character((const u8 *)value->parts, value->count, &place));
    }
    u64 string = engine->give_made(STRING_END, 0, NULL, 0);
    while (moving.given.count > first) {
        u64 fields[] = {engine->give_word(number_word((u32)pop(&moving.given), OF_U24)), string};
        string = engine->give_made(STRING_CELL, 0, fields, 2);
    }
    return string;
}

/* Gives a value once its parts are given. */
static u64 given_made(const lib_value *value) {
    moving.given.count -= value->count;
    const u64 *parts = moving.given.items + moving.given.count;
    if (value->kind == LIB_LIST) {
        return given_list(parts, value->count, false);
    }
    return moving.engine->give_made(value->kind == LIB_PAIR ? TUPLE : PLAIN, value->constructor, parts, value->count);
}

static void give_later(u64 word, bool is_begun) {
    push(&moving.planned, word);
    push(&moving.planned, is_begun);
}

/* A value for the program. */
static u64 given_value(u64 word) {
    give_later(word, false);
    while (moving.planned.count > 0) {
        bool is_begun = pop(&moving.planned);
        u64 next = pop(&moving.planned);
        const lib_value *value = (const lib_value *)next;
        if (!is_made(value)) {
            push(&moving.given, moving.engine->give_word(next));
        } else if (value->kind == LIB_STRING) {
            push(&moving.given, given_string(value));
        } else if (is_flat_list(value)) {
            push(&moving.given, given_list(value->parts, value->count, true));
        } else if (is_begun) {
            push(&moving.given, given_made(value));
        } else {
            give_later(next, true);
            for (u64 index = value->count; index-- > 0;) {
                give_later(value->parts[index], false);
            }
        }
    }
    return pop(&moving.given);
}

/* ---- Results ----

   Terms become values in the order in which they were made, so that the parts of each come before it. The value stands in
   the place of the first field then, 0 if it is no data; in cells of lists, which become parts of a longer value, it is
   only that of the field. */

static u64 *fields_of(u64 term) {
    return (u64 *)term + 1;
}

/* A value, 0 if there is no memory for it. */
static u64 in_memory(lib_value *value) {
    moving.lacks_memory = moving.lacks_memory || value == NULL;
    return (u64)value;
}

/* The number of cells of a kind that a list or string begins with; whether it ends as such. */
static bool count_cells(u64 term, ShapeKind cell, ShapeKind end, u64 *count) {
    Seen seen;
    *count = 0;
    for (seen = moving.engine->look_at(term); seen.is_data && seen.kind == cell; seen = moving.engine->look_at(term)) {
        term = fields_of(term)[1];
        ++*count;
    }
    return seen.is_data && seen.word == 0 && seen.kind == end;
}

static u64 taken_list(u64 term) {
    u64 count;
    if (!count_cells(term, LIST_CELL, LIST_END, &count)) {
        return 0;
    }
    u64 list = in_memory(new_value(LIB_LIST, 0, count, count * sizeof(u64)));
    bool is_data = list != 0;
    for (u64 index = 0; list != 0 && index < count; index++, term = fields_of(term)[1]) {
        u64 element = (u64)lib_copy_value((lib_value *)fields_of(term)[0]);
        ((lib_value *)list)->parts[index] = element;
        is_data = is_data && element != 0;
    }
    if (!is_data) {
        lib_free_value((lib_value *)list);
    }
    return is_data ? list : 0;
}

static u64 taken_string(u64 term) {
    u64 count;
    if (!count_cells(term, STRING_CELL, STRING_END, &count)) {
        return 0;
    }
    lib_value *value = (lib_value *)in_memory(new_value(LIB_STRING, 0, 0, count * 4 + 1));
    bool is_data = value != NULL;
    u8 *bytes = is_data ? (u8 *)value->parts : NULL;
    for (; is_data && count > 0; count--, term = fields_of(term)[1]) {
        u64 word = moving.engine->look_at(fields_of(term)[0]).word;
        u32 code = PAYLOAD(word);
        bool is_character = code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
        value->count += encode_character(is_character ? code : 0xfffd, bytes + value->count);
        is_data = TAG(word) == NUMBER;
    }
    if (!is_data) {
        lib_free_value(value);
        return 0;
    }
    bytes[value->count] = 0;
    return (u64)value;
}

/* The value of a term whose parts have theirs; 0 if it is no data. */
static u64 taken(u64 term) {
    Seen seen = moving.engine->look_at(term);
    if (!seen.is_data || seen.word != 0) {
        return seen.is_data ? seen.word : 0;
    }
    switch (seen.kind) {
        case LIST_CELL:
        case LIST_END:
            return taken_list(term);
        case STRING_CELL:
        case STRING_END:
            return taken_string(term);
        default:
            return seen.count == 0 ? in_memory(new_value(LIB_CONSTRUCTOR, seen.constructor, 0, 0))
                : (u64)lib_copy_value((lib_value *)fields_of(term)[0]);
    }
}

static void take_term(u64 term) {
    Seen seen = moving.engine->look_at(term);
    u64 *fields = fields_of(term);
    if (!seen.is_data || seen.count == 0 || seen.kind == STRING_CELL) {
        return;
    }
    bool is_data = true;
    for (u64 index = 0; index < (seen.kind == LIST_CELL ? 1 : seen.count); index++) {
        fields[index] = taken(fields[index]);
        is_data = is_data && fields[index] != 0;
    }
    if (seen.kind != LIST_CELL) {
        lib_value *value = made_of(seen.kind == TUPLE ? LIB_PAIR : LIB_CONSTRUCTOR, seen.constructor, seen.count, fields);
        fields[0] = is_data ? in_memory(value) : 0;
    }
}

static void forget_taken(void) {
    for (u64 index = 0; index < moving.taken; index++) {
        u64 term = moving.terms->items[index];
        Seen seen = moving.engine->look_at(term);
        if (seen.is_data && seen.count > 0 && seen.kind != STRING_CELL) {
            lib_free_value((lib_value *)fields_of(term)[0]);
        }
    }
    moving.taken = 0;
    moving.lacks_memory = false;
}

/* The value of a term, with all those with fields in the order in which they were made; 0 if it is no data. */
static u64 taken_term(u64 term, const Array *terms) {
    moving.terms = terms;
    for (; moving.taken < terms->count; moving.taken++) {
        take_term(terms->items[moving.taken]);
    }
    u64 value = taken(term);
    bool lacks_memory = moving.lacks_memory;
    forget_taken();
    if (lacks_memory) {
        lib_free_value((lib_value *)value);
        fail_memory();
    }
    return value;
}

static void forget_data(void) {
    forget_taken();
    clear(&moving.planned);
    clear(&moving.given);
}

/* Gives a result to the variable for it. */
static lib_status give_result(u64 word, const Call *call) {
    void *result = call->result;
    if (word == 0) {
        return failed(LIB_NOT_DATA, moving.engine->no_data_text);
    }
    if (call->type == 0) {
        *(lib_value **)result = (lib_value *)word;
        return LIB_OK;
    }
    if (type_of_number(word) != call->type) {
        lib_free_value((lib_value *)word);
        return failed(LIB_NOT_DATA, "The result has another type than is declared.");
    }
    if (call->type == OF_U24) {
        *(u32 *)result = PAYLOAD(word);
    } else if (call->type == OF_I24) {
        *(i32 *)result = as_i24(word);
    } else {
        *(f32 *)result = as_f24(word);
    }
    return LIB_OK;
}
