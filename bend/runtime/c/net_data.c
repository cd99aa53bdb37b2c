/* ---- Data in nets ------------------------------------------------------------------------------- */

/* What the runtime of nets does for actions while nothing runs, as the first worker. Places are words of the heap. */

/* Puts the value of a reference in its place; false if the run stopped, and then it is to be called again. */
static bool net_force(u64 place) {
    return nets_force(net_worker(0), place);
}

/* The number that a reference stands for, as a port; 0 if it is none. */
static u64 net_constant_of(u64 reference) {
    return nets_constant_of(net_worker(0), reference);
}

/* Whether the constructor at a place is an action, and asks for something; writes encoding, name and argument. */
static u64 net_read_action(u64 place, u64 *out) {
    return nets_read_action(net_worker(0), place, (u64 *)net_magic, out);
}

/* Takes the payloads of the numbers of the list at a place; writes why it ends, and then these. */
static u64 net_take_numbers(u64 place, u64 *out, u64 capacity) {
    return nets_take_numbers(net_worker(0), place, out, capacity);
}

static u64 net_make_constructor(u64 siblings, u64 arm, u64 *fields, u64 count) {
    return nets_make_constructor(net_worker(0), siblings, arm, fields, count);
}

static u64 net_make_pair(u64 first, u64 second) {
    return nets_make_pair(net_worker(0), first, second);
}

/* A list of u24 numbers. `tags` are those of the end and of cells, used where constructors have no siblings. */
static u64 net_make_list(u64 siblings, u64 *tags, u64 *payloads, u64 count) {
    return nets_make_list(net_worker(0), siblings, tags, payloads, count);
}

/* Applies the continuation of the action that is the result to the outcome, and runs; false if that stopped. */
static bool net_continue(u64 siblings, u64 outcome) {
    return nets_go_on(net_worker(0), NET_ROOT, siblings, outcome);
}
