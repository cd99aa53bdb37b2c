/* ---- The program -------------------------------------------------------------------------------- */

int main(int count, char **arguments) {
    CommandLine line = read_command_line(count, arguments);
    return run_nets(&line);
}
