/* ---- Data in nets on the GPU --------------------------------------------------------------------- */

/* What the runtime of nets on threads does for actions, here by this side while no lane runs: it reads and changes its copy
   of the heap. Cells that it frees it uses again itself, or leaves them to the device; others it takes from what was never
   used. */
#define TAKEN_CELLS 32
#define NET_EMPTY 0
#define MOST_FIELDS 16

/* ---- Cells ---- */

/* A free cell of two words. */
static u64 net_new_cell(void) {
    if (nets.cells.count == 0) {
        u64 start = nets.net.heap_next;
        if (start + 2 * TAKEN_CELLS > nets.heap_words) {
            nets.net.stop = NET_STOP_MEMORY;
            net_fail();
        }
        nets.net.heap_next = start + 2 * TAKEN_CELLS;
        for (u64 cell = TAKEN_CELLS; cell-- > 0;) {
            push(&nets.cells, start + 2 * cell);
        }
    }
    return pop(&nets.cells);
}

static u64 net_new_variable(void) {
    u64 cell = net_new_cell();
    net_put(cell, NET_EMPTY);
    return NET_PORT(NET_VARIABLE, cell);
}

static u64 net_new_pair(u64 first, u64 second) {
    u64 cell = net_new_cell();
    net_put(cell, first);
    net_put(cell + 1, second);
    return NET_PORT(NET_CON, cell);
}

/* What a port leads to; full variables on the way are freed. */
static u64 net_taken(u64 port) {
    while (NET_TAG(port) == NET_VARIABLE && net_at(NET_VALUE(port)) != NET_EMPTY) {
        push(&nets.cells, NET_VALUE(port));
        port = net_at(NET_VALUE(port));
    }
    return port;
}

/* Leaves so many free cells to the device: a magazine, in which they are linked by their first words, on top of the others of
   a depot, which are linked by the second words, that tell their sizes above. The upper bits of the word that leads to the topmost
   count changes. */
static void net_give_magazine(u64 count) {
    u64 *depot = (u64 *)nets.net.depots, first = 0, last = 0;
    for (u64 index = 0; index < count; index++) {
        u64 cell = pop(&nets.cells);
        net_put(cell, last);
        last = first = cell;
    }
    net_put(first + 1, count << NET_DEPOT_BITS | (*depot & (((u64)1 << NET_DEPOT_BITS) - 1)));
    *depot = ((*depot >> NET_DEPOT_BITS) + 1) << NET_DEPOT_BITS | first;
}

/* Has the device run a task; whether the net came to rest. */
static bool net_go(u64 kind, u64 first, u64 second) {
    while (nets.cells.count >= 2 * nets.net.magazine) {
        net_give_magazine(nets.net.magazine);
    }
    return net_launch(kind, first, second);
}

/* ---- Reading ---- */

/* The place where what stands at a place is written: full variables are followed, and stay as they are. */
static u64 net_follow(u64 place) {
    u64 port = net_at(place);
    while (NET_TAG(port) == NET_VARIABLE && net_at(NET_VALUE(port)) != NET_EMPTY) {
        place = NET_VALUE(port);
        port = net_at(place);
    }
    return place;
}

/* Puts the value of a reference in its place; false if the run stopped. */
static bool net_force(u64 place) {
    for (;;) {
        u64 at = net_follow(place), port = net_at(at);
        if (NET_TAG(port) != NET_REFERENCE) {
            return true;
        }
        u64 variable = net_new_variable();
        net_put(at, variable);
        if (!net_go(NET_BOOT, NET_VALUE(port), variable)) {
            return false;
        }
    }
}

/* The number that a reference stands for, as a port; 0 if it is none. */
static u64 net_constant_of(u64 reference) {
    enum { VARIABLES, NODES, PAIRS, ROOT };
    const u64 *words = net_book + net_book[NET_VALUE(reference)];
    return (words[VARIABLES] | words[NODES] | words[PAIRS]) == 0 && NET_TAG(words[ROOT]) == NET_NUMBER ? words[ROOT] : 0;
}

