/* ---- Terms as text ------------------------------------------------------------------------------ */

/* Shows parts one after the other. */
static void show_parts_later(u64 term, u64 from, u64 to, const char *between) {
    for (u64 index = to; index-- > from;) {
        show_later(SHOW_TERM, term_part(term, index), 0);
        if (index > from) {
            show_text_later(between);
        }
    }
}

static NetConstructorKind net_kind_of_term(u64 term) {
    i64 constructor = -1;
    if (term_kind(term) == TERM_CONSTRUCTOR) {
        constructor = (i64)term_subject(term);
    } else if (term_kind(term) == TERM_REFERENCE) {
        constructor = net_definitions[term_subject(term)].constructor;
    }
    return constructor < 0 ? NET_PLAIN : net_constructors[constructor].kind;
}

static bool net_is_cell(u64 term, NetConstructorKind kind) {
    return term_kind(term) == TERM_CONSTRUCTOR && net_kind_of_term(term) == kind;
}

/* How many cells of a chain do not belong to a proper list or string: none of its own, or up to the last that spoils
   it. */
static u64 net_spoilt_cells(u64 term, NetConstructorKind kind) {
    u64 count = 0, spoilt = 0;
    while (net_is_cell(term, kind)) {
        count++;
        if (kind == NET_STRING_CELL && term_kind(term_part(term, 0)) != TERM_NUMBER) {
            spoilt = count;
        }
        term = term_part(term, 1);
    }
    return net_kind_of_term(term) == (kind == NET_LIST_CELL ? NET_LIST_END : NET_STRING_END) ? spoilt : count;
}

static void net_show_string(u64 term) {
    putchar('"');
    for (; net_is_cell(term, NET_STRING_CELL); term = term_part(term, 1)) {
        show_character((u32)(term_subject(term_part(term, 0)) >> 5));
    }
    putchar('"');
}

static void net_show_constructor(u64 term, u64 spoilt) {
    const NetConstructor *constructor = &net_constructors[term_subject(term)];
    bool is_chain = constructor->kind == NET_LIST_CELL || constructor->kind == NET_STRING_CELL;
    if (is_chain) {
        spoilt = spoilt == 0 ? net_spoilt_cells(term, constructor->kind) : spoilt;
        if (spoilt == 0 && constructor->kind == NET_STRING_CELL) {
            net_show_string(term);
            return;
        }
        if (spoilt == 0) {
            putchar('[');
            show_later(SHOW_REST, term_part(term, 1), 0);
            show_later(SHOW_TERM, term_part(term, 0), 0);
            return;
        }
    }
    fputs(constructor->name, stdout);
    if (constructor->arity == 0) {
        return;
    }
    putchar('(');
    show_text_later(")");
    if (is_chain) {
        show_later(SHOW_TERM, term_part(term, 1), spoilt - 1);
        show_text_later(", ");
        show_later(SHOW_TERM, term_part(term, 0), 0);
    } else {
        show_parts_later(term, 0, constructor->arity, ", ");
    }
}

static void net_show_rest(u64 term) {
    if (net_is_cell(term, NET_LIST_CELL)) {
        fputs(", ", stdout);
        show_later(SHOW_REST, term_part(term, 1), 0);
        show_later(SHOW_TERM, term_part(term, 0), 0);
    } else {
        putchar(']');
    }
}

/* `(f a b)`. */
static void net_show_application(u64 term) {
    putchar('(');
    show_text_later(")");
    for (; term_kind(term) == TERM_APPLICATION; term = term_part(term, 0)) {
        show_later(SHOW_TERM, term_part(term, 1), 0);
        show_text_later(" ");
    }
    show_later(SHOW_TERM, term, 0);
}

static void net_show_variable(u64 name) {
    fputs(is_loose[name] ? "$" : "", stdout);
    show_name(name);
}

static void net_show_function(u64 term) {
    u64 name = term_subject(term);
    fputs("λ", stdout);
    if (name == NO_NAME) {
        putchar('*');
    } else {
        net_show_variable(name);
    }
    putchar(' ');
    show_later(SHOW_TERM, term_part(term, 0), 0);
}

static void net_show_switch(u64 term) {
    fputs("switch ", stdout);
    show_name(term_subject(term));
    fputs(" = ", stdout);
    show_text_later("; }");
    show_later(SHOW_TERM, term_part(term, 2), 0);
    show_text_later("; _: ");
    show_later(SHOW_TERM, term_part(term, 1), 0);
    show_text_later(" { 0: ");
    show_later(SHOW_TERM, term_part(term, 0), 0);
}

