/* ---- Running the program ------------------------------------------------------------------------- */

/* The device's memory is one stretch, which begins with `shared` and ends with the heap. This side has a copy of what lanes
   share. */
static struct {
    Shared *shared;
    Worker *workers;
    u64 at_shared;
    u64 at_start;
    u64 at_lists;
    bool is_begun;
    u64 nanoseconds;
    u64 kept[CONSTANT_COUNT];
} run;

/* Each lane has memory of its own for its state and the stack of sequential runs. */
extern "C" __global__ void run_lanes(u64 start) {
    Worker worker;
    u64 stack[STACK_WORDS];
    gpu_main(start, &worker, stack);
}

#if HAS_NETS
/* Begins again with nets, where only these have a meaning for what happens, and leaves. Comes back where that cannot be,
   since actions have been performed whose outcomes are not remembered. */
static void restart_as_nets(void);
#endif

/* Says why the run was stopped, and leaves. */
static NO_RETURN void fail_run(void) {
#if HAS_NETS
    if (run.shared->stop == STOP_SHAPE || run.shared->stop == STOP_BUDGET) {
        restart_as_nets();
    }
#endif
    u64 used = run.shared->heap_next - heap.start, most = run.shared->heap_end - heap.start;
    fflush(stdout);
    switch (run.shared->stop) {
        case STOP_DIVISION:
            fputs(division_text(run.shared->stop_detail), stderr);
            break;
        case STOP_SHAPE:
            fputs(WRONG_SHAPE_TEXT, stderr);
            break;
#if HAS_NETS
        case STOP_BUDGET:
            fputs(BUDGET_TEXT, stderr);
            break;
#endif
        default:
            write_out_of_memory(stderr, used < most ? used : most, gpu.memory_limit);
    }
    _exit(EXIT_FAILURE);
}

static NO_RETURN void lack_memory(void) {
    run.shared->stop = STOP_MEMORY;
    fail_run();
}

/* How many of the blocks that fit are used: one for each multiprocessor, or a power of two that is not much less. */
static u64 even_blocks(u64 most) {
    u64 each = (u64)gpu.device.multiProcessorCount * BLOCKS_PER_MULTIPROCESSOR, blocks = most < each ? most : each, power = 1;
    while (power * 2 <= blocks) {
        power *= 2;
    }
    return power * LEAST_PART_OF >= blocks * LEAST_PART ? power : blocks;
}

/* Shares the device's memory out; a limit of 0 is the usual one. */
static void prepare_memory(u64 memory_limit) {
    u64 memory = usable_memory(memory_limit), lanes = gpu.blocks * gpu.threads;
    u64 capacity = memory / CAPACITY_PART / (2 * WORD), constants = (CONSTANT_COUNT + 1) * WORD;
    capacity = capacity < LARGEST_CAPACITY ? capacity : LARGEST_CAPACITY;
    run.shared = (Shared *)checked(calloc(1, sizeof(Shared)));
    gpu.memory_limit = memory;
    u64 fixed = lanes * sizeof(Worker) + 2 * capacity * WORD + sizeof(Shared) + PAGE + 4 * constants;
    if (capacity < lanes || memory < fixed + FRAME_WORDS * WORD) {
        lack_memory();
    }
    u64 heap_bytes = (memory - fixed) / PAGE * PAGE;
    void *start;
    require(cudaMalloc(&start, fixed + heap_bytes));
    u64 place = (u64)start;
    run.at_shared = stretch(&place, sizeof(Shared));
    run.at_start = stretch(&place, PAGE / 2);
    run.shared->constants = (u64 *)stretch(&place, constants);
    run.shared->settled = (u64 *)stretch(&place, constants);
    run.shared->new_constants = (u64 *)stretch(&place, constants);
    run.shared->overflows = (u64 *)stretch(&place, WORD);
    run.shared->first = stretch(&place, lanes * sizeof(Worker));
    require(cudaMemset(start, 0, place - (u64)start));
    run.at_lists = stretch(&place, 2 * capacity * WORD);
    prepare_heap(place, heap_bytes);
    run.shared->blocks = gpu.blocks;
    run.shared->threads = gpu.threads;
    run.shared->constant_count = CONSTANT_COUNT;
    run.shared->alone_below = MOST_ALONE < gpu.threads ? MOST_ALONE : gpu.threads;
    run.shared->step_below = gpu.blocks;
    run.shared->rounds_below = gpu.threads;
    run.shared->capacity = capacity;
    run.shared->block_capacity = BLOCK_CAPACITY;
    run.shared->lists[0] = run.at_lists;
    run.shared->lists[1] = run.at_lists + capacity * WORD;
    run.shared->heap_next = heap.start;
    run.shared->heap_end = heap.start + heap_bytes;
    run.shared->scarce_from = heap.start + heap_bytes / 2;
}

static void finish_run(void) {
    release_heap();
    require(cudaFree((void *)run.at_shared));
}

/* ---- The heap, as this side sees it ---- */

