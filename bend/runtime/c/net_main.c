/* ---- The program -------------------------------------------------------------------------------- */

int main(int count, char **arguments) {
    CommandLine line = read_command_line(count, arguments);
    net_prepare(line.threads, line.memory_limit);
    if (!net_boot(0, line.numbers, argument_count)) {
        net_fail();
    }
#if IS_ACTING
    net_perform_actions();
#endif
    u64 interactions = net_interactions(), nanoseconds = nets.nanoseconds;
    net_show_result();
    if (line.shows_time) {
        net_print_statistics(interactions, nanoseconds);
    }
    int code = ending();
    release_regions();
    return code;
}