/* A constructor as it stands in a net: an arm among siblings, and the places of its fields. Without siblings, the first
   field is the tag. */
typedef struct NetCell {
    u64 siblings;
    u64 arm;
    u64 count;
    u64 fields[MOST_FIELDS];
} NetCell;

/* Finds the arm that a constructor chooses; the place where its fields begin, and the variable of the result, or false. */
static bool net_read_arms_of(u64 place, NetCell *cell, u64 *spine, u64 *result) {
    u64 at = net_follow(place);
    cell->siblings = *spine = 0;
    while (NET_TAG(net_at(at)) == NET_CON) {
        u64 node = NET_VALUE(net_at(at)), first = net_follow(node);
        if (NET_TAG(net_at(first)) != NET_ERASER) {
            if (*spine != 0) {
                return false;
            }
            *spine = first;
            cell->arm = cell->siblings;
        }
        cell->siblings++;
        at = net_follow(node + 1);
    }
    *result = net_at(at);
    return *spine != 0 && NET_TAG(*result) == NET_VARIABLE;
}

/* The constructor at a place; whether there is one. */
static bool net_read_cell(u64 place, NetCell *cell) {
    u64 at, result;
    if (!net_read_arms_of(place, cell, &at, &result)) {
        return false;
    }
    cell->count = 0;
    while (NET_TAG(net_at(at)) == NET_CON && cell->count < MOST_FIELDS) {
        cell->fields[cell->count++] = NET_VALUE(net_at(at));
        at = net_follow(NET_VALUE(net_at(at)) + 1);
    }
    return net_at(at) == result;
}

/* The number at a place, or the one that a reference there stands for, as a port; another port if it is neither. */
static u64 net_number_or_port(u64 place) {
    u64 port = net_at(net_follow(place));
    u64 number = NET_TAG(port) == NET_REFERENCE ? net_constant_of(port) : 0;
    return number != 0 ? number : port;
}

/* The number of the constructor at a place, and its fields proper; false if there is none of a known encoding. */
static bool net_read_constructor(u64 place, NetCell *cell, u64 *number, u64 **fields, u64 *count) {
    if (!net_read_cell(place, cell) || cell->siblings > 2 || (cell->siblings == 1 && cell->count == 0)) {
        return false;
    }
    *number = cell->arm;
    *fields = cell->fields;
    *count = cell->count;
    if (cell->siblings == 1) {
        u64 tag = net_number_or_port(cell->fields[0]);
        *number = NET_TAG(tag) == NET_NUMBER ? NET_VALUE(tag) >> 5 : UINT64_MAX;
        *fields += 1;
        *count -= 1;
    }
    return true;
}

/* Whether the pair by which actions are known stands at a place. */
static bool net_is_magic_at(u64 place) {
    u64 port = net_at(net_follow(place));
    if (NET_TAG(port) == NET_CON) {
        u64 node = NET_VALUE(port);
        return net_at(net_follow(node)) == net_magic[1] && net_at(net_follow(node + 1)) == net_magic[2];
    }
    for (u64 index = 0; index < net_magic[0]; index++) {
        if (port == net_magic[3 + index]) {
            return true;
        }
    }
    return false;
}

/* Whether the constructor at a place is an action, and asks for something; writes encoding, name and argument. */
static u64 net_read_action(u64 place, u64 *out) {
    enum { NO_ACTION, ASKS_NOTHING, ASKS };
    enum { CALL = 1, CALL_FIELDS = 4 };
    NetCell cell;
    u64 number, count, *fields;
    if (!net_read_constructor(place, &cell, &number, &fields, &count) || count == 0 || !net_is_magic_at(fields[0])) {
        return NO_ACTION;
    }
    if (number != CALL || count != CALL_FIELDS) {
        return ASKS_NOTHING;
    }
    out[0] = cell.siblings;
    out[1] = fields[1];
    out[2] = fields[2];
    return ASKS;
}

