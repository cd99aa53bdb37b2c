/* ---- The program as nets ------------------------------------------------------------------------ */

/* Runs the program, and prints its result; gives the exit code. */
static int run_nets(const CommandLine *line) {
    net_prepare(IS_PARALLEL ? line->threads : 1, line->memory_limit);
    if (!net_boot(0, line->numbers, argument_count)) {
        net_fail();
    }
#if IS_ACTING
    net_perform_actions();
#endif
    u64 interactions = net_interactions(), nanoseconds = nets.nanoseconds;
    net_show_result();
    if (line->shows_time) {
        net_print_statistics(interactions, nanoseconds);
    }
    int code = ending();
    release_regions(0);
    return code;
}
