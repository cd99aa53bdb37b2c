/* ---- Nets to terms ------------------------------------------------------------------------------ */

/* A term is read from a port: what a node means depends on the port through which it is entered. Entering a duplication
   at a copy notes which copy, and the note is used up by the next superposition that would have annihilated with it. */
typedef struct NetCopies {
    u64 label;
    u64 slot;
    struct NetCopies *rest;
} NetCopies;

typedef enum {
    STEP_READ, STEP_APPLICATION, STEP_PAIR, STEP_SUPERPOSITION, STEP_FUNCTION, STEP_FUNCTION_OF_NOTHING,
    STEP_CONSTRUCTOR, STEP_OPERATION, STEP_HELD_LEFT, STEP_HELD_RIGHT, STEP_ARMS, STEP_SUCCESSOR, STEP_SWITCH, STEP_CLOSE
} NetStepKind;

/* Something still to be done: a port to read, or a term to make of those that were read last. `subject` is a name, a
   constructor, an operator or a definition, `literal` what an operator holds. */
typedef struct NetStep {
    NetStepKind kind;
    u32 port;
    u64 subject;
    u64 literal;
    NetGraph *graph;
    NetCopies *copies;
} NetStep;

typedef enum { INVALID_SWITCH, INVALID_OPERATION, REACHED_ROOT, OPEN_END, NO_END, PROBLEMS } NetProblem;

/* A net that reads as an endless term is given up after so many steps, and after some for each of its nodes. */
#define NET_MOST_STEPS 20000000
#define NET_STEPS_PER_NODE 8

enum { TYPE_U24 = 1, TYPE_F24 = 3, FIRST_OPERATOR = 4, OPERATOR_XOR = 18, OPERATOR_POWER = 23 };

/* By their numbers, but for those that are flipped. */
static const char *const operators[32] = {
    NULL, NULL, NULL, NULL, "+", "-", NULL, "*", "/", NULL, "%", NULL, "==", "!=", "<", ">", "&", "|", "^", "<<", NULL, ">>",
    NULL, "**",
};

static struct {
    NetStep *steps;
    u64 step_count;
    u64 step_room;
    Array done;
    /* The ports of the fields of a constructor. */
    Array fields;
    /* By definition: its term, whether that is being read, and its net as it was compiled. */
    u64 *expanded;
    bool *inside;
    NetGraph **written;
    /* By the number of the name: what the variable is called whose predecessor has that name. */
    u64 *bound_names;
    u64 bound_room;
    /* The kinds of problems in the order in which they came, and how often. */
    NetProblem problems[PROBLEMS];
    u64 problem_counts[PROBLEMS];
    u64 problem_kinds;
} reader;

static void net_plan(NetStep step) {
    if (reader.step_count == reader.step_room) {
        reader.step_room = reader.step_room == 0 ? 64 : reader.step_room * 2;
        reader.steps = (NetStep *)net_resized(reader.steps, reader.step_room, sizeof(NetStep));
    }
    reader.steps[reader.step_count++] = step;
}

static void net_plan_read(NetGraph *graph, u32 port, NetCopies *copies) {
    net_plan((NetStep){.kind = STEP_READ, .port = port, .graph = graph, .copies = copies});
}

static void net_plan_make(NetStepKind kind, u64 subject) {
    net_plan((NetStep){.kind = kind, .subject = subject});
}

static void net_done(u64 term) {
    push(&reader.done, term);
}

static void net_problem(NetProblem kind) {
    u64 index = 0;
    while (index < reader.problem_kinds && reader.problems[index] != kind) {
        index++;
    }
    if (index == reader.problem_kinds) {
        reader.problems[reader.problem_kinds++] = kind;
    }
    reader.problem_counts[kind]++;
}

static void net_done_invalid(NetProblem kind) {
    net_problem(kind);
    net_done(leaf_term(TERM_INVALID, 0));
}

/* The name of the variable bound at a port. */
static u32 net_name_at(NetGraph *graph, u32 port) {
    if (graph->names[port] == NO_NAME) {
        graph->names[port] = fresh_name();
    }
    return graph->names[port];
}

/* ---- Functions, pairs, constructors ---- */

