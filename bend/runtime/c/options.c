/* ---- Options ------------------------------------------------------------------------------------- */

static _Noreturn void refuse(const char *message, const char *hint) {
    fprintf(stderr, "error[command-line]: %s\n  = hint: %s\n\n", message, hint);
    exit(2);
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
