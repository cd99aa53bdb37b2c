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

/* The code point that begins at a place in UTF-8, which moves behind it. Each ill-formed sequence is one replacement
   character; it ends before the first byte that cannot continue it. */
static __attribute__((unused)) u32 decode_character(const u8 *bytes, u64 count, u64 *place) {
    u8 lead = bytes[(*place)++];
    u32 more = lead < 0x80 ? 0 : lead >= 0xc2 && lead < 0xe0 ? 1 : (lead & 0xf0) == 0xe0 ? 2
        : lead >= 0xf0 && lead < 0xf5 ? 3 : 4;
    u32 code = more == 0 ? lead : lead & (0x3f >> more);
    u8 low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    u8 high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (more == 4) {
        return 0xfffd;
    }
    for (; more > 0; more--) {
        if (*place >= count || bytes[*place] < low || bytes[*place] > high) {
            return 0xfffd;
        }
        code = code << 6 | (bytes[(*place)++] & 0x3f);
        low = 0x80;
        high = 0xbf;
    }
    return code;
}