/* The constructor, with all of its fields, that a function is: `λk (k T/C/tag f1 ... fn)`, or -1; the ports of the fields
   are put into `fields`. */
static i64 net_constructor(NetGraph *graph, u32 node, Array *fields) {
    u32 port = graph->partners[node * 3 + 1];
    i64 constructor = -1;
    fields->count = 0;
    while (port != node * 3 + 2) {
        if (net_kind_at(graph, port) != NET_CON || port % 3 != 0) {
            return -1;
        }
        u32 argument = graph->partners[port + 1];
        if (constructor >= 0) {
            push(fields, argument);
        } else {
            i64 tag = net_reference_at(graph, argument);
            constructor = tag < 0 ? -1 : net_definitions[tag].tag_of;
            if (constructor < 0) {
                return -1;
            }
        }
        if (fields->count > net_constructors[constructor].arity) {
            return -1;
        }
        port = graph->partners[port + 2];
    }
    return constructor >= 0 && fields->count == net_constructors[constructor].arity ? constructor : -1;
}

/* A function, pair or constructor from above, an application from its result, a variable from its argument. */
static void net_read_con(NetStep step) {
    Array *fields = &reader.fields;
    NetGraph *graph = step.graph;
    u32 node = step.port / 3, slot = step.port % 3;
    u32 first = graph->partners[node * 3 + 1], second = graph->partners[node * 3 + 2];
    if (slot == 1) {
        net_done(leaf_term(TERM_VARIABLE, net_name_at(graph, step.port)));
    } else if (slot == 2) {
        net_plan_make(STEP_APPLICATION, 0);
        net_plan_read(graph, first, step.copies);
        net_plan_read(graph, graph->partners[node * 3], step.copies);
    } else if (!net_is_function(graph, node)) {
        net_plan_make(STEP_PAIR, 0);
        net_plan_read(graph, second, step.copies);
        net_plan_read(graph, first, step.copies);
    } else if (net_is_dropped(graph, node * 3 + 1)) {
        net_plan_make(STEP_FUNCTION_OF_NOTHING, NO_NAME);
        net_plan_read(graph, second, step.copies);
    } else {
        u32 name = net_name_at(graph, node * 3 + 1);
        i64 constructor = net_constructor(graph, node, fields);
        if (constructor < 0) {
            net_plan_make(STEP_FUNCTION, name);
            net_plan_read(graph, second, step.copies);
        } else {
            net_plan_make(STEP_CONSTRUCTOR, (u64)constructor);
            while (fields->count > 0) {
                net_plan_read(graph, (u32)pop(fields), step.copies);
            }
        }
        clear(fields);
    }
}

/* An application; a constructor with all of its fields where it was the last argument that was missing. */
static u64 net_application(const u64 *parts) {
    u64 applied = new_term(TERM_APPLICATION, 0, 2, parts), head = applied, count = 0;
    while (term_kind(head) == TERM_APPLICATION && count < NET_MOST_FIELDS) {
        head = term_part(head, 0);
        count++;
    }
    i64 constructor = term_kind(head) == TERM_REFERENCE ? net_definitions[term_subject(head)].constructor : -1;
    if (constructor < 0 || net_constructors[constructor].arity != count) {
        return applied;
    }
    u64 *words = new_words(1 + count);
    words[0] = leaf_term(TERM_CONSTRUCTOR, (u64)constructor);
    for (head = applied; count > 0; count--) {
        words[count] = term_part(head, 1);
        head = term_part(head, 0);
    }
    NOTE_TERM(words);
    return (u64)words;
}

#if NET_IS_SCOTT
/* Whether a term is a list or a string to its end. */
static bool is_of_kind(u64 term, NetConstructorKind cell, NetConstructorKind end) {
    if (term_kind(term) == TERM_REFERENCE) {
        i64 constructor = net_definitions[term_subject(term)].constructor;
        return constructor >= 0 && net_constructors[constructor].kind == end;
    }
    return term_kind(term) == TERM_CONSTRUCTOR && net_constructors[term_subject(term)].kind == cell;
}

