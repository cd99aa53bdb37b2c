/* ---- Results as core text ----------------------------------------------------------------------- */

/* The significant digits of a positive number, as few as give it back; gives how many, and the exponent of the first. */
static int short_digits(f32 number, char *digits, int *exponent) {
    char text[32];
    int precision = 0, count = 0;
    do {
        snprintf(text, sizeof text, "%.*e", precision, (f64)number);
    } while ((f32)strtod(text, NULL) != number && precision++ < 8);
    *exponent = atoi(strchr(text, 'e') + 1);
    for (const char *place = text; *place != 'e'; place++) {
        if (*place != '.') {
            digits[count++] = *place;
        }
    }
    while (count > 1 && digits[count - 1] == '0') {
        count--;
    }
    return count;
}

static void show_digits(const char *digits, int first, int count) {
    if (first < count) {
        fwrite(digits + first, 1, (size_t)(count - first), stdout);
    } else {
        putchar('0');
    }
}

/* A float as core text writes it. */
static void show_short_float(u32 bits) {
    static const u32 sign = 0x80000000, infinity = 0x7f800000;
    u32 magnitude = bits & ~sign;
    f32 number;
    char digits[16];
    int exponent;
    if (magnitude > infinity) {
        fputs("+NaN", stdout);
        return;
    }
    if (magnitude == infinity) {
        fputs(bits & sign ? "-inf" : "+inf", stdout);
        return;
    }
    fputs(bits & sign ? "-" : "", stdout);
    if (magnitude == 0) {
        fputs("0.0", stdout);
        return;
    }
    memcpy(&number, &magnitude, sizeof number);
    int count = short_digits(number, digits, &exponent);
    if (exponent >= 16 || exponent < -4) {
        printf("%c.", digits[0]);
        show_digits(digits, 1, count);
        printf("e%d", exponent);
    } else if (exponent < 0) {
        printf("0.%.*s", -exponent - 1, "000");
        show_digits(digits, 0, count);
    } else {
        for (int place = 0; place <= exponent; place++) {
            putchar(place < count ? digits[place] : '0');
        }
        putchar('.');
        show_digits(digits, exponent + 1, count);
    }
}

/* A number word as core text writes it. */
static void show_core_number(u32 word) {
    enum { FLOAT = 3 };
    if ((word & 31) == FLOAT) {
        show_short_float(word >> 5 << 8);
    } else {
        show_number(word);
    }
}

/* Prints the tree at a port. Ports are shown in turn; ports with a tag that there is not are text. */
static void net_show_core(u64 root) {
    enum { SPACE = 14, CLOSING = 15 };
    /* By tag, from NET_CON on. */
    static const char *const openings[] = {"(", "{", "$(", "?("};
    Array pending = {0};
    push(&pending, root);
    while (pending.count > 0) {
        u64 port = pop(&pending);
        switch (NET_TAG(port)) {
            case NET_VARIABLE:
                if (nets.heap[NET_VALUE(port)] != 0) {
                    push(&pending, nets.heap[NET_VALUE(port)]);
                } else {
                    printf("v%" PRIx64, NET_VALUE(port));
                }
                break;
            case NET_REFERENCE:
                printf("@%s", net_names[NET_VALUE(port)]);
                break;
            case NET_ERASER:
                putchar('*');
                break;
            case NET_NUMBER:
                show_core_number((u32)NET_VALUE(port));
                break;
            case SPACE:
                putchar(' ');
                break;
            case CLOSING:
                putchar((int)NET_VALUE(port));
                break;
            default:
                fputs(openings[NET_TAG(port) - NET_CON], stdout);
                push(&pending, NET_PORT(CLOSING, NET_TAG(port) == NET_DUP ? '}' : ')'));
                push(&pending, nets.heap[NET_VALUE(port) + 1]);
                push(&pending, SPACE);
                push(&pending, nets.heap[NET_VALUE(port)]);
        }
    }
    clear(&pending);
}

static void net_show_result(void) {
    fputs("Result: ", stdout);
    net_show_core(net_result());
    putchar('\n');
}
