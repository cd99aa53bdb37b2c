/* ---- Calls of a library that run as nets --------------------------------------------------------- */

/* Each call has a run of its own. Its arguments are made in the first worker's part of the heap before that begins. */
static struct {
    u64 next;
    u64 end;
} giving;

static _Noreturn void net_fail(void) {
    longjmp(library.beginning, NETS_FAILED);
}

/* Why the run failed. */
static lib_status net_failure(void) {
    return nets.shared->stop == NET_STOP_DIVISION ? LIB_DIVISION_BY_ZERO : LIB_OUT_OF_MEMORY;
}

/* Gives back all that the run has. */
static void stop_nets(void) {
    net_forget_reader();
    net_forget_terms();
    if (nets.worker_count > 0) {
        release_regions(nets.regions_before);
    }
    memset(&nets, 0, sizeof nets);
}

/* ---- Data ---- */

static void take_chunk(void) {
    NetsWorker *w = net_worker(0);
    NetsShared *shared = nets.shared;
    shared->memory_used += NET_CHUNK * sizeof(u64);
    if (shared->memory_used > nets.memory_limit || w->region_next + 2 * NET_CHUNK > w->region_end) {
        shared->stop = NET_STOP_MEMORY;
        net_fail();
    }
    giving.next = w->region_next;
    giving.end = w->region_next += NET_CHUNK;
}

/* Two words of the heap. */
static u64 given_words(u64 first, u64 second) {
    if (giving.next == giving.end) {
        take_chunk();
    }
    u64 place = giving.next;
    nets.heap[place] = first;
    nets.heap[place + 1] = second;
    giving.next += 2;
    return place;
}

static u64 given_node(u64 first, u64 second) {
    return NET_PORT(NET_CON, given_words(first, second));
}

static u64 given_port(u64 word) {
    return TAG(word) == NUMBER ? NET_PORT(NET_NUMBER, PAYLOAD(word) << 5 | type_of_number(word)) : NET_ERASER;
}

/* A tuple; or a constructor, `λk (k tag fields…)`, or a reference to one without fields. */
static u64 given_as_net(ShapeKind kind, u32 constructor, const u64 *fields, u64 count) {
    if (kind == TUPLE) {
        return given_node(fields[0], fields[1]);
    }
    u64 head = kind == PLAIN ? net_heads[constructor] : net_list_heads[kind];
    if (count == 0) {
        return head;
    }
    u64 variable = NET_PORT(NET_VARIABLE, given_words(0, 0)), body = variable;
    while (count > 0) {
        body = given_node(fields[--count], body);
    }
    return given_node(given_node(head, body), variable);
}

static Seen seen_constructor(u64 number, u64 count) {
    static const ShapeKind kinds[] = {
        [NET_PLAIN] = PLAIN, [NET_LIST_CELL] = LIST_CELL, [NET_LIST_END] = LIST_END, [NET_STRING_CELL] = STRING_CELL,
        [NET_STRING_END] = STRING_END, [NET_IO_DONE] = PLAIN,
    };
    ShapeKind kind = kinds[net_constructors[number].kind];
    i32 constructor = constructor_of_net[number];
    return (Seen){kind != PLAIN || constructor >= 0, 0, kind, kind == PLAIN ? (u32)constructor : 0, count};
}

static Seen seen_as_net(u64 term) {
    const Seen no_data = {0};
    u64 subject = term_subject(term);
    i32 constructor;
    switch (term_kind(term)) {
        case TERM_NUMBER:
            return (Seen){true, number_word((u32)(subject >> 5), subject & 31), PLAIN, 0, 0};
        case TERM_ERASER:
            return (Seen){true, ERASER, PLAIN, 0, 0};
        case TERM_PAIR:
            return (Seen){true, 0, TUPLE, 0, 2};
        case TERM_CONSTRUCTOR:
            return seen_constructor(subject, net_constructors[subject].arity);
        case TERM_REFERENCE:
            constructor = net_definitions[subject].constructor;
            return constructor >= 0 && net_constructors[constructor].arity == 0 ? seen_constructor((u64)constructor, 0)
                : no_data;
        default:
            return no_data;
    }
}

static const Engine net_engine = {
    given_port, given_as_net, seen_as_net, "The result is or holds what is no data, such as a function or a superposition.",
};

/* ---- Calls ---- */

/* How much memory nets may use. Directly run calls may have left some of it to this one. */
static u64 net_memory(void) {
    u64 limit = memory_limit();
#if RUNS_DIRECTLY
    if (direct.is_running && run.shared->memory_used > limit / 2) {
        stop_run();
    }
    limit -= direct.is_running ? run.shared->memory_used : 0;
#endif
    return limit;
}

static lib_status call_as_nets(const Call *call) {
    u64 ports[call->count + 1];
    moving.engine = &net_engine;
    net_has_no_functions = !gives_any_data[call->function];
    net_prepare(thread_count(NETS_ARE_PARALLEL), net_memory());
    giving.next = giving.end = 0;
    for (u32 index = 0; index < call->count; index++) {
        ports[index] = given_value(call->words[index]);
    }
    u64 target = NET_PORT(NET_VARIABLE, NET_ROOT);
    for (u32 index = call->count; index-- > 0;) {
        target = given_node(ports[index], target);
    }
    if (!net_boot_with(net_functions[call->function], target)) {
        net_fail();
    }
    u64 term = net_term(net_result());
    u64 word = taken_term(term, &terms.made);
    stop_nets();
    return give_result(word, call);
}