/* A function that does not use its variable may be a cell of a list or a string: `λ* λb (b head tail)`. */
static u64 net_scott_cell(u64 body) {
    if (term_kind(body) != TERM_FUNCTION || term_kind(term_part(body, 0)) != TERM_APPLICATION) {
        return 0;
    }
    u64 whole = term_part(body, 0), inner = term_part(whole, 0), tail = term_part(whole, 1);
    if (term_kind(inner) != TERM_APPLICATION || term_kind(term_part(inner, 0)) != TERM_VARIABLE
        || term_subject(term_part(inner, 0)) != term_subject(body)) {
        return 0;
    }
    u64 parts[] = {term_part(inner, 1), tail};
    if (is_of_kind(tail, NET_LIST_CELL, NET_LIST_END)) {
        return new_term(TERM_CONSTRUCTOR, NET_LIST_CONSTRUCTOR, 2, parts);
    }
    bool is_character = term_kind(parts[0]) == TERM_NUMBER && (term_subject(parts[0]) & 31) == TYPE_U24;
    if (is_character && is_of_kind(tail, NET_STRING_CELL, NET_STRING_END)) {
        return new_term(TERM_CONSTRUCTOR, NET_STRING_CONSTRUCTOR, 2, parts);
    }
    return 0;
}
#endif

static u64 net_function_of_nothing(u64 body) {
#if NET_IS_SCOTT
    u64 cell = net_scott_cell(body);
    if (cell != 0) {
        return cell;
    }
#endif
    return new_term(TERM_FUNCTION, NO_NAME, 1, &body);
}

/* ---- Duplications ---- */

/* Takes the note of the last copy entered that annihilates with a label; gives its slot, or 0. */
static u64 net_take_note(NetCopies **copies, u64 label) {
    NetCopies *found = *copies, *rest;
    while (found != NULL && found->label != label && found->label != 0 && label != 0) {
        found = found->rest;
    }
    if (found == NULL) {
        return 0;
    }
    NetCopies *others = NULL, **end = &others;
    for (rest = *copies; rest != found; rest = rest->rest) {
        *end = (NetCopies *)new_words(3);
        **end = (NetCopies){rest->label, rest->slot, NULL};
        end = &(*end)->rest;
    }
    *end = found->rest;
    *copies = others;
    return found->slot;
}

/* A superposition from above, unless a copy was entered before; a copy from below. Both copies of one value, superposed
   again, are that value. */
static void net_read_dup(NetStep step) {
    NetGraph *graph = step.graph;
    u32 node = step.port / 3, slot = step.port % 3;
    u32 first = graph->partners[node * 3 + 1], second = graph->partners[node * 3 + 2];
    u64 label = NET_LABEL(graph->leaves[node]), noted;
    if (slot != 0) {
        NetCopies *copies = (NetCopies *)new_words(3);
        *copies = (NetCopies){label, slot, step.copies};
        net_plan_read(graph, graph->partners[node * 3], copies);
    } else if ((noted = net_take_note(&step.copies, label)) != 0) {
        net_plan_read(graph, graph->partners[node * 3 + noted], step.copies);
    } else if (net_kind_at(graph, first) == NET_DUP && first % 3 == 1 && second == first + 1) {
        net_plan_read(graph, graph->partners[first - 1], step.copies);
    } else {
        net_plan_make(STEP_SUPERPOSITION, 0);
        net_plan_read(graph, second, step.copies);
        net_plan_read(graph, first, step.copies);
    }
}

/* ---- References ---- */

/* Whether the whole net is a function, and not a constructor. */
static bool net_is_function_root(NetGraph *graph) {
    u32 port = graph->partners[0];
    return net_kind_at(graph, port) == NET_CON && port % 3 == 0 && net_is_function(graph, port / 3)
        && net_constructor(graph, port / 3, &reader.fields) < 0;
}

static NetGraph *net_written(u64 definition) {
    if (reader.written[definition] == NULL) {
        reader.written[definition] = net_written_graph(definition);
    }
    return reader.written[definition];
}

/* The reduced net of a definition, NULL for a function: those are not even tried, their bodies need not have an end. What
   is not asked for may fail as well; libraries ask for all of a result. */
static NetGraph *net_evaluated(u64 definition) {
    if (net_is_function_root(net_written(definition))) {
        return NULL;
    }
    net_prepare_again();
    if (!net_boot(definition, NULL, 0)) {
#ifdef IS_LIBRARY
        net_fail();
#endif
        return NULL;
    }
    NetGraph *graph = net_reduced_graph(net_result());
    return net_is_function_root(graph) ? NULL : graph;
}

