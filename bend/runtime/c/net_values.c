/* ---- Values of actions -------------------------------------------------------------------------- */

/* Between actions the net is at rest, and this thread acts as the first worker. Values that the program gives are
   places, the words of the heap where ports are written; those for the program are ports. */
enum { NET_AT_END, NET_FULL, NET_STOPPED };

#define NET_CAPACITY 16384
#define NOTHING NET_ERASER

/* The encoding of the action: how many siblings it has. */
enum { NUM_SCOTT = 1 };
static u64 net_encoding;

/* Goes on after something that may have stopped. */
static void net_go_on(bool is_finished) {
    if (!is_finished && !net_resume()) {
        net_fail();
    }
}

/* The port at a place, full variables followed. */
static u64 net_look(u64 place) {
    u64 port = net_at(place);
    while (NET_TAG(port) == NET_VARIABLE && net_at(NET_VALUE(port)) != 0) {
        port = net_at(NET_VALUE(port));
    }
    return port;
}

/* The same, evaluated if it is a reference. One that stands for a number need not be. */
static u64 value_of(u64 place) {
    u64 port = net_look(place);
    if (NET_TAG(port) != NET_REFERENCE) {
        return port;
    }
    u64 number = net_constant_of(port);
    if (number != 0) {
        return number;
    }
    u64 start = clock_nanoseconds();
    while (!net_force(place)) {
        nets.nanoseconds += clock_nanoseconds() - start;
        net_go_on(false);
        start = clock_nanoseconds();
    }
    nets.nanoseconds += clock_nanoseconds() - start;
    return net_look(place);
}

/* The places of the parts of a tuple; whether it is one. */
static bool pair_of(u64 place, u64 *first, u64 *second) {
    u64 port = value_of(place);
    *first = NET_VALUE(port);
    *second = NET_VALUE(port) + 1;
    return NET_TAG(port) == NET_CON;
}

/* The type and the 24 bits of a number of any type; whether it is one. */
static bool typed_number_of(u64 place, u64 *type, u64 *payload) {
    u64 port = value_of(place);
    *type = NET_VALUE(port) & 31;
    *payload = NET_VALUE(port) >> 5;
    return NET_TAG(port) == NET_NUMBER && *type >= 1 && *type <= 3;
}

/* The number of a stream; one that no stream has for what is no number. */
static u64 handle_of(u64 place) {
    u64 port = value_of(place);
    return NET_TAG(port) == NET_NUMBER ? NET_VALUE(port) >> 5 : MOST_STREAMS;
}

/* The payloads in a list of numbers, which is used up; whether it is one. */
static bool numbers_of(u64 place, Array *numbers) {
    static u64 out[NET_CAPACITY + 1];
    for (;;) {
        u64 start = clock_nanoseconds();
        u64 count = net_take_numbers(place, out, NET_CAPACITY);
        nets.nanoseconds += clock_nanoseconds() - start;
        for (u64 index = 0; index < count; index++) {
            push(numbers, out[1 + index]);
        }
        if (out[0] == NET_STOPPED) {
            net_go_on(false);
        } else if (out[0] != NET_FULL) {
            return out[0] == NET_AT_END;
        }
    }
}

/* ---- Values for the program ---- */

static u64 made_number(u64 payload, u64 type) {
    return NET_PORT(NET_NUMBER, (payload & 0xffffff) << 5 | type);
}

static u64 made_pair(u64 first, u64 second) {
    return net_make_pair(first, second);
}

/* A constructor without fields, or with one. */
static u64 net_made(NetMade constructor, u64 count, u64 field) {
    u64 fields[] = {net_shapes[constructor].tag, field};
    if (net_encoding == NUM_SCOTT) {
        return net_make_constructor(1, 0, fields, count + 1);
    }
    return net_make_constructor(net_shapes[constructor].siblings, net_shapes[constructor].arm, fields + 1, count);
}

/* A string, or another list of numbers, which are forgotten. */
static u64 made_numbers(bool is_text, Array *numbers) {
    NetMade end = is_text ? MADE_STRING_END : MADE_LIST_END;
    u64 tags[] = {net_shapes[end].tag, net_shapes[end + 1].tag};
    u64 list = net_make_list(net_encoding, tags, numbers->items, numbers->count);
    clear(numbers);
    return list;
}

/* ---- Outcomes ---- */

static u64 ok(u64 value) {
    return net_made(MADE_OK, 1, value);
}

static u64 failure(u64 reason) {
    return net_made(MADE_ERR, 1, reason);
}

static u64 wrong_type(void) {
    return failure(net_made(MADE_TYPE_ERROR, 0, 0));
}

static u64 wrong_name(void) {
    return failure(net_made(MADE_NAME_ERROR, 0, 0));
}

static u64 inner(u64 reason) {
    return failure(net_made(MADE_INNER_ERROR, 1, reason));
}
