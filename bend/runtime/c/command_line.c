/* ---- The command line --------------------------------------------------------------------------- */

/* What is asked for. Leaves where it cannot be understood, and after help. */
static CommandLine read_command_line(int count, char **arguments) {
    CommandLine line = {0};
    line.threads = USUAL_THREADS;
    u64 given = 0;
    bool takes_options = true;
    for (int index = 1; index < count; index++) {
        const char *value;
        if (takes_options && strcmp(arguments[index], "--") == 0) {
            takes_options = false;
        } else if (given != argument_count && (!takes_options || arguments[index][0] != '-')) {
            line.numbers[given] = number_argument(arguments[index], is_signed[given]);
            given++;
        } else if (!takes_options || arguments[index][0] != '-') {
            refuse("There are too many arguments.", ARGUMENTS_TEXT);
        } else if (machine_option(arguments, &index, &line)) {
            continue;
        } else if ((value = option(arguments, &index, "--memory")) != NULL) {
            line.memory_limit = memory_option(value);
        } else if (strcmp(arguments[index], "-s") == 0 || strcmp(arguments[index], "--stats") == 0) {
            line.shows_time = true;
        } else if (strcmp(arguments[index], "-h") == 0 || strcmp(arguments[index], "--help") == 0) {
            fputs(usage, stdout);
            exit(EXIT_SUCCESS);
        } else {
            refuse("There is no such option.", "`--help` lists the options.");
        }
    }
    if (given != argument_count) {
        refuse("There are too few arguments.", ARGUMENTS_TEXT);
    }
    if (line.memory_limit == 0) {
        line.memory_limit = USUAL_MEMORY;
    }
    return line;
}

/* The exit code of a program that has printed everything, if it could. */
static int ending(void) {
    errno = 0;
    if (fflush(stdout) == 0 && ferror(stdout) == 0) {
        return EXIT_SUCCESS;
    }
    if (errno == EPIPE) {
        return 141;
    }
    fprintf(stderr, "error[no-space]: The output cannot be written: %s.\n  = hint: Make room where it goes to, or send "
            "it elsewhere.\n\n", strerror(errno != 0 ? errno : ENOSPC));
    return EXIT_FAILURE;
}