static void net_show_one(u64 term, u64 spoilt) {
    u64 subject = term_subject(term);
    switch (term_kind(term)) {
        case TERM_VARIABLE:
            net_show_variable(subject);
            break;
        case TERM_NUMBER:
            show_number((u32)subject);
            break;
        case TERM_REFERENCE:
            fputs(net_definitions[subject].name, stdout);
            break;
        case TERM_ERASER:
            putchar('*');
            break;
        case TERM_FUNCTION:
            net_show_function(term);
            break;
        case TERM_APPLICATION:
            net_show_application(term);
            break;
        case TERM_PAIR:
            putchar('(');
            show_text_later(")");
            show_parts_later(term, 0, 2, ", ");
            break;
        case TERM_SUPERPOSITION:
            putchar('{');
            show_text_later("}");
            show_parts_later(term, 0, 2, " ");
            break;
        case TERM_OPERATION:
            printf("(%s ", operators[subject]);
            show_text_later(")");
            show_parts_later(term, 0, 2, " ");
            break;
        case TERM_SWITCH:
            net_show_switch(term);
            break;
        case TERM_CONSTRUCTOR:
            net_show_constructor(term, spoilt);
            break;
        default:
            fputs("<Invalid>", stdout);
    }
}

static void net_show_term(u64 term) {
    show_later(SHOW_TERM, term, 0);
    while (pieces.count > 0) {
        PieceKind kind = (PieceKind)pop(&pieces);
        u64 spoilt = pop(&pieces);
        u64 subject = pop(&pieces);
        if (kind == SHOW_TEXT) {
            fputs((const char *)subject, stdout);
        } else if (kind == SHOW_REST) {
            net_show_rest(subject);
        } else {
            net_show_one(subject, spoilt);
        }
    }
    clear(&pieces);
}

/* ---- The result ---- */

/* The parts of a CON node; whether it is one. */
static bool net_parts(u64 port, u64 *first, u64 *second) {
    port = net_resolved(port);
    if (NET_TAG(port) != NET_CON) {
        return false;
    }
    *first = net_first(port);
    *second = net_second(port);
    return true;
}

/* Whether a port is the pair by which actions are known. */
static bool net_is_magic(u64 port) {
    u64 first, second;
    if (NET_TAG(port) == NET_REFERENCE) {
        return net_is_magic_definition[NET_VALUE(port)];
    }
    return net_parts(port, &first, &second) && first == NET_MAGIC_1 && second == NET_MAGIC_2;
}

/* The value in `IO/Done`, `λdone λcall (done magic value)`, in the Scott encoding, which keeps no name by which readback
   could know it; 0 for any other result. */
static u64 net_scott_value(u64 root) {
    u64 done, call, magic, rest, value, end, eraser, result;
    bool is_done = net_parts(root, &done, &call) && net_parts(done, &magic, &rest) && net_parts(rest, &value, &end)
        && net_parts(call, &eraser, &result) && NET_TAG(eraser) == NET_ERASER && NET_TAG(end) == NET_VARIABLE
        && NET_TAG(result) == NET_VARIABLE && NET_VALUE(end) == NET_VALUE(result);
    return is_done && net_is_magic(magic) ? value : 0;
}

static void net_tell_problems(void) {
    fflush(stdout);
    for (u64 index = 0; index < reader.problem_kinds; index++) {
        NetProblem kind = reader.problems[index];
        fprintf(stderr, "%s%" PRIu64 "%s", problem_texts[kind][0], reader.problem_counts[kind], problem_texts[kind][1]);
    }
}

/* Prints the result; of what actions gave, the value, and nothing for `*`. */
static void net_show_result(void) {
    u64 root = net_result(), value = net_scott_value(root), term = net_term(value != 0 ? value : root);
    bool is_silent = value != 0 && term_kind(term) == TERM_ERASER;
    find_loose_names(term);
    if (term_kind(term) == TERM_CONSTRUCTOR && net_kind_of_term(term) == NET_IO_DONE && term_parts(term) > 0) {
        term = term_part(term, term_parts(term) - 1);
        is_silent = term_kind(term) == TERM_ERASER;
    }
    if (!is_silent) {
        fputs("Result: ", stdout);
        net_show_term(term);
        putchar('\n');
    }
    net_tell_problems();
    free(is_loose);
    net_forget_reader();
    net_forget_terms();
}
