/* ---- Fields of values ---------------------------------------------------------------------------- */

/* A value, of a constant the one that it has. */
static u64 value_of(u64 value) {
    if (TAG(value) != CONSTANT) {
        return value;
    }
    u64 known = KNOWN_CONSTANT(INDEX(value));
    return known != 0 ? known : demand(CONSTANT_VALUE, INDEX(value), 0);
}

/* The shape of a constructor or tuple that is a cell; NULL for any other value. */
static const Shape *shape_of(u64 value) {
    u64 number = TAG(value) == CELL ? words_of(value)[0] >> 32 & 0xff : 0;
    return number == 0 ? NULL : &shapes[number];
}

static u64 field_of(u64 value, u32 index) {
    const u64 *words = words_of(value);
    const Shape *shape = shape_of(value);
    if ((i32)index == shape->packed) {
        return words[0] >> 40 << 8 | shape->number_type << 3 | NUMBER;
    }
    return words[1 + index - (shape->packed >= 0 && (i32)index > shape->packed)];
}
