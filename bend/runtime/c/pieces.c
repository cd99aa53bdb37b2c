/* ---- What is still to be shown of a result ------------------------------------------------------- */

/* Terms, each with how many cells of a list or string from there on are known to be spoilt; the rest of a list; text. */
typedef enum { SHOW_TERM, SHOW_REST, SHOW_TEXT } PieceKind;

static Array pieces;

static void show_later(PieceKind kind, u64 subject, u64 spoilt) {
    push(&pieces, subject);
    push(&pieces, spoilt);
    push(&pieces, kind);
}

static void show_text_later(const char *text) {
    show_later(SHOW_TEXT, (u64)text, 0);
}
