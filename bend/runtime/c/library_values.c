/* ---- Values of a library ------------------------------------------------------------------------ */

/* Numbers and `*` are words of the program (`direct_program.h`), which no address is like. Everything else lies in
   memory of its own, with how many own it. What is being freed holds the next of its kind there. */
#define EXPORT __attribute__((visibility("default")))

struct lib_value {
    u64 owners;
    lib_kind kind;
    u32 constructor;
    u64 count;
    u64 parts[];
};

enum { OF_U24 = 1, OF_I24 = 2, OF_F24 = 3 };

static bool is_made(const lib_value *value) {
    return value != NULL && TAG((u64)value) == 0;
}

static u64 number_word(u32 payload, u32 type) {
    return (u64)(payload & 0xffffff) << 8 | type << 3 | NUMBER;
}

/* The words of numbers, 0 for those that do not fit. */
static u64 word_of_u24(u32 number) {
    return number > 0xffffff ? 0 : number_word(number, OF_U24);
}

static u64 word_of_i24(i32 number) {
    return number < -0x800000 || number > 0x7fffff ? 0 : number_word((u32)number, OF_I24);
}

static u64 word_of_f24(f32 number) {
    u32 bits;
    memcpy(&bits, &number, sizeof bits);
    if (number != number) {
        return number_word(0x7fc001 | bits >> 31 << 23, OF_F24);
    }
    return number_word((u32)(((u64)bits + 0x7f + (bits >> 8 & 1)) >> 8), OF_F24);
}

static u32 type_of_number(u64 word) {
    return TAG(word) == NUMBER ? word >> 3 & 31 : 0;
}

static i32 as_i24(u64 word) {
    return (i32)(PAYLOAD(word) ^ 0x800000) - 0x800000;
}

static f32 as_f24(u64 word) {
    u32 bits = PAYLOAD(word) << 8;
    f32 number;
    memcpy(&number, &bits, sizeof number);
    return number;
}

/* A value with so many parts to be filled in; NULL if there is no memory. */
static lib_value *new_value(lib_kind kind, u32 constructor, u64 count, u64 bytes) {
    lib_value *value = malloc(sizeof(lib_value) + bytes);
    if (value != NULL) {
        value->owners = 1;
        value->kind = kind;
        value->constructor = constructor;
        value->count = count;
    }
    return value;
}

/* Whether a value has lost its last owner. */
static bool dies(u64 word) {
    return is_made((lib_value *)word) && __atomic_sub_fetch(&((lib_value *)word)->owners, 1, __ATOMIC_ACQ_REL) == 0;
}

EXPORT void lib_free_value(lib_value *value) {
    lib_value *dead = NULL;
    if (dies((u64)value)) {
        value->owners = 0;
        dead = value;
    }
    while (dead != NULL) {
        lib_value *current = dead;
        dead = (lib_value *)current->owners;
        for (u64 index = 0; current->kind != LIB_STRING && index < current->count; index++) {
            if (dies(current->parts[index])) {
                lib_value *part = (lib_value *)current->parts[index];
                part->owners = (u64)dead;
                dead = part;
            }
        }
        free(current);
    }
}

EXPORT lib_value *lib_copy_value(const lib_value *value) {
    if (is_made(value)) {
        __atomic_add_fetch(&((lib_value *)value)->owners, 1, __ATOMIC_RELAXED);
    }
    return (lib_value *)value;
}

/* ---- Making values ---- */

/* A value of parts, which become its own. */
static lib_value *made_of(lib_kind kind, u32 constructor, u64 count, const u64 *parts) {
    bool is_whole = true;
    for (u64 index = 0; index < count; index++) {
        is_whole = is_whole && parts[index] != 0;
    }
    lib_value *value = is_whole ? new_value(kind, constructor, count, count * sizeof(u64)) : NULL;
    for (u64 index = 0; index < count; index++) {
        if (value != NULL) {
            value->parts[index] = parts[index];
        } else {
            lib_free_value((lib_value *)parts[index]);
        }
    }
    return value;
}

EXPORT lib_value *lib_new_u24(u32 number) {
    return (lib_value *)word_of_u24(number);
}

