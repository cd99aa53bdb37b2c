/* ---- The program -------------------------------------------------------------------------------- */

static CommandLine line;

#if HAS_NETS
static void restart_as_nets(void) {
#if IS_ACTING
    if (record.is_incomplete) {
        return;
    }
#endif
    finish_run();
    exit(run_nets(&line));
}
#endif

int main(int count, char **arguments) {
    line = read_command_line(count, arguments);
    prepare_run(IS_PARALLEL ? line.threads : 1, line.memory_limit);
    u64 value = demand(EVALUATE, 0, 0);
    for (u64 index = 0; index != argument_count; index++) {
        value = demand(APPLY, value, line.numbers[index] << 3 | NUMBER);
    }
#if IS_ACTING
    value = perform_actions(value);
#endif
    show_result(value);
    if (line.shows_time) {
        puts("- ENGINE: direct");
        SHOW_DEVICE();
        printf("- TIME: %.6fs\n", (f64)run.nanoseconds / 1e9);
        SHOW_KERNEL();
    }
    int code = ending();
    finish_run();
    return code;
}
