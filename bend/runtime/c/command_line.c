/* ---- The command line --------------------------------------------------------------------------- */

static _Noreturn void refuse(const char *message, const char *hint) {
    fprintf(stderr, "error[command-line]: %s\n  = hint: %s\n\n", message, hint);
    exit(2);
}

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

static u64 memory_option(const char *text) {
    static const char units[] = "KMGT";
    char *end;
    u64 number = strtoull(text, &end, 10);
    const char *unit = *end == '\0' ? NULL : strchr(units, *end & ~0x20);
    u64 shift = unit == NULL ? 0 : 10 * (u64)(unit - units + 1);
    end += unit != NULL;
    end += (*end | 0x20) == 'i';
    end += (*end | 0x20) == 'b';
    if (*text < '0' || *text > '9' || *end != '\0' || number == 0 || number > UINT64_MAX >> shift) {
        refuse("This is not a size of memory.", "Write it like 200M or 4G.");
    }
    return number << shift;
}

/* The value of an option: `-t2`, `-t 2`, `--threads=2` or `--threads 2`. NULL if it is another option. */
static const char *option(char **arguments, int *index, const char *name) {
    const char *argument = arguments[*index];
    u64 length = strlen(name);
    if (strncmp(argument, name, length) != 0) {
        return NULL;
    }
    if (argument[length] == '\0') {
        if (arguments[*index + 1] == NULL) {
            refuse("An option has no value.", "Write it like `-t 2` or `--memory 4G`.");
        }
        *index += 1;
        return arguments[*index];
    }
    if (length == 2) {
        return argument + length;
    }
    return argument[length] == '=' ? argument + length + 1 : NULL;
}

/* A whole number of 24 bits as an argument of the program: a number word. */
static u64 number_argument(const char *text, bool has_sign) {
    char *end;
    bool is_negative = *text == '-', is_hexadecimal;
    const char *digits = text + (has_sign && (is_negative || *text == '+'));
    is_hexadecimal = digits[0] == '0' && (digits[1] | 0x20) == 'x' && digits[2] != '\0';
    u64 number = strtoull(digits + (is_hexadecimal ? 2 : 0), &end, is_hexadecimal ? 16 : 10);
    u64 limit = has_sign ? 0x7fffff + is_negative : 0xffffff;
    if (*digits < '0' || *digits > '9' || *end != '\0' || number > limit) {
        refuse("An argument is not a number of the type that `main` takes.", has_sign
            ? "Write a number from -8388608 to 8388607." : "Write a number from 0 to 16777215.");
    }
    u64 payload = is_negative ? (0 - number) & 0xffffff : number;
    return payload << 5 | (has_sign ? 2 : 1);
}

typedef struct CommandLine {
    u64 threads;
    u64 memory_limit;
    bool shows_time;
    u64 numbers[sizeof is_signed];
} CommandLine;

/* How many threads to run on unless told otherwise: as many as were named when the program was made, or one a core. */
#ifndef USUAL_THREADS
#define USUAL_THREADS available_cores()
#endif

/* What is asked for. Leaves where it cannot be understood, and after help. */
static CommandLine read_command_line(int count, char **arguments) {
    CommandLine line = {.threads = USUAL_THREADS};
    u64 given = 0;
    bool takes_options = true;
    for (int index = 1; index < count; index++) {
        const char *value;
        if (takes_options && strcmp(arguments[index], "--") == 0) {
            takes_options = false;
        } else if (given < argument_count && (!takes_options || arguments[index][0] != '-')) {
            line.numbers[given] = number_argument(arguments[index], is_signed[given]);
            given++;
        } else if (!takes_options || arguments[index][0] != '-') {
            refuse("There are too many arguments.", ARGUMENTS_TEXT);
        } else if ((value = option(arguments, &index, "-t")) != NULL
            || (value = option(arguments, &index, "--threads")) != NULL) {
            line.threads = threads_option(value);
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
    if (given < argument_count) {
        refuse("There are too few arguments.", ARGUMENTS_TEXT);
    }
    if (line.memory_limit == 0) {
        line.memory_limit = usual_memory_limit();
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
