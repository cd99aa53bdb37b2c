/* ---- Nets as ports that know their partners ----------------------------------------------------- */

/* A port is three times the number of its node, and 0 for the principal port, 1 or 2 for the others. Node 0 is the
   outside of the net; there and at ends without a partner, kinds are NET_OUTSIDE. */
typedef struct NetGraph {
    u32 count;
    u32 room;
    /* Of each node: its tag, the port that it was made from, its three partners, and the node above it. */
    u8 *kinds;
    u64 *leaves;
    u32 *partners;
    u32 *owners;
    /* Whether no wire leaves the tree below a node. */
    bool *closed;
    /* Of a definition: the ports from which results of what it has still to do come. */
    bool *outputs;
    /* What readback calls the variables that are bound at ports; 0 for no name yet. */
    u32 *names;
    bool is_reduced;
    /* What serves while the graph is made: trees still to be added, the ends of wires that were met, wires between trees,
       the slots of a definition's variables, and how far the wires of trees lead. */
    Array todo;
    Array ends;
    Array wires;
    u64 *slots;
    u32 *last;
    i64 *low;
    u32 *high;
} NetGraph;

/* All graphs, until they are forgotten together. */
static Array net_graphs;

#define NET_OUTSIDE NET_VARIABLE
#define NET_NO_PORT UINT32_MAX
#define NET_LABEL(port) (NET_KIND(port) >> 4)
#define NET_MOST_NODES (UINT32_MAX / 4)

/* In the slot of a variable of which one end was found: the port where that is. */
enum { NET_END_TAG = 8 };

static void *net_resized(void *memory, u64 count, u64 size) {
    return checked(realloc(memory, count * size));
}

/* Gives memory back at the place where its address is. */
static void net_forget(void *owner) {
    void **memory = (void **)owner;
    free(*memory);
    *memory = NULL;
}

static u32 net_new_node(NetGraph *graph, u8 kind, u64 leaf, u32 owner) {
    u32 node = graph->count;
    if (node == graph->room) {
        u64 room = graph->room == 0 ? 16 : (u64)graph->room * 2;
        checked(room > NET_MOST_NODES ? NULL : graph);
        graph->room = (u32)room;
        graph->kinds = (u8 *)net_resized(graph->kinds, room, sizeof(u8));
        graph->leaves = (u64 *)net_resized(graph->leaves, room, sizeof(u64));
        graph->partners = (u32 *)net_resized(graph->partners, room, 3 * sizeof(u32));
        graph->owners = (u32 *)net_resized(graph->owners, room, sizeof(u32));
    }
    graph->kinds[node] = kind;
    graph->leaves[node] = leaf;
    graph->owners[node] = owner;
    for (u32 slot = 0; slot < 3; slot++) {
        graph->partners[node * 3 + slot] = NET_NO_PORT;
    }
    graph->count++;
    return node;
}

static void net_join_ports(NetGraph *graph, u32 a, u32 b) {
    graph->partners[a] = b;
    graph->partners[b] = a;
}

static u8 net_kind_at(const NetGraph *graph, u32 port) {
    return graph->kinds[port / 3];
}

/* Where the ends of wires are kept while a graph is made, in the slots of variables; and where nodes lie. */
typedef struct NetSource {
    u64 *slots;
    const u64 *nodes;
    u64 node_words;
} NetSource;

/* Joins a port with an end of a variable. */
static void net_hang_variable(NetGraph *graph, NetSource *source, u64 variable, u32 above) {
    u64 *slot = &source->slots[variable];
    if (NET_TAG(*slot) == NET_END_TAG) {
        net_join_ports(graph, above, (u32)(*slot >> 4));
        *slot = 0;
    } else {
        *slot = (u64)above << 4 | NET_END_TAG;
        push(&graph->ends, variable);
    }
}

/* Adds a tree below a port. */
static void net_hang(NetGraph *graph, NetSource *source, u64 root, u32 port) {
    Array *todo = &graph->todo;
    push(todo, root);
    push(todo, port);
    while (todo->count > 0) {
        u32 above = (u32)pop(todo);
        u64 item = pop(todo);
        if (NET_TAG(item) == NET_VARIABLE) {
            u64 held = source->slots[NET_VALUE(item)];
            if (held == 0 || NET_TAG(held) == NET_END_TAG) {
                net_hang_variable(graph, source, NET_VALUE(item), above);
            } else {
                push(todo, held);
                push(todo, above);
            }
            continue;
        }
        u32 node = net_new_node(graph, (u8)NET_TAG(item), item, above / 3);
        net_join_ports(graph, above, node * 3);
        if (NET_TAG(item) >= NET_CON) {
            const u64 *parts = source->nodes + NET_VALUE(item) * source->node_words;
            push(todo, parts[1]);
            push(todo, node * 3 + 2);
            push(todo, parts[0]);
            push(todo, node * 3 + 1);
        }
    }
    clear(todo);
}