/* Changes words of the heap. */
static void change(u64 address, const u64 *words, u64 count) {
    for (u64 index = 0; index < count; index++) {
        change_word(address + index * WORD, words[index]);
    }
}

/* Memory that was never used. */
static u64 take(u64 count) {
    u64 address = run.shared->heap_next;
    if (address + count * WORD > run.shared->heap_end) {
        lack_memory();
    }
    run.shared->heap_next = address + count * WORD;
    return address;
}

/* The words of a cell. */
static const u64 *words_of(u64 cell) {
    const Shape *shape = &shapes[seen(cell, 1)[0] >> 32 & 0xff];
    return seen(cell, 1 + shape->fields - (shape->packed >= 0));
}

/* ---- Launches ---- */

/* What lanes need to begin: words that are the same in all of them. In later launches they have those that they left. */
static void write_start(void) {
    struct {
        Start start;
        u64 changes[6][2];
    } words = {{(Shared *)run.at_shared, (u64 *)(run.at_start + offsetof(decltype(words), changes)), 0, 0, 0}, {
        {offsetof(Worker, shared) / WORD, run.at_shared}, {offsetof(Worker, next) / WORD, heap.start},
        {offsetof(Worker, end) / WORD, heap.start}, {offsetof(Worker, chunk) / WORD, SMALL_CHUNK},
        {offsetof(Worker, stack_room) / WORD, STACK_ROOM}, {offsetof(Worker, budget) / WORD, BUDGET},
    }};
    words.start.leaves = PERFORMS_ACTIONS;
    if (!run.is_begun || !PERFORMS_ACTIONS) {
        u64 heap_bytes = run.shared->heap_end - heap.start;
        run.is_begun = true;
        words.start.is_first = 1;
        words.start.change_count = 6;
        if (heap_bytes >= LEAST_CHUNKS * FIRST_CHUNK * gpu.blocks * gpu.threads) {
            words.changes[3][1] = FIRST_CHUNK;
        }
    }
    copy_to_device(run.at_start, &words, sizeof words);
}

/* Asks the lanes of a launch to leave. */
static void stop_run_lanes(void) {
    static const u64 stop = STOP_INTERRUPTED;
    require(cudaMemcpyAsync((void *)(run.at_shared + offsetof(Shared, stop)), &stop, WORD, cudaMemcpyHostToDevice, gpu.beside));
}

/* Has all lanes run, until nothing is left to do. */
static void launch(void) {
    copy_to_device(run.at_shared, run.shared, sizeof(Shared));
    leave_heap();
    write_start();
    run_grid(run.at_start);
    copy_from_device(run.shared, run.at_shared, sizeof(Shared));
    if (run.shared->stop == STOP_INTERRUPTED) {
        /* After Ctrl-C the program is over: this was the end of patience. */
        run.shared->stop = STOP_BUDGET;
    }
}

/* Finds a GPU and makes it ready. The first launch, in which lanes have nothing to do, loads code and takes memory for
   stacks, which is not what the program costs. */
static void prepare_run(u64 workers, u64 memory_limit) {
    (void)workers;
    open_device({run_lanes, stop_run_lanes, 0});
    choose_grid(sizeof(Block) + 2 * BLOCK_CAPACITY * WORD, 0, DEFAULT_THREADS, even_blocks);
    prepare_memory(memory_limit);
    launch();
    forget_measurements();
    gpu.work.patience = PATIENCE;
}

/* Has all lanes run, with one frame that is ready: its address, and its state in the upper 16 bits. */
static void launch_frame(u64 address, u64 state) {
    u64 frame = address | state << 48;
    for (u64 wave = 0; wave < 3; wave++) {
        run.shared->ready[wave] = wave == 0;
        run.shared->idle[wave] = run.shared->is_long[wave] = 0;
        run.shared->held[wave] = run.shared->takers[wave] = 0;
    }
    copy_to_device(run.at_lists, &frame, WORD);
    launch();
}

/* Has the device do something; whether that was done, and the run not stopped. */
static bool ask(u64 request, u64 subject, u64 argument, u64 *result) {
    if (run.shared->stop != 0) {
        return false;
    }
    u64 begin = clock_nanoseconds();
    u64 state = request == EVALUATE ? STATE_EVALUATE : request == APPLY ? STATE_APPLY : STATE_KEEP;
    u64 frame[FRAME_WORDS + 1] = {0, 0, subject, argument};
    u64 address = take(FRAME_WORDS);
    change(address, frame, FRAME_WORDS);
    launch_frame(address, state);
    run.nanoseconds += clock_nanoseconds() - begin;
    *result = run.shared->result;
    if (request == CONSTANT_VALUE) {
        run.kept[subject] = *result;
    }
    return run.shared->stop == 0;
}

/* The same for a request without which there is no result. */
static u64 demand(u64 request, u64 subject, u64 argument) {
    u64 result;
    if (!ask(request, subject, argument, &result)) {
        fail_run();
    }
    return result;
}

/* The value of a constant if the device has been asked for it, otherwise 0. */
#define KNOWN_CONSTANT(number) (run.kept[number])
