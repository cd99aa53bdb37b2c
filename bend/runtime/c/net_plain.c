/* ---- Plain data of nets to terms ------------------------------------------------------------------ */

/* Most results are plain, and some are long. In a tree of numbers, constructors and tuples no wire leads anywhere but to
   the end of its cell, so that no graph is needed. */
typedef enum { PLAIN_READ, PLAIN_CONSTRUCTOR, PLAIN_PAIR, PLAIN_FUNCTION_OF_NOTHING } PlainStep;

/* What is still to be done, and the terms that are done. */
static struct {
    Array todo;
    Array done;
} plain;

static void net_forget_plain(void) {
    clear(&plain.todo);
    clear(&plain.done);
}

static void plain_later(PlainStep step, u64 subject) {
    push(&plain.todo, subject);
    push(&plain.todo, step);
}

/* A port, or the one that it leads to by full variables. */
static u64 net_resolved(u64 port) {
    while (NET_TAG(port) == NET_VARIABLE && nets.heap[NET_VALUE(port)] != 0) {
        port = nets.heap[NET_VALUE(port)];
    }
    return port;
}

static u64 net_first(u64 node) {
    return net_resolved(nets.heap[NET_VALUE(node)]);
}

static u64 net_second(u64 node) {
    return net_resolved(nets.heap[NET_VALUE(node) + 1]);
}

/* The constructor that a node is, `((tag (f1 (... end))) end)`, or -1; gives the rest of the cell behind the tag. */
static i64 plain_constructor(u64 node, u64 *rest) {
    u64 spine = net_first(node), end = net_second(node), count = 0;
    if (NET_TAG(spine) != NET_CON || NET_TAG(end) != NET_VARIABLE) {
        return -1;
    }
    u64 tag = net_first(spine), next = *rest = net_second(spine);
    i64 constructor = NET_TAG(tag) == NET_REFERENCE ? net_definitions[NET_VALUE(tag)].tag_of : -1;
    while (constructor >= 0 && NET_TAG(next) == NET_CON && count <= net_constructors[constructor].arity) {
        next = net_second(next);
        count++;
    }
    bool is_cell = constructor >= 0 && NET_TAG(next) == NET_VARIABLE && NET_VALUE(next) == NET_VALUE(end);
    return is_cell && count == net_constructors[constructor].arity ? constructor : -1;
}

/* Goes on with the parts of a node, the last of which is read first. */
static void read_plain_node(u64 node) {
    u64 rest;
    i64 constructor = plain_constructor(node, &rest);
    if (constructor >= 0) {
        plain_later(PLAIN_CONSTRUCTOR, (u64)constructor);
        for (; NET_TAG(rest) == NET_CON; rest = net_second(rest)) {
            plain_later(PLAIN_READ, net_first(rest));
        }
        return;
    }
    u64 first = net_first(node);
    bool is_function = NET_TAG(first) == NET_ERASER && !net_has_no_functions;
    plain_later(is_function ? PLAIN_FUNCTION_OF_NOTHING : PLAIN_PAIR, 0);
    if (!is_function) {
        plain_later(PLAIN_READ, first);
    }
    plain_later(PLAIN_READ, net_second(node));
}

/* Reads a port, or goes on with its parts; whether it may be plain. */
static bool read_plain_port(u64 port) {
    u64 value = NET_VALUE(port), type = value & 31;
    switch (NET_TAG(port)) {
        case NET_CON:
            read_plain_node(port);
            return true;
        case NET_NUMBER:
            push(&plain.done, leaf_term(TERM_NUMBER, value));
            return type >= 1 && type <= 3;
        case NET_ERASER:
            push(&plain.done, leaf_term(TERM_ERASER, 0));
            return true;
        case NET_REFERENCE:
            push(&plain.done, leaf_term(TERM_REFERENCE, value));
            return net_definitions[value].constructor >= 0 || net_definitions[value].tag_of >= 0;
        default:
            return false;
    }
}

/* Makes a term of the last ones, which come the other way round. */
static void make_plain(PlainStep step, u64 subject) {
    TermKind kind = step == PLAIN_CONSTRUCTOR ? TERM_CONSTRUCTOR : step == PLAIN_PAIR ? TERM_PAIR : TERM_FUNCTION;
    u64 count = step == PLAIN_CONSTRUCTOR ? net_constructors[subject].arity : step == PLAIN_PAIR ? 2 : 1;
    u64 *parts = plain.done.items + plain.done.count - count;
    for (u64 index = 0; index < count / 2; index++) {
        u64 part = parts[index];
        parts[index] = parts[count - 1 - index];
        parts[count - 1 - index] = part;
    }
    plain.done.count -= count;
    push(&plain.done, new_term(kind, subject, count, parts));
}

/* The term of the result at a port of the heap; 0 if that is not plain. */
static u64 net_plain_term(u64 root) {
    bool is_plain = true;
    plain_later(PLAIN_READ, net_resolved(root));
    while (is_plain && plain.todo.count > 0) {
        PlainStep step = (PlainStep)pop(&plain.todo);
        u64 subject = pop(&plain.todo);
        if (step == PLAIN_READ) {
            is_plain = read_plain_port(subject);
        } else {
            make_plain(step, subject);
        }
    }
    u64 term = is_plain ? pop(&plain.done) : 0;
    net_forget_plain();
    if (!is_plain) {
        net_forget_terms();
    }
    return term;
}