static void net_plan_root(NetGraph *graph, u64 definition) {
    net_plan((NetStep){.kind = STEP_CLOSE, .subject = definition});
    net_plan_read(graph, graph->partners[0], NULL);
}

/* A folded definition: its name, or what it stands for. */
static void net_read_reference(NetGraph *graph, u64 number) {
    const NetDefinition *definition = &net_definitions[number];
    if (definition->constructor >= 0 || definition->tag_of >= 0 || reader.inside[number]) {
        net_done(leaf_term(TERM_REFERENCE, number));
        return;
    }
    if (reader.expanded[number] != 0) {
        net_done(reader.expanded[number]);
        return;
    }
    /* In the arms of a stuck switch and under folded functions nothing is evaluated. */
    NetGraph *opened = graph->is_reduced ? net_evaluated(number) : NULL;
    if (opened == NULL && definition->is_floated) {
        opened = net_written(number);
    }
    if (opened == NULL) {
        reader.expanded[number] = leaf_term(TERM_REFERENCE, number);
        net_done(reader.expanded[number]);
        return;
    }
    reader.inside[number] = true;
    net_plan_root(opened, number);
}

/* ---- Operations ---- */

static u32 net_flipped(u32 code) {
    static const u8 others[32] = {0, 0, 0, 0, 0, 6, 5, 0, 9, 8, 11, 10, 0, 0, 15, 14, 0, 0, 0, 20, 19, 22, 21};
    return others[code] == 0 ? code : others[code];
}

/* An operator that holds an operand, whose type is forgotten: it shows as u24. */
static void net_operation_with_held(u32 word, NetStep other, bool unflips) {
    u32 code = word & 31;
    bool is_right = unflips || operators[code] == NULL;
    net_plan((NetStep){.kind = is_right ? STEP_HELD_RIGHT : STEP_HELD_LEFT,
                       .subject = is_right ? net_flipped(code) : code,
                       .literal = leaf_term(TERM_NUMBER, (word & ~(u32)31) | TYPE_U24)});
    net_plan(other);
}

/* Two operands and, anywhere among them, the symbol of the operator. */
static void net_operation_of_three(NetStep step, const u32 *ports) {
    u32 operands[3], count = 0, code = 0, word;
    for (u32 index = 0; index < 3; index++) {
        if (net_number_at(step.graph, ports[index], &word) && (word & 31) == 0) {
            code = word >> 5;
        } else {
            operands[count++] = ports[index];
        }
    }
    if (count != 2 || code < FIRST_OPERATOR || code >= OPERATOR_POWER) {
        net_done_invalid(INVALID_OPERATION);
        return;
    }
    bool is_flipped = operators[code] == NULL;
    net_plan_make(STEP_OPERATION, is_flipped ? net_flipped(code) : code);
    net_plan_read(step.graph, operands[!is_flipped], step.copies);
    net_plan_read(step.graph, operands[is_flipped], step.copies);
}

/* An operation from its result: one node where an operand is held by the operator, else two. */
static void net_read_operation(NetStep step) {
    NetGraph *graph = step.graph;
    u32 node = step.port / 3, slot = step.port % 3;
    u32 above = graph->partners[node * 3], beside = graph->partners[node * 3 + 1], word;
    if (slot != 2) {
        net_done_invalid(INVALID_OPERATION);
    } else if (net_number_at(graph, beside, &word) && (word & 31) >= FIRST_OPERATOR) {
        step.port = above;
        step.kind = STEP_READ;
        /* As written the literal was on the right and the operator is flipped; reduction gives no such hint. */
        net_operation_with_held(word, step, !graph->is_reduced);
    } else if (net_number_at(graph, above, &word) && (word & 31) >= FIRST_OPERATOR) {
        step.port = beside;
        net_operation_with_held(word, step, false);
    } else if (above % 3 == 2 && net_kind_at(graph, above) == NET_OPR) {
        u32 top = above / 3 * 3, ports[] = {graph->partners[top], graph->partners[top + 1], beside};
        net_operation_of_three(step, ports);
    } else {
        net_done_invalid(INVALID_OPERATION);
    }
}

