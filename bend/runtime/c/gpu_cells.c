/* ---- Cells that this side makes and reads --------------------------------------------------------- */

/* What the runtime of programs on threads does for actions, here on the heap of the device. Cells are made of memory that was
   never used, and what has been read stays where it is: only lanes have lists of free cells. */
#define COUNT_MASK 0xffffffff
#define IMMORTAL ((u64)0x80000000)
enum { LIST_ENDS = 1, LIST_PACKED = 2 };

/* A cell with a header and so many words after it. */
static u64 make_cell(Worker *w, u64 header, const u64 *fields, u64 count) {
    (void)w;
    u64 cell = take(count + 1);
    change(cell, &header, 1);
    change(cell + WORD, fields, count);
    return cell;
}

/* Puts numbers in front of the list in `out`, the last one first; gives how many are left, which is none. */
static u64 make_list(Worker *w, u64 header, u64 is_packed, u64 kind, const u64 *numbers, u64 count, u64 *out) {
    for (; count > 0; count--) {
        u64 number = numbers[count - 1];
        u64 packed[] = {header | number << 40, out[0]}, plain[] = {header, number << 8 | kind, out[0]};
        u64 *words = is_packed != 0 ? packed : plain;
        out[0] = make_cell(w, words[0], words + 1, 2 - is_packed);
    }
    return 0;
}

/* A value, or that of the constant that it refers to, if it is known. */
static u64 known_value(u64 value) {
    u64 known = TAG(value) == CONSTANT ? KNOWN_CONSTANT(INDEX(value)) : 0;
    return known == 0 ? value : known;
}

/* The payloads of the numbers in a list: how many there are, at most `capacity`. `kinds` says what each shape is. Writes why
   it ends, and where, and then the payloads: at the end of the list, where `out` is full, where a constant must be evaluated,
   which is written third, or at what is no list of numbers. */
static u64 read_numbers(Worker *w, u64 list, const u64 *kinds, u64 *out, u64 capacity) {
    enum { AT_END, FULL, UNKNOWN, WRONG };
    (void)w;
    for (u64 count = 0;; count++) {
        list = known_value(list);
        u64 kind = TAG(list) == CELL ? kinds[words_of(list)[0] >> 32 & 0xff] : 0;
        out[1] = out[2] = list;
        if (kind < LIST_PACKED) {
            bool is_end = TAG(list) == IMMEDIATE && kinds[INDEX(list)] == LIST_ENDS;
            out[0] = is_end ? AT_END : TAG(list) == CONSTANT ? UNKNOWN : WRONG;
            return count;
        }
        if (count == capacity) {
            out[0] = FULL;
            return count;
        }
        const u64 *words = words_of(list);
        if (kind == LIST_PACKED) {
            out[3 + count] = words[0] >> 40;
            list = words[1];
            continue;
        }
        u64 head = known_value(words[1]);
        if (TAG(head) != NUMBER) {
            out[0] = TAG(head) == CONSTANT ? UNKNOWN : WRONG;
            out[2] = head;
            return count;
        }
        out[3 + count] = PAYLOAD(head);
        list = words[2];
    }
}

static void add_references(u64 cell, u64 more) {
    u64 header = words_of(cell)[0] + more;
    if ((header & IMMORTAL) == 0) {
        change(cell, &header, 1);
    }
}

/* A part of a value is needed, the value itself no more. If nobody else needs that, what it has is ours. */
static void take_part(Worker *w, u64 whole, u64 part) {
    (void)w;
    if ((words_of(whole)[0] & COUNT_MASK) != 1) {
        if (TAG(part) == CELL) {
            add_references(part, 1);
        }
        add_references(whole, (u64)-1);
    }
}
