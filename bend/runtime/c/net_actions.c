/* ---- Performing actions ------------------------------------------------------------------------- */

/* What the root is: nothing that has to do with actions, the last one, or one that asks for something. */
enum { NO_ACTION, ASKS_NOTHING, ASKS };

/* Looks at the root, and evaluates it if it may be an action. Writes encoding, name and argument. */
static u64 net_action(u64 *out) {
    u64 port = net_look(NET_ROOT);
    bool is_folded = NET_TAG(port) == NET_REFERENCE && net_may_act[NET_VALUE(port)];
    if (is_folded) {
        value_of(NET_ROOT);
    }
    u64 kind = nets_read_action(net_worker(0), NET_ROOT, (u64 *)net_magic, out);
    if (kind == NO_ACTION && is_folded) {
        nets.heap[NET_ROOT] = port;
    }
    return kind;
}

/* Performs actions until the result asks for none. */
static void net_perform_actions(void) {
    u64 action[3];
    open_standard_streams();
    while (net_action(action) == ASKS) {
        net_encoding = action[0];
        u64 outcome = perform(action[1], action[2]);
        u64 start = clock_nanoseconds();
        bool is_finished = nets_go_on(net_worker(0), NET_ROOT, net_encoding, outcome);
        nets.nanoseconds += clock_nanoseconds() - start;
        net_go_on(is_finished);
    }
    close_streams();
}