static bool is_float(u64 term) {
    return term_kind(term) == TERM_NUMBER && (term_subject(term) & 31) == TYPE_F24;
}

/* An operation; xor beside a float is power. */
static u64 net_operation(u64 code, const u64 *parts) {
    bool is_power = code == OPERATOR_XOR && (is_float(parts[0]) || is_float(parts[1]));
    return new_term(TERM_OPERATION, is_power ? (u64)OPERATOR_POWER : code, 2, parts);
}

/* ---- Switches ---- */

static u64 net_bound_name(u64 name) {
    u64 number = name / 2;
    return name & 1 && number < reader.bound_room ? reader.bound_names[number] : name;
}

static void net_bind_name(u64 number, u64 name) {
    if (number >= reader.bound_room) {
        u64 room = power_of_two(number + 1);
        reader.bound_names = (u64 *)net_resized(reader.bound_names, room, sizeof(u64));
        reader.bound_room = room;
    }
    reader.bound_names[number] = name;
}

/* The arms of a switch whose scrutinee is the last term read. */
static void net_read_arms(NetStep step) {
    NetGraph *graph = step.graph;
    u64 *argument = &reader.done.items[reader.done.count - 1];
    /* `a-1` cannot be bound: a switch on a predecessor binds the letter that it would have had. */
    u64 bound = term_kind(*argument) == TERM_VARIABLE ? net_bound_name(term_subject(*argument)) : fresh_name();
    u32 arms = graph->partners[step.port / 3 * 3 + 1];
    if (net_kind_at(graph, arms) != NET_CON || arms % 3 != 0) {
        u64 invalid = leaf_term(TERM_INVALID, 0), parts[] = {*argument, invalid, invalid};
        net_problem(INVALID_SWITCH);
        *argument = new_term(TERM_SWITCH, bound, 3, parts);
        return;
    }
    net_plan_make(STEP_SWITCH, bound);
    net_plan((NetStep){.kind = STEP_SUCCESSOR, .port = graph->partners[arms + 2], .subject = bound,
                       .graph = graph, .copies = step.copies});
    net_plan_read(graph, graph->partners[arms + 1], step.copies);
}

/* The body of the successor arm, with its parameter named; the arm itself where it is no function. */
static void net_read_successor(NetStep step) {
    NetGraph *graph = step.graph;
    u32 port = step.port;
    NetCopies *copies = step.copies;
    u64 bound = step.subject;
    i64 definition = net_reference_at(graph, port);
    if (definition >= 0 && net_definitions[definition].is_floated) {
        graph = net_written((u64)definition);
        port = graph->partners[0];
        copies = NULL;
    }
    u32 node = port / 3;
    if (graph->kinds[node] != NET_CON || port % 3 != 0 || !net_is_function(graph, node)) {
        net_problem(INVALID_SWITCH);
        step.kind = STEP_READ;
        net_plan(step);
        return;
    }
    if (net_kind_at(graph, graph->partners[port + 1]) != NET_ERASER) {
        graph->names[port + 1] = (u32)bound | 1;
        net_bind_name(bound / 2, fresh_name());
    }
    net_plan_read(graph, graph->partners[port + 2], copies);
}

/* ---- The whole ---- */

/* What hangs on a port. */
static void net_read_port(NetStep step) {
    NetGraph *graph = step.graph;
    u32 port = step.port, word;
    switch (net_kind_at(graph, port)) {
        case NET_CON:
            net_read_con(step);
            break;
        case NET_DUP:
            net_read_dup(step);
            break;
        case NET_ERASER:
            net_done(leaf_term(TERM_ERASER, 0));
            break;
        case NET_NUMBER:
            net_number_at(graph, port, &word);
            if ((word & 31) >= TYPE_U24 && (word & 31) <= TYPE_F24) {
                net_done(leaf_term(TERM_NUMBER, word));
            } else {
                net_done_invalid(INVALID_OPERATION);
            }
            break;
        case NET_REFERENCE:
            net_read_reference(graph, (u64)net_reference_at(graph, port));
            break;
        case NET_OPR:
            net_read_operation(step);
            break;
        case NET_SWI:
            if (port % 3 != 2) {
                net_done_invalid(INVALID_SWITCH);
                break;
            }
            step.kind = STEP_ARMS;
            net_plan(step);
            net_plan_read(graph, graph->partners[port - 2], step.copies);
            break;
        default:
            net_done_invalid(port / 3 == 0 ? REACHED_ROOT : OPEN_END);
    }
}

