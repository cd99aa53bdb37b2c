/* ---- Reducing nets on the GPU -------------------------------------------------------------------- */

/* Why a run stops (`stop` in `NetsNet`). */
enum { NET_STOP_MEMORY = 1, NET_STOP_DIVISION = 3 };

/* From this version on, nvcc knows how many registers a thread may have. */
#if CUDART_VERSION >= 12040
#define FEW_REGISTERS __maxnreg__(NET_REGISTERS)
#else
#define FEW_REGISTERS
#endif

/* The device's memory is one stretch, which begins with the place of lanes and what they share, and ends with the heap.
   `heap` is the copy of that; `control` are words of this side's memory that lanes read and write: whether to stop, and how
   far they are. `cells` are free cells that this side has. */
static struct {
    NetsNet net;
    u64 start;
    u64 at_net;
    u64 *heap;
    u64 heap_words;
    u64 memory;
    u64 *control;
    Array cells;
    u64 nanoseconds;
} nets;

extern "C" __global__ FEW_REGISTERS void reduce_lanes(u64 place) {
    nets_reduce_net(place);
}

/* Asks the lanes of a launch to leave. */
static void stop_reduce_lanes(void) {
    *(volatile u32 *)nets.control = 1;
}

static u64 net_used(void) {
    u64 words = nets.net.heap_next < nets.heap_words ? nets.net.heap_next : nets.heap_words;
    return heap.start - nets.start + words * WORD;
}

/* Says why the run was stopped, and leaves. */
static NO_RETURN void net_fail(void) {
    fflush(stdout);
    if (nets.net.stop == NET_STOP_DIVISION) {
        fputs(net_division_text(nets.net.stop_detail), stderr);
    } else {
        write_out_of_memory(stderr, net_used(), nets.memory);
    }
    _exit(EXIT_FAILURE);
}

/* ---- Memory ---- */

static u64 all_blocks(u64 most) {
    return most;
}

/* Where everything begins that is shared before the heap, from an address on, with so many blocks; gives where the heap
   begins. */
static u64 net_lay_out(u64 start, u64 blocks) {
    u64 lanes = blocks * gpu.threads, place = start;
    NetsNet *net = &nets.net;
    nets.start = stretch(&place, sizeof(NetsPlace));
    nets.at_net = stretch(&place, sizeof(NetsNet));
    net->book = (u64 *)stretch(&place, sizeof net_book);
    net->teams = (NetsTeam *)stretch(&place, blocks * sizeof(NetsTeam));
    net->bags = (u64 *)stretch(&place, (lanes * NET_PLACES + 1) * NET_PLACE_WORDS * WORD);
    net->slots = (u64 *)stretch(&place, lanes * NET_SLOT_WORDS * WORD);
    net->team_slots = (u64 *)stretch(&place, lanes * NET_SLOT_WORDS * WORD);
    net->saved = IS_ACTING ? stretch(&place, lanes * sizeof(NetsWorker)) : 0;
    return place;
}

/* Takes memory of the device; where there is little, fewer blocks run, so that half of it is left for nets. */
static void net_take_memory(u64 memory_limit) {
    void *start;
    nets.memory = usable_memory(memory_limit);
    while (gpu.blocks > 1 && net_lay_out(0, gpu.blocks) * 2 > nets.memory) {
        gpu.blocks = (gpu.blocks + 1) / 2;
    }
    u64 fixed = net_lay_out(0, gpu.blocks);
    if (nets.memory < fixed + PAGE) {
        write_out_of_memory(stderr, fixed + PAGE, nets.memory);
        _exit(EXIT_FAILURE);
    }
    u64 bytes = (nets.memory - fixed) / PAGE * PAGE;
    require(cudaMalloc(&start, fixed + bytes));
    prepare_heap(net_lay_out((u64)start, gpu.blocks), bytes);
    nets.heap = (u64 *)heap.copy;
    nets.heap_words = bytes / WORD;
}

/* A word of the heap. */
static u64 net_at(u64 index) {
    return *seen(heap.start + index * WORD, 1);
}

static void net_put(u64 index, u64 port) {
    change_word(heap.start + index * WORD, port);
}

