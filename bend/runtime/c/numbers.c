/* ---- Numbers ------------------------------------------------------------------------------------ */

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