/* Of how many terms one is made. */
static u64 net_made_of(NetStep step) {
    switch (step.kind) {
        case STEP_APPLICATION:
        case STEP_PAIR:
        case STEP_SUPERPOSITION:
        case STEP_OPERATION:
            return 2;
        case STEP_SWITCH:
            return 3;
        case STEP_CONSTRUCTOR:
            return net_constructors[step.subject].arity;
        default:
            return 1;
    }
}

/* An operation of two terms. */
static u64 net_operation_of(u64 code, u64 left, u64 right) {
    u64 parts[] = {left, right};
    return new_term(TERM_OPERATION, code, 2, parts);
}

/* Makes a term of the last ones. */
static void net_make(NetStep step) {
    u64 count = net_made_of(step);
    reader.done.count -= count;
    const u64 *parts = reader.done.items + reader.done.count;
    u64 term;
    switch (step.kind) {
        case STEP_APPLICATION: term = net_application(parts); break;
        case STEP_PAIR: term = new_term(TERM_PAIR, 0, 2, parts); break;
        case STEP_SUPERPOSITION: term = new_term(TERM_SUPERPOSITION, 0, 2, parts); break;
        case STEP_FUNCTION: term = new_term(TERM_FUNCTION, step.subject, 1, parts); break;
        case STEP_FUNCTION_OF_NOTHING: term = net_function_of_nothing(parts[0]); break;
        case STEP_OPERATION: term = net_operation(step.subject, parts); break;
        case STEP_HELD_LEFT: term = net_operation_of(step.subject, step.literal, parts[0]); break;
        case STEP_HELD_RIGHT: term = net_operation_of(step.subject, parts[0], step.literal); break;
        case STEP_SWITCH: term = new_term(TERM_SWITCH, step.subject, 3, parts); break;
        default: term = new_term(TERM_CONSTRUCTOR, step.subject, count, parts);
    }
    net_done(term);
}

static void net_take_step(NetStep step) {
    switch (step.kind) {
        case STEP_READ:
            net_read_port(step);
            break;
        case STEP_ARMS:
            net_read_arms(step);
            break;
        case STEP_SUCCESSOR:
            net_read_successor(step);
            break;
        case STEP_CLOSE:
            reader.inside[step.subject] = false;
            reader.expanded[step.subject] = reader.done.items[reader.done.count - 1];
            break;
        default:
            net_make(step);
    }
}

/* The term of the result at a port of the heap. */
static u64 net_term(u64 root) {
    u64 plain_term = NET_IS_SCOTT ? 0 : net_plain_term(root);
    if (plain_term != 0) {
        return plain_term;
    }
    reader.expanded = (u64 *)checked(calloc(NET_DEFINITIONS, sizeof(u64)));
    reader.inside = (bool *)checked(calloc(NET_DEFINITIONS, sizeof(bool)));
    reader.written = (NetGraph **)checked(calloc(NET_DEFINITIONS, sizeof(NetGraph *)));
    NetGraph *graph = net_reduced_graph(root);
    u64 most = (u64)graph->count * NET_STEPS_PER_NODE, taken = 0;
    most = most > NET_MOST_STEPS ? most : NET_MOST_STEPS;
    net_plan_read(graph, graph->partners[0], NULL);
    while (reader.step_count > 0 && taken++ < most) {
        net_take_step(reader.steps[--reader.step_count]);
    }
    if (reader.step_count > 0) {
        net_done_invalid(NO_END);
    }
    return pop(&reader.done);
}

static void net_forget_reader(void) {
    net_forget_graphs();
    net_forget_plain();
    clear(&reader.done);
    clear(&reader.fields);
    free(reader.steps);
    free(reader.expanded);
    free(reader.inside);
    free(reader.written);
    free(reader.bound_names);
    memset(&reader, 0, sizeof reader);
    names_given = 0;
}
