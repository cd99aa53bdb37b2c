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