/* Frees the nodes of the cell at a place, and puts the rest of the list there. */
static void net_free_cell(u64 place, u64 rest) {
    u64 port = net_taken(net_at(place));
    net_put(place, rest);
    while (NET_TAG(port) == NET_CON) {
        u64 node = NET_VALUE(port), spine = net_taken(net_at(node));
        while (NET_TAG(spine) == NET_CON) {
            u64 field = NET_VALUE(spine);
            net_taken(net_at(field));
            spine = net_taken(net_at(field + 1));
            push(&nets.cells, field);
        }
        port = net_taken(net_at(node + 1));
        push(&nets.cells, node);
    }
    /* What remains are both ends of the variable of the result. */
    push(&nets.cells, NET_VALUE(port));
}

/* Takes the payloads of the numbers of the list at a place: how many there are, at most `capacity`. The place holds what is
   left. Writes why it ends, and then the payloads: at the end of the list, where `out` is full, where the run stopped, or at
   what is no list of numbers. */
static u64 net_take_numbers(u64 place, u64 *out, u64 capacity) {
    enum { AT_END, FULL, STOPPED, WRONG };
    for (u64 count = 0;; count++) {
        NetCell cell;
        u64 number, fields_count, *fields;
        if (!net_force(place)) {
            out[0] = STOPPED;
            return count;
        }
        bool is_cell = net_read_constructor(place, &cell, &number, &fields, &fields_count);
        if (!is_cell || number != 1 || fields_count != 2) {
            out[0] = is_cell && number == 0 && fields_count == 0 ? AT_END : WRONG;
            return count;
        }
        if (count == capacity) {
            out[0] = FULL;
            return count;
        }
        if (NET_TAG(net_number_or_port(fields[0])) != NET_NUMBER && !net_force(fields[0])) {
            out[0] = STOPPED;
            return count;
        }
        u64 head = net_number_or_port(fields[0]);
        if (NET_TAG(head) != NET_NUMBER) {
            out[0] = WRONG;
            return count;
        }
        out[1 + count] = NET_VALUE(head) >> 5;
        u64 rest = net_taken(net_at(fields[1]));
        net_put(fields[1], rest);
        net_free_cell(place, rest);
    }
}

/* ---- Making ---- */

/* A constructor, as a port. */
static u64 net_make_constructor(u64 siblings, u64 arm, const u64 *fields, u64 count) {
    u64 result = net_new_variable(), body = result, port = result;
    while (count-- > 0) {
        body = net_new_pair(fields[count], body);
    }
    while (siblings-- > 0) {
        port = net_new_pair(siblings == arm ? body : (u64)NET_ERASER, port);
    }
    return port;
}

static u64 net_make_pair(u64 first, u64 second) {
    return net_new_pair(first, second);
}

/* A list of u24 numbers, as a port. `tags` are those of the end and of cells, used where constructors have no siblings. */
static u64 net_make_list(u64 siblings, const u64 *tags, const u64 *payloads, u64 count) {
    u64 skipped = siblings - 1, fields[3] = {tags[0]};
    u64 port = net_make_constructor(siblings, 0, fields + skipped, 1 - skipped);
    fields[0] = tags[1];
    while (count-- > 0) {
        fields[1] = NET_PORT(NET_NUMBER, payloads[count] << 5 | 1);
        fields[2] = port;
        port = net_make_constructor(siblings, skipped, fields + skipped, 3 - skipped);
    }
    return port;
}

/* ---- Going on ---- */

/* Applies the continuation of the action that is the result to the outcome, as a match on the action does, and runs; false if
   that stopped. */
static bool net_continue(u64 siblings, u64 outcome) {
    u64 action = net_taken(net_at(NET_ROOT)), result = net_new_variable();
    net_put(NET_ROOT, NET_EMPTY);
    u64 arm = net_new_pair(net_new_pair(outcome, result), result);
    for (u64 skipped = 5 - siblings; skipped > 0; skipped--) {
        arm = net_new_pair(NET_ERASER, arm);
    }
    u64 target = net_new_pair(arm, NET_PORT(NET_VARIABLE, NET_ROOT));
    if (siblings == 2) {
        target = net_new_pair(NET_ERASER, target);
    }
    return net_go(NET_REDEX, action, target);
}