/* Ends that have no partner get one. */
static void net_close_ends(NetGraph *graph, NetSource *source) {
    for (u64 index = 0; index < graph->ends.count; index++) {
        u64 *slot = &source->slots[graph->ends.items[index]];
        if (NET_TAG(*slot) == NET_END_TAG) {
            net_join_ports(graph, (u32)(*slot >> 4), net_new_node(graph, NET_OUTSIDE, 0, NET_NO_PORT) * 3);
            *slot = 0;
        }
    }
    clear(&graph->ends);
}

/* Finds the ports from which results come: those of operations and switches, and of the applications in redexes. A redex
   has a value on one side, and on the other what is done with it, which ends in the result. */
static void net_find_outputs(NetGraph *graph, const Array *wires) {
    graph->outputs = (bool *)checked(calloc(graph->count * (u64)3, sizeof(bool)));
    for (u32 node = 0; node < graph->count; node++) {
        graph->outputs[node * 3 + 2] = graph->kinds[node] == NET_OPR || graph->kinds[node] == NET_SWI;
    }
    for (u64 index = 0; index < wires->count; index++) {
        u32 wire = (u32)wires->items[index];
        u32 left = graph->partners[wire * 3 + 1], right = graph->partners[wire * 3 + 2];
        u8 kind = net_kind_at(graph, left);
        u32 asked = kind == NET_CON || kind == NET_REFERENCE || kind == NET_NUMBER ? right : left;
        while (asked % 3 == 0 && net_kind_at(graph, asked) == NET_CON) {
            graph->outputs[asked + 2] = true;
            asked = graph->partners[asked + 2];
        }
    }
}

static bool net_is_output(const NetGraph *graph, u32 port) {
    return graph->outputs != NULL && graph->outputs[port];
}

/* Finds for each node whether the wires from within the tree below it end within. Trees are ranges of numbers. */
static void net_find_closed(NetGraph *graph) {
    u32 count = graph->count;
    u32 *last = graph->last = (u32 *)net_resized(NULL, count, sizeof(u32));
    i64 *low = graph->low = (i64 *)net_resized(NULL, count, sizeof(i64));
    u32 *high = graph->high = (u32 *)net_resized(NULL, count, sizeof(u32));
    for (u32 node = 0; node < count; node++) {
        low[node] = last[node] = high[node] = node;
    }
    for (u32 node = count; node-- > 0;) {
        for (u32 port = node * 3 + 1; port < node * 3 + 3; port++) {
            u32 partner = graph->partners[port];
            if (partner == NET_NO_PORT || net_is_output(graph, partner)) {
                continue;
            }
            u32 other = partner / 3;
            if (partner % 3 != 0) {
                low[node] = other < low[node] ? other : low[node];
                high[node] = other > high[node] ? other : high[node];
            } else if (graph->kinds[other] == NET_OUTSIDE) {
                low[node] = -1;
            }
        }
        u32 owner = graph->owners[node];
        if (owner != NET_NO_PORT) {
            last[owner] = last[node] > last[owner] ? last[node] : last[owner];
            low[owner] = low[node] < low[owner] ? low[node] : low[owner];
            high[owner] = high[node] > high[owner] ? high[node] : high[owner];
        }
    }
    graph->closed = (bool *)net_resized(NULL, count, sizeof(bool));
    for (u32 node = 0; node < count; node++) {
        graph->closed[node] = low[node] >= node && high[node] <= last[node];
    }
    net_forget(&graph->last);
    net_forget(&graph->low);
    net_forget(&graph->high);
    net_forget(&graph->owners);
}

static NetGraph *net_new_graph(bool is_reduced) {
    NetGraph *graph = (NetGraph *)kept_in(&net_graphs, sizeof(NetGraph));
    memset(graph, 0, sizeof *graph);
    graph->is_reduced = is_reduced;
    net_new_node(graph, NET_OUTSIDE, 0, NET_NO_PORT);
    return graph;
}

static void net_finish_graph(NetGraph *graph) {
    net_find_closed(graph);
    graph->names = (u32 *)checked(calloc(graph->count * (u64)3, sizeof(u32)));
}

