/* ---- Text --------------------------------------------------------------------------------------- */

/* A code point in UTF-8: how many bytes it takes. Numbers of 24 bits that are no code points get four, too. */
static u32 encode_character(u32 code, u8 *bytes) {
    if (code < 0x80) {
        bytes[0] = (u8)code;
        return 1;
    }
    u32 count = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const u8 marks[] = {0, 0, 0xc0, 0xe0, 0xf0};
    bytes[0] = (u8)(marks[count] | code >> 6 * (count - 1));
    for (u32 index = 1; index < count; index++) {
        bytes[index] = (u8)(0x80 | (code >> 6 * (count - 1 - index) & 0x3f));
    }
    return count;
}

/* A number word, the payload and below it the type in five bits, as results show it. */
static void show_number(u64 word) {
    static const char *const symbols[] = {
        "?", "u24", "i24", "f24", "+", "-", ":-", "*", "/", ":/", "%", ":%", "=", "!", "<", ">", "&", "|", "^", "<<",
        ":<<", ">>", ":>>", "?", "?", "?", "?", "?", "?", "?", "?", "?",
    };
    u32 kind = word & 31, payload = word >> 5 & 0xffffff;
    u32 bits = payload << 8;
    f32 number;
    switch (kind) {
        case 0:
            printf("[%s]", payload < 32 ? symbols[payload] : "?");
            break;
        case 1:
            printf("%" PRIu32, payload);
            break;
        case 2:
            printf("%+" PRId32, (i32)(payload ^ 0x800000) - 0x800000);
            break;
        case 3:
            memcpy(&number, &bits, sizeof number);
            if (number != number) {
                fputs("NaN", stdout);
            } else {
                printf("%.3f", (f64)number);
            }
            break;
        default:
            printf("[%s0x%07" PRIX32 "]", symbols[kind], payload);
    }
}

static bool is_printable(u32 code) {
    u64 low = 0, high = sizeof printable / sizeof printable[0];
    while (low < high) {
        u64 middle = (low + high) / 2;
        if (code < printable[middle][0]) {
            high = middle;
        } else if (code > printable[middle][1]) {
            low = middle + 1;
        } else {
            return true;
        }
    }
    return false;
}

/* A character in a string literal; what is none shows as U+FFFD. */
static void show_character(u32 code) {
    static const char escaped[] = "\n\r\t\"\\", letters[] = "nrt\"\\";
    const char *place = code == 0 || code > 127 ? NULL : strchr(escaped, (int)code);
    if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) {
        code = 0xfffd;
    }
    if (code == 0) {
        fputs("\\0", stdout);
    } else if (place != NULL) {
        printf("\\%c", letters[place - escaped]);
    } else if (is_printable(code)) {
        u8 bytes[4];
        fwrite(bytes, 1, encode_character(code, bytes), stdout);
    } else {
        printf("\\u{%" PRIx32 "}", code);
    }
}