/* What lanes share and begin with, but for what is the next thing to do. */
static void net_begin(void) {
    NetsNet *net = &nets.net, before = *net;
    u64 few = nets.heap_words / (16 * gpu.blocks * gpu.threads), magazine = NET_MAGAZINE < few ? NET_MAGAZINE : few;
    memset(net, 0, sizeof *net);
    net->book = before.book;
    net->teams = before.teams;
    net->bags = before.bags;
    net->slots = before.slots;
    net->team_slots = before.team_slots;
    net->saved = before.saved;
    net->launch.blocks = (u32)gpu.blocks;
    net->launch.threads = (u32)gpu.threads;
    require(cudaHostGetDevicePointer((void **)&net->launch.stop, nets.control, 0));
    net->launch.progress = (u64 *)net->launch.stop + 1;
    net->heap = (u64 *)heap.start;
    net->heap_end = nets.heap_words;
    net->heap_next = NET_FIRST_CELL;
    net->bag_places = NET_PLACES;
    net->least = NET_LEAST;
    net->most = NET_MOST;
    net->rounds = NET_ROUNDS;
    net->kept = NET_KEPT;
    net->magazine = magazine > NET_TASK_CELLS ? magazine : NET_TASK_CELLS;
    forget_heap();
    nets.cells.count = 0;
    for (u64 word = 0; word < NET_FIRST_CELL; word++) {
        net_put(word, 0);
    }
}

/* Finds a GPU and makes it ready. */
static void net_prepare(u64 workers, u64 memory_limit) {
    (void)workers;
    open_device({reduce_lanes, stop_reduce_lanes, 0});
    choose_grid(NET_BLOCK_BYTES, NET_LANE_BYTES, NET_THREADS, all_blocks);
    net_take_memory(memory_limit);
    forget_measurements();
    require(cudaHostAlloc((void **)&nets.control, 2 * WORD, cudaHostAllocMapped));
    memset(nets.control, 0, 2 * WORD);
    NetsPlace place = {};
    place.launch = (NetsLaunch *)nets.at_net;
    copy_to_device(nets.start, &place, sizeof place);
    copy_to_device((u64)nets.net.book, net_book, sizeof net_book);
    net_begin();
}

/* Makes ready for another net. */
static __attribute__((unused)) void net_prepare_again(void) {
    net_begin();
}

static void net_release(void) {
    release_heap();
    require(cudaFreeHost(nets.control));
    require(cudaFree((void *)nets.start));
}

/* ---- Launches ---- */

/* Has all lanes run a task of two words and all that comes of it; whether the net came to rest. */
static bool net_launch(u64 kind, u64 first, u64 second) {
    NetsNet *net = &nets.net;
    net->first[0] = (u64)2 << 32 | kind;
    net->first[1] = first;
    net->first[2] = second;
    memset(net->idle, 0, sizeof net->idle);
    memset(net->offered, 0, sizeof net->offered);
    memset(net->ran, 0, sizeof net->ran);
    memset(net->ending, 0, sizeof net->ending);
    memset(net->came, 0, sizeof net->came);
    copy_to_device(nets.at_net, net, sizeof *net);
    leave_heap();
    run_grid(nets.start);
    copy_from_device(net, nets.at_net, sizeof *net);
    net->is_resumed = IS_ACTING;
    return net->stop == 0;
}

/* Whether the net has come to rest; lanes leave nothing to be done but where the run must end. */
static __attribute__((unused)) bool net_resume(void) {
    return nets.net.stop == 0;
}

/* The port of the result, whose tree is in the copy of the heap then, with all that its variables hold. */
static u64 net_result(void) {
    Array todo = {0};
    push(&todo, NET_PORT(NET_VARIABLE, NET_ROOT));
    while (todo.count > 0) {
        u64 port = pop(&todo), tag = NET_TAG(port);
        if (tag == NET_VARIABLE || tag >= NET_CON) {
            u64 count = tag == NET_VARIABLE ? 1 : 2;
            const u64 *words = seen(heap.start + NET_VALUE(port) * WORD, count);
            for (u64 index = 0; index < count; index++) {
                if (tag != NET_VARIABLE || words[index] != 0) {
                    push(&todo, words[index]);
                }
            }
        }
    }
    clear(&todo);
    return net_at(NET_ROOT);
}

/* Reduces a definition, applied to so many number words; whether the net came to rest. */
static bool net_boot(u64 definition, const u64 *numbers, u64 count) {
    u64 target = NET_PORT(NET_VARIABLE, NET_ROOT);
    for (u64 index = count; index-- > 0;) {
        u64 place = NET_FIRST_CELL + 2 * index;
        net_put(place, NET_PORT(NET_NUMBER, numbers[index]));
        net_put(place + 1, target);
        target = NET_PORT(NET_CON, place);
    }
    nets.net.heap_next = NET_FIRST_CELL + 2 * count;
    u64 begin = clock_nanoseconds();
    bool is_at_rest = net_launch(NET_BOOT, definition, target);
    nets.nanoseconds += clock_nanoseconds() - begin;
    return is_at_rest;
}

/* The interactions so far. */
static u64 net_interactions(void) {
    u64 count = 0;
    for (u64 rule = 0; rule < sizeof nets.net.totals / WORD; rule++) {
        count += nets.net.totals[rule];
    }
    return count;
}
