/* ---- Options of threads -------------------------------------------------------------------------- */

static const char usage[] =
    "usage: PROGRAM [OPTIONS] [--] [ARGUMENTS]\n\n"
    "ARGUMENTS are the numbers that `main` takes.\n\n"
    "  -t N, --threads N   how many threads to run on (default: one a core)\n"
    "  --memory SIZE       the most memory that the program may use, such as 200M or 4G\n"
    "  -s                  print how long the program ran afterwards, and its interactions\n"
    "  -h, --help          print this\n";

static u64 threads_option(const char *text) {
    char *end;
    u64 number = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || number < 1 || number > 1024) {
        refuse("This is not a number of threads.", "Write a number from 1 to 1024.");
    }
    return number < MOST_WORKERS ? number : MOST_WORKERS;
}

/* How many threads to run on unless told otherwise: as many as were named when the program was made, or one a core. */
#ifndef USUAL_THREADS
#define USUAL_THREADS available_cores()
#endif

#define USUAL_MEMORY usual_memory_limit()

/* Whether an argument is one of these options, which is noted. */
static bool machine_option(char **arguments, int *index, CommandLine *line) {
    const char *value = option(arguments, index, "-t");
    if (value == NULL) {
        value = option(arguments, index, "--threads");
    }
    if (value != NULL) {
        line->threads = threads_option(value);
    }
    return value != NULL;
}

/* There is no device of which more is to be told with `-s`. */
#define SHOW_DEVICE() ((void)0)
#define SHOW_KERNEL() ((void)0)
