/* ---- Terms -------------------------------------------------------------------------------------- */

/* What a result is shown as. A term without parts is a word with its kind and what belongs to it; the others are arrays
   of such a word and the parts. */
typedef enum {
    TERM_VARIABLE, TERM_NUMBER, TERM_REFERENCE, TERM_ERASER, TERM_INVALID, TERM_FUNCTION, TERM_APPLICATION, TERM_PAIR,
    TERM_SUPERPOSITION, TERM_OPERATION, TERM_SWITCH, TERM_CONSTRUCTOR
} TermKind;

#define TERM_BLOCK ((u64)8192)

static struct {
    Array blocks;
    Array made;
    u64 left;
    u64 *next;
    u64 variables;
} terms;

/* Libraries go through all terms with parts, in the order in which they were made. */
#ifdef IS_LIBRARY
#define NOTE_TERM(term) push(&terms.made, (u64)(term))
#else
#define NOTE_TERM(term)
#endif

static u64 *new_words(u64 count) {
    if (terms.left < count) {
        u64 room = count > TERM_BLOCK ? count : TERM_BLOCK;
        terms.next = (u64 *)kept_in(&terms.blocks, room * sizeof(u64));
        terms.left = room;
    }
    u64 *words = terms.next;
    terms.next += count;
    terms.left -= count;
    return words;
}

static void net_forget_terms(void) {
    while (terms.blocks.count > 0) {
        free((void *)pop(&terms.blocks));
    }
    clear(&terms.blocks);
    clear(&terms.made);
    memset(&terms, 0, sizeof terms);
}

static u64 term_head(u64 term) {
    return term & 1 ? term : ((u64 *)term)[0];
}

static TermKind term_kind(u64 term) {
    return (TermKind)(term_head(term) >> 1 & 127);
}

/* The name of a variable or function, the word of a number, the number of a definition or constructor. */
static u64 term_subject(u64 term) {
    return term_head(term) >> 8;
}

static u64 term_part(u64 term, u64 index) {
    return ((u64 *)term)[1 + index];
}

static u64 term_parts(u64 term) {
    static const u8 counts[] = {
        [TERM_FUNCTION] = 1, [TERM_APPLICATION] = 2, [TERM_PAIR] = 2, [TERM_SUPERPOSITION] = 2, [TERM_OPERATION] = 2,
        [TERM_SWITCH] = 3, [TERM_CONSTRUCTOR] = 0,
    };
    TermKind kind = term_kind(term);
    return kind == TERM_CONSTRUCTOR ? net_constructors[term_subject(term)].arity : counts[kind];
}

static u64 leaf_term(TermKind kind, u64 subject) {
    terms.variables += kind == TERM_VARIABLE;
    return subject << 8 | (u64)kind << 1 | 1;
}

static u64 new_term(TermKind kind, u64 subject, u64 count, const u64 *parts) {
    u64 *words = new_words(1 + count);
    words[0] = subject << 8 | (u64)kind << 1 | 1;
    memcpy(words + 1, parts, count * sizeof(u64));
    NOTE_TERM(words);
    return (u64)words;
}

/* ---- Names ---- */

/* Names of variables are twice their numbers, and one more for the predecessor that a switch binds. Functions that do
   not use their variable have none, and name 0 is not used. */
#define NO_NAME 0

static u64 names_given;

static u32 fresh_name(void) {
    names_given++;
    return (u32)(names_given * 2);
}

static void show_name(u64 name) {
    for (u64 number = name / 2 - 1;; number = number / 26) {
        putchar('a' + (int)(number % 26));
        if (number < 26) {
            break;
        }
    }
    fputs(name & 1 ? "-1" : "", stdout);
}

/* ---- Scopes ---- */

/* How often each name is bound around what is being looked at, and which names occur where nothing around them binds
   them. */
static u32 *scope_of;
static bool *is_loose;

typedef enum { LOOK_AT, BIND, UNBIND } ScopeStep;

static void scope_later(Array *todo, ScopeStep step, u64 subject) {
    push(todo, subject);
    push(todo, step);
}

static void scope_of_name(Array *todo, u64 name, u64 body) {
    scope_later(todo, UNBIND, name);
    scope_later(todo, LOOK_AT, body);
    scope_later(todo, BIND, name);
}

static void look_at_scopes(Array *todo, u64 term) {
    u64 subject = term_subject(term);
    switch (term_kind(term)) {
        case TERM_VARIABLE:
            is_loose[subject] |= scope_of[subject] == 0;
            break;
        case TERM_FUNCTION:
            scope_of_name(todo, subject, term_part(term, 0));
            break;
        case TERM_SWITCH:
            scope_of_name(todo, subject | 1, term_part(term, 2));
            scope_later(todo, LOOK_AT, term_part(term, 1));
            scope_later(todo, LOOK_AT, term_part(term, 0));
            break;
        default:
            for (u64 index = term_parts(term); index-- > 0;) {
                scope_later(todo, LOOK_AT, term_part(term, index));
            }
    }
}

/* Finds the variables that are used outside of what binds them. */
static void find_loose_names(u64 term) {
    Array todo = {0};
    scope_of = checked(calloc(names_given * 2 + 2, sizeof(u32)));
    is_loose = checked(calloc(names_given * 2 + 2, sizeof(bool)));
    if (terms.variables > 0) {
        scope_later(&todo, LOOK_AT, term);
    }
    while (todo.count > 0) {
        ScopeStep step = (ScopeStep)pop(&todo);
        u64 subject = pop(&todo);
        if (step == LOOK_AT) {
            look_at_scopes(&todo, subject);
        } else {
            scope_of[subject] += step == BIND ? 1 : UINT32_MAX;
        }
    }
    clear(&todo);
    free(scope_of);
}
