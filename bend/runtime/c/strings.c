/* ---- Characters in results ---------------------------------------------------------------------- */

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