EXPORT lib_value *lib_new_i24(i32 number) {
    return (lib_value *)word_of_i24(number);
}

EXPORT lib_value *lib_new_f24(f32 number) {
    return (lib_value *)word_of_f24(number);
}

EXPORT lib_value *lib_new_none(void) {
    return (lib_value *)(u64)ERASER;
}

EXPORT lib_value *lib_new_string(const char *text) {
    u64 count = text == NULL ? 0 : strlen(text);
    lib_value *value = text == NULL ? NULL : new_value(LIB_STRING, 0, count, count + 1);
    if (value != NULL) {
        memcpy(value->parts, text, count + 1);
    }
    return value;
}

EXPORT lib_value *lib_new_pair(lib_value *first, lib_value *second) {
    u64 parts[] = {(u64)first, (u64)second};
    return made_of(LIB_PAIR, 0, 2, parts);
}

EXPORT lib_value *lib_new_list(lib_value *const *elements, size_t count) {
    return made_of(LIB_LIST, 0, count, (const u64 *)elements);
}

/* A list of numbers that one of the functions above makes words of. */
#define LIST_OF(name, type, word_of) \
    EXPORT lib_value *name(const type *numbers, size_t count) { \
        lib_value *value = new_value(LIB_LIST, 0, count, count * sizeof(u64)); \
        for (size_t index = 0; value != NULL && index < count; index++) { \
            value->parts[index] = word_of(numbers[index]); \
            if (value->parts[index] == 0) { \
                free(value); \
                value = NULL; \
            } \
        } \
        return value; \
    }

LIST_OF(lib_new_list_of_u24, u32, word_of_u24)
LIST_OF(lib_new_list_of_i24, i32, word_of_i24)
LIST_OF(lib_new_list_of_f24, f32, word_of_f24)

/* ---- Looking at values ---- */

EXPORT lib_kind lib_kind_of(const lib_value *value) {
    static const lib_kind kinds[] = {LIB_NONE, LIB_U24, LIB_I24, LIB_F24};
    return is_made(value) ? value->kind : kinds[type_of_number((u64)value) & 3];
}

EXPORT u32 lib_as_u24(const lib_value *value) {
    return type_of_number((u64)value) == OF_U24 ? (u32)PAYLOAD((u64)value) : 0;
}

EXPORT i32 lib_as_i24(const lib_value *value) {
    return type_of_number((u64)value) == OF_I24 ? as_i24((u64)value) : 0;
}

EXPORT f32 lib_as_f24(const lib_value *value) {
    return type_of_number((u64)value) == OF_F24 ? as_f24((u64)value) : 0;
}

EXPORT size_t lib_count_of(const lib_value *value) {
    return is_made(value) ? value->count : 0;
}

EXPORT const lib_value *lib_part_of(const lib_value *value, size_t index) {
    bool has_part = is_made(value) && value->kind != LIB_STRING && index < value->count;
    return has_part ? (const lib_value *)value->parts[index] : NULL;
}

EXPORT const char *lib_text_of(const lib_value *value) {
    return is_made(value) && value->kind == LIB_STRING ? (const char *)value->parts : NULL;
}

EXPORT lib_constructor lib_constructor_of(const lib_value *value) {
    return is_made(value) && value->kind == LIB_CONSTRUCTOR ? (lib_constructor)value->constructor : LIB_NO_CONSTRUCTOR;
}

#define READ_NUMBERS(name, type, number_type, of_word) \
    EXPORT size_t name(const lib_value *list, type *numbers, size_t room) { \
        if (!is_made(list) || list->kind != LIB_LIST) { \
            return SIZE_MAX; \
        } \
        for (size_t index = 0; index < list->count; index++) { \
            if (type_of_number(list->parts[index]) != number_type) { \
                return SIZE_MAX; \
            } \
            if (index < room) { \
                numbers[index] = of_word(list->parts[index]); \
            } \
        } \
        return list->count; \
    }

READ_NUMBERS(lib_read_u24, u32, OF_U24, PAYLOAD)
READ_NUMBERS(lib_read_i24, i32, OF_I24, as_i24)
READ_NUMBERS(lib_read_f24, f32, OF_F24, as_f24)
