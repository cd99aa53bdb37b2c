/* ---- Performing actions ------------------------------------------------------------------------ */

/* Whether a value is an action that asks for something. */
static bool is_call(u64 value) {
    u64 first, second;
    return shape_of(value) != NULL && is_call_shape[shape_of(value) - shapes]
        && pair_of(field_of(value, MAGIC_FIELD), &first, &second) && first == MAGIC_1 && second == MAGIC_2;
}

/* Performs actions until the value asks for none. */
static u64 perform_actions(u64 root) {
    open_standard_streams();
    for (;;) {
        u64 action = value_of(root);
        if (!is_call(action)) {
            close_streams();
            return root;
        }
        Outcome outcome = perform(field_of(action, NAME_FIELD), field_of(action, ARGUMENT_FIELD));
        u64 given = made_outcome(&outcome);
        remember(outcome);
        u64 continuation = field_of(action, CONTINUATION_FIELD);
        take_part(run.workers, action, continuation);
        root = demand(APPLY, continuation, given);
    }
}
