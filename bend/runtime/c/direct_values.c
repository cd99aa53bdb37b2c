/* ---- Values of actions ----------------------------------------------------------------------- */

/* A program that acts asks for an action by ending in a constructor with a pair of magic numbers, the name of the
   action, its argument, and what to do with the outcome. This side performs it, and has the program go on. Between
   requests no worker has anything to do, and this thread makes and reads cells in the first one's place. */
enum { MAGIC_FIELD, NAME_FIELD, ARGUMENT_FIELD, CONTINUATION_FIELD };
#define MAGIC_1 ((u64)0xd0ca11 << 8 | 1 << 3 | NUMBER)
#define MAGIC_2 ((u64)0xff1ff1 << 8 | 1 << 3 | NUMBER)
#define CAPACITY 16384
#define NOTHING ERASER

/* ---- Values that the program gives ---- */

/* The parts of a tuple; whether it is one. */
static bool pair_of(u64 value, u64 *first, u64 *second) {
    u64 tuple = value_of(value);
    const Shape *shape = shape_of(tuple);
    if (shape == NULL || shape->kind != TUPLE) {
        return false;
    }
    *first = field_of(tuple, 0);
    *second = field_of(tuple, 1);
    return true;
}

/* The type and the 24 bits of a number of any type; whether it is one. */
static bool typed_number_of(u64 value, u64 *type, u64 *payload) {
    u64 number = value_of(value);
    *type = number >> 3 & 31;
    *payload = PAYLOAD(number);
    return TAG(number) == NUMBER && *type >= 1 && *type <= 3;
}

/* The number of a stream; one that no stream has for what is no number. */
static u64 handle_of(u64 value) {
    u64 number = value_of(value);
    return TAG(number) == NUMBER ? PAYLOAD(number) : MOST_STREAMS;
}

/* The payloads in a list of numbers; whether it is one. */
static bool numbers_of(u64 list, Array *numbers) {
    static u64 out[CAPACITY + 3];
    enum { AT_END, FULL, UNKNOWN };
    for (;;) {
        u64 count = read_numbers(run.workers, list, (u64 *)list_kinds, out, CAPACITY);
        for (u64 index = 0; index < count; index++) {
            push(numbers, out[3 + index]);
        }
        list = out[1];
        if (out[0] == UNKNOWN) {
            value_of(out[2]);
        } else if (out[0] != FULL) {
            return out[0] == AT_END;
        }
    }
}

/* ---- Values for the program ---- */

static u64 made_number(u64 payload, u64 type) {
    return (payload & 0xffffff) << 8 | type << 3 | NUMBER;
}

static u64 made(u64 shape, u64 count, u64 *fields) {
    for (;;) {
        u64 cell = make_cell(run.workers, shape << 32 | 1, fields, count);
        if (cell != 0) {
            return cell;
        }
        demand(ROOM, 1 + count, 0);
    }
}

static u64 made_pair(u64 first, u64 second) {
    u64 fields[] = {first, second};
    return made(SHAPE_PAIR, 2, fields);
}

/* A string, or another list of numbers, which are forgotten. */
static u64 made_numbers(bool is_text, Array *numbers) {
    u64 cell_shape = is_text ? SHAPE_STRING_CELL : SHAPE_LIST_CELL;
    u64 end_shape = is_text ? SHAPE_STRING_END : SHAPE_LIST_END;
    u64 out[1] = {end_shape << 32 | IMMEDIATE};
    u64 is_packed = shapes[cell_shape].packed == 0, left = numbers->count;
    while (left > 0) {
        left = make_list(run.workers, cell_shape << 32 | 1, is_packed, 1 << 3 | NUMBER, numbers->items, left, out);
        if (left > 0) {
            demand(ROOM, 3 - is_packed, 0);
        }
    }
    clear(numbers);
    return out[0];
}

/* ---- Outcomes ---- */

static u64 ok(u64 value) {
    return made(SHAPE_OK, 1, &value);
}

static u64 failure(u64 reason) {
    return made(SHAPE_ERR, 1, &reason);
}

static u64 wrong_type(void) {
    return failure((u64)SHAPE_TYPE_ERROR << 32 | IMMEDIATE);
}

static u64 wrong_name(void) {
    return failure((u64)SHAPE_NAME_ERROR << 32 | IMMEDIATE);
}

static u64 inner(u64 reason) {
    return failure(made(SHAPE_INNER_ERROR, 1, &reason));
}