static void net_forget_graph(NetGraph *graph) {
    clear(&graph->todo);
    clear(&graph->ends);
    clear(&graph->wires);
    free(graph->slots);
    free(graph->last);
    free(graph->low);
    free(graph->high);
    free(graph->kinds);
    free(graph->leaves);
    free(graph->partners);
    free(graph->owners);
    free(graph->closed);
    free(graph->outputs);
    free(graph->names);
    free(graph);
}

static void net_forget_graphs(void) {
    while (net_graphs.count > 0) {
        NetGraph *graph = (NetGraph *)pop(&net_graphs);
        if (graph != NULL) {
            net_forget_graph(graph);
        }
    }
    clear(&net_graphs);
}

/* The net of a result, at a port of the heap, which serves no more after that. */
static NetGraph *net_reduced_graph(u64 root) {
    NetGraph *graph = net_new_graph(true);
    NetSource source = {.slots = nets.heap, .nodes = nets.heap, .node_words = 1};
    net_hang(graph, &source, root, 0);
    net_close_ends(graph, &source);
    net_finish_graph(graph);
    return graph;
}

/* The net of a definition, as it was compiled. */
static NetGraph *net_written_graph(u64 definition) {
    enum { VARIABLES, NODES, PAIRS, ROOT, LABELS, WORDS };
    const u64 *words = net_book + net_book[definition];
    const u64 *pairs = words + WORDS + 2 * words[NODES];
    NetGraph *graph = net_new_graph(false);
    Array *wires = &graph->wires;
    graph->slots = (u64 *)checked(calloc(words[VARIABLES] + 1, sizeof(u64)));
    NetSource source = {.slots = graph->slots, .nodes = words + WORDS, .node_words = 2};
    net_hang(graph, &source, words[ROOT], 0);
    for (u64 index = 0; index < words[PAIRS]; index++) {
        u32 wire = net_new_node(graph, NET_OUTSIDE, 0, NET_NO_PORT);
        push(wires, wire);
        net_hang(graph, &source, pairs[2 * index], wire * 3 + 1);
        net_hang(graph, &source, pairs[2 * index + 1], wire * 3 + 2);
    }
    net_close_ends(graph, &source);
    net_find_outputs(graph, wires);
    net_finish_graph(graph);
    for (u64 index = 0; index < wires->count; index++) {
        u32 wire = (u32)wires->items[index];
        net_join_ports(graph, graph->partners[wire * 3 + 1], graph->partners[wire * 3 + 2]);
    }
    clear(wires);
    net_forget(&graph->slots);
    return graph;
}

/* ---- What nodes are ---- */

/* Whether a principal port belongs to what is done with a variable, and is no value: an operation, a switch, or a
   duplication with a label; or applications of which one of these is the last. */
static bool net_is_use(const NetGraph *graph, u32 port) {
    while (port % 3 == 0 && net_kind_at(graph, port) == NET_CON) {
        port = graph->partners[port + 2];
    }
    u8 kind = net_kind_at(graph, port);
    return port % 3 == 0 && (kind == NET_OPR || kind == NET_SWI
                             || (kind == NET_DUP && NET_LABEL(graph->leaves[port / 3]) != 0));
}

/* Whether nothing comes of the variable that is bound at a port. */
static bool net_is_dropped(const NetGraph *graph, u32 port) {
    u32 use = graph->partners[port];
    if (use % 3 != 0 || !graph->closed[use / 3]) {
        return false;
    }
    return net_kind_at(graph, use) == NET_ERASER || net_is_use(graph, use);
}

/* A pair that begins with `*` is the same net as a function that does not use its variable. Libraries know of most
   results that they hold no functions. */
static bool net_has_no_functions;

/* Whether a `()` node seen from its principal port is a function: it is a pair when the tree at its first port is
   closed and not `*`. */
static bool net_is_function(const NetGraph *graph, u32 node) {
    u32 first = graph->partners[node * 3 + 1];
    return !net_is_output(graph, first)
        && (first % 3 != 0 || !graph->closed[first / 3] || net_is_use(graph, first)
            || (net_kind_at(graph, first) == NET_ERASER && !net_has_no_functions));
}

/* The number of the definition that a port refers to, or -1. */
static i64 net_reference_at(const NetGraph *graph, u32 port) {
    return net_kind_at(graph, port) == NET_REFERENCE ? (i64)NET_VALUE(graph->leaves[port / 3]) : -1;
}

/* The word of the number at a port; whether it is one. */
static bool net_number_at(const NetGraph *graph, u32 port, u32 *word) {
    *word = (u32)NET_VALUE(graph->leaves[port / 3]);
    return net_kind_at(graph, port) == NET_NUMBER;
}
