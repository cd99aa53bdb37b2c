/* ---- The program as nets ------------------------------------------------------------------------ */

/* What is printed with `-s`. */
static void net_print_statistics(u64 interactions, u64 nanoseconds) {
    f64 seconds = (f64)nanoseconds / 1e9;
    f64 speed = seconds > 0 ? (f64)interactions / seconds / 1e6 : 0;
    printf("- ITRS: %" PRIu64 "\n", interactions);
    SHOW_DEVICE();
    printf("- TIME: %.6fs\n- MIPS: %.2f\n", seconds, speed);
    SHOW_KERNEL();
}

/* Runs the program, and prints its result; gives the exit code. */
static int run_nets(const CommandLine *line) {
    net_prepare(NETS_ARE_PARALLEL ? line->threads : 1, line->memory_limit);
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
    net_release();
    return code;
}
