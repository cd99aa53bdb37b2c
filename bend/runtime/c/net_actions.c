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
    u64 kind = net_read_action(NET_ROOT, out);
    if (kind == NO_ACTION && is_folded) {
        net_put(NET_ROOT, port);
    }
    return kind;
}

/* Performs actions until the result asks for none. Those that the direct engine has performed before are not performed
   again: the program gets the same outcomes. */
static void net_perform_actions(void) {
    u64 action[3];
    open_standard_streams();
    while (net_action(action) == ASKS) {
        net_encoding = action[0];
        const Outcome *known = known_outcome();
        Outcome outcome = known == NULL ? perform(action[1], action[2]) : *known;
        u64 given = made_outcome(&outcome);
        if (known == NULL) {
            free(outcome.bytes.start);
        }
        u64 start = clock_nanoseconds();
        bool is_finished = net_continue(net_encoding, given);
        nets.nanoseconds += clock_nanoseconds() - start;
        net_go_on(is_finished);
    }
    close_streams();
}
