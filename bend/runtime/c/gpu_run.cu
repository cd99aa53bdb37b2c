/* ---- Running the program ------------------------------------------------------------------------- */

/* What is copied from the device at a time. */
#define PAGE (64 * KILOBYTE)
#define WORD sizeof(u64)
#define LONGEST_NAP 1000000
/* How long the end of a launch is awaited after it was asked to stop. */
#define GRACE ((u64)10000000000)
#define INTERRUPTED 130

/* The device's memory is one stretch, which begins with `shared` and ends with the heap. This side has a copy of what lanes
   share, and of those pages of the heap that it looks at; what it changes there is noted in `changed`,
   as addresses and numbers of words. */
static struct {
    Shared *shared;
    Worker *workers;
    cudaDeviceProp device;
    cudaStream_t stream;
    cudaStream_t beside;
    cudaEvent_t began;
    cudaEvent_t ended;
    u64 blocks;
    u64 threads;
    u64 block_bytes;
    u64 at_shared;
    u64 at_start;
    u64 at_lists;
    u64 at_heap;
    u8 *heap;
    u8 *is_here;
    Array changed;
    u64 memory_limit;
    bool is_begun;
    u64 launches;
    u64 nanoseconds;
    f64 kernel_milliseconds;
    u64 kept[CONSTANT_COUNT];
} run;

static volatile sig_atomic_t is_interrupted;

/* Each lane has memory of its own for its state and the stack of sequential runs. */
extern "C" __global__ void run_lanes(u64 start) {
    Worker worker;
    u64 stack[STACK_WORDS];
    gpu_main(start, &worker, stack);
}

/* ---- Failures ---- */

static NO_RETURN void fail(const char *code, const char *message, const char *hint) {
    fflush(stdout);
    fprintf(stderr, "error[%s]: %s\n  = hint: %s\n\n", code, message, hint);
    _exit(EXIT_FAILURE);
}

static NO_RETURN void fail_gpu(cudaError_t status) {
    char text[512];
    fflush(stdout);
    switch (status) {
        case cudaErrorNoDevice:
            fail("gpu-unavailable", "The NVIDIA driver finds no GPU.", NO_GPU_HINT);
        case cudaErrorInsufficientDriver:
        case cudaErrorInitializationError:
        case cudaErrorStubLibrary:
            snprintf(text, sizeof text, "There is no NVIDIA driver that can be used (%s).", cudaGetErrorString(status));
            fail("gpu-unavailable", text, NO_DRIVER_HINT);
        case cudaErrorNoKernelImageForDevice:
        case cudaErrorInvalidDeviceFunction:
        case cudaErrorUnsupportedPtxVersion:
            snprintf(text, sizeof text, "This program was compiled for other GPUs than %s, whose compute capability is %d.%d.",
                     run.device.name, run.device.major, run.device.minor);
            fail("gpu-failed", text, "Compile it with `nvcc -O2 -arch=native`, with a version of CUDA that the driver knows.");
        default:
            break;
    }
    const char *known = failure_text(status);
    if (known == NULL) {
        fprintf(stderr, "error[gpu-failed]: The GPU failed: %s (CUDA error %d).\n\n", cudaGetErrorString(status), (int)status);
    } else {
        fputs(known, stderr);
    }
    _exit(EXIT_FAILURE);
}

static void require(cudaError_t status) {
    if (status != cudaSuccess) {
        fail_gpu(status);
    }
}

/* Says why the run was stopped, and leaves. */
static NO_RETURN void fail_run(void) {
    u64 used = run.shared->heap_next - run.at_heap, most = run.shared->heap_end - run.at_heap;
    fflush(stdout);
    switch (run.shared->stop) {
        case STOP_DIVISION:
            fputs(division_text(run.shared->stop_detail), stderr);
            break;
        case STOP_SHAPE:
            fputs(WRONG_SHAPE_TEXT, stderr);
            break;
        case STOP_INTERRUPTED:
            _exit(INTERRUPTED);
        default:
            write_out_of_memory(stderr, used < most ? used : most, run.memory_limit);
    }
    _exit(EXIT_FAILURE);
}

static NO_RETURN void lack_memory(void) {
    run.shared->stop = STOP_MEMORY;
    fail_run();
}

/* ---- The device ---- */

static void interrupt(int number) {
    (void)number;
    is_interrupted = 1;
}

/* Takes the first device that programs can run on. */
static void choose_device(void) {
    char text[512];
    int count = 0;
    require(cudaGetDeviceCount(&count));
    for (int number = 0; number < count; number++) {
        require(cudaGetDeviceProperties(&run.device, number));
        if (run.device.major >= 7 && run.device.cooperativeLaunch) {
            require(cudaSetDevice(number));
            return;
        }
    }
    if (count == 0) {
        fail_gpu(cudaErrorNoDevice);
    }
    snprintf(text, sizeof text, "%s cannot be used: its compute capability is %d.%d, and 7.0 is needed (Volta, of 2017), and "
             "launches of blocks that wait for each other.", run.device.name, run.device.major, run.device.minor);
    fail("gpu-unavailable", text, "`bend gen-c` makes a program for the CPU.");
}

/* How many blocks can run at the same time. */
static u64 resident_blocks(u64 threads) {
    int count = 0;
    require(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&count, run_lanes, (int)threads, run.block_bytes));
    return (u64)count * (u64)run.device.multiProcessorCount;
}

/* How many of the blocks that fit are used: a power of two, if that is not much less. */
static u64 even_blocks(u64 blocks) {
    u64 power = 1;
    while (power * 2 <= blocks) {
        power *= 2;
    }
    return power * LEAST_PART_OF >= blocks * LEAST_PART ? power : blocks;
}

/* How many blocks of how many threads, unless the command line says. */
static void choose_grid(void) {
    char text[512], hint[128];
    u64 most_threads = (u64)run.device.maxThreadsPerBlock;
    run.block_bytes = sizeof(Block) + 2 * BLOCK_CAPACITY * WORD;
    if (run.block_bytes > SHARED_WITHOUT_ASKING) {
        require(cudaFuncSetAttribute(run_lanes, cudaFuncAttributeMaxDynamicSharedMemorySize, (int)run.block_bytes));
    }
    if (run.threads == 0) {
        run.threads = DEFAULT_THREADS < most_threads ? DEFAULT_THREADS : most_threads;
    } else if (run.threads < WARP || run.threads > most_threads || run.threads % WARP != 0) {
        snprintf(text, sizeof text, "%s does not run blocks of %" PRIu64 " threads.", run.device.name, run.threads);
        snprintf(hint, sizeof hint, "`--threads-per-block` takes multiples of %" PRIu64 " up to %" PRIu64 ".", WARP, most_threads);
        fail("gpu-failed", text, hint);
    }
    u64 most = resident_blocks(run.threads);
    if (most == 0) {
        u64 fewer = run.threads - WARP;
        while (fewer > 0 && resident_blocks(fewer) == 0) {
            fewer -= WARP;
        }
        snprintf(text, sizeof text, "%s cannot run a block of %" PRIu64 " threads of this program, which needs too many "
                 "registers or too much memory for that.", run.device.name, run.threads);
        snprintf(hint, sizeof hint, "`--threads-per-block` takes up to %" PRIu64 " here.", fewer);
        fail("gpu-failed", text, hint);
    }
    u64 usual = (u64)run.device.multiProcessorCount * BLOCKS_PER_MULTIPROCESSOR;
    if (run.blocks == 0) {
        run.blocks = even_blocks(most < usual ? most : usual);
    } else if (run.blocks > most) {
        snprintf(text, sizeof text, "%s cannot run %" PRIu64 " blocks of %" PRIu64 " threads at the same time.", run.device.name,
                 run.blocks, run.threads);
        snprintf(hint, sizeof hint, "`--blocks` takes 1 to %" PRIu64 ".", most);
        fail("gpu-failed", text, hint);
    }
}

/* The next stretch of so many bytes of the device's memory. */
static u64 stretch(u64 *place, u64 bytes) {
    u64 start = *place;
    *place += (bytes + 255) & ~(u64)255;
    return start;
}

/* Shares the device's memory out; a limit of 0 is the usual one. */
static void prepare_memory(u64 memory_limit) {
    size_t available, every;
    require(cudaMemGetInfo(&available, &every));
    if (memory_limit > available) {
        char text[256];
        snprintf(text, sizeof text, "The GPU has %zu MB of free memory, not %" PRIu64 " MB.", available >> 20,
                 memory_limit >> 20);
        fail("gpu-failed", text, "Allow less with `--memory SIZE`, or end other programs on the GPU.");
    }
    u64 memory = memory_limit != 0 ? memory_limit : available / 100 * MEMORY_PERCENT, lanes = run.blocks * run.threads;
    u64 capacity = memory / CAPACITY_PART / (2 * WORD), constants = (CONSTANT_COUNT + 1) * WORD;
    capacity = capacity < LARGEST_CAPACITY ? capacity : LARGEST_CAPACITY;
    run.shared = (Shared *)checked(calloc(1, sizeof(Shared)));
    run.memory_limit = memory;
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
    run.at_heap = place;
    run.shared->blocks = run.blocks;
    run.shared->threads = run.threads;
    run.shared->constant_count = CONSTANT_COUNT;
    run.shared->alone_below = MOST_ALONE < run.threads ? MOST_ALONE : run.threads;
    run.shared->step_below = run.blocks;
    run.shared->rounds_below = run.threads;
    run.shared->capacity = capacity;
    run.shared->block_capacity = BLOCK_CAPACITY;
    run.shared->lists[0] = run.at_lists;
    run.shared->lists[1] = run.at_lists + capacity * WORD;
    run.shared->heap_next = run.at_heap;
    run.shared->heap_end = run.at_heap + heap_bytes;
    run.shared->scarce_from = run.at_heap + heap_bytes / 2;
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    void *copy = mmap(NULL, heap_bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
    run.heap = (u8 *)checked(copy == MAP_FAILED ? NULL : copy);
    run.is_here = (u8 *)checked(calloc(heap_bytes / PAGE, 1));
}

static void finish_run(void) {
    require(cudaFree((void *)run.at_shared));
}

/* ---- The heap, as this side sees it ---- */

static void copy_to_device(u64 address, const void *from, u64 bytes) {
    require(cudaMemcpy((void *)address, from, bytes, cudaMemcpyHostToDevice));
}

static void copy_from_device(void *to, u64 address, u64 bytes) {
    require(cudaMemcpy(to, (void *)address, bytes, cudaMemcpyDeviceToHost));
}

/* Words of the heap, as they are there; nothing is read beyond its end. */
static u64 *seen(u64 address, u64 count) {
    u64 first = (address - run.at_heap) / PAGE, last = (address + count * WORD - 1 - run.at_heap) / PAGE;
    for (u64 page = first; page <= last; page++) {
        if (!run.is_here[page]) {
            copy_from_device(run.heap + page * PAGE, run.at_heap + page * PAGE, PAGE);
            run.is_here[page] = 1;
        }
    }
    return (u64 *)(run.heap + (address - run.at_heap));
}

/* Changes words of the heap. */
static void change(u64 address, const u64 *words, u64 count) {
    Array *changed = &run.changed;
    memcpy(seen(address, count), words, count * WORD);
    if (changed->count > 0 && changed->items[changed->count - 2] + changed->items[changed->count - 1] * WORD == address) {
        changed->items[changed->count - 1] += count;
    } else {
        push(changed, address);
        push(changed, count);
    }
}

/* Before lanes run: has them see what was changed, and forgets what was seen. */
static void leave_heap(void) {
    for (u64 index = 0; index < run.changed.count; index += 2) {
        u64 address = run.changed.items[index], count = run.changed.items[index + 1];
        copy_to_device(address, seen(address, count), count * WORD);
    }
    run.changed.count = 0;
    memset(run.is_here, 0, (run.shared->heap_end - run.at_heap) / PAGE);
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

/* Waits for the end of a launch; Ctrl-C stops it. */
static void await_launch(void) {
    static const u64 stop = STOP_INTERRUPTED;
    u64 begin = clock_nanoseconds(), asked = 0;
    cudaError_t status;
    while ((status = cudaEventQuery(run.ended)) == cudaErrorNotReady) {
        u64 now = clock_nanoseconds(), nap = (now - begin) / 8;
        if (asked != 0 && now - asked > GRACE) {
            fail("gpu-failed", "The kernel does not end, although it was asked to.", FAULT_HINT);
        }
        if (is_interrupted && asked == 0) {
            asked = now;
            require(cudaMemcpyAsync((void *)(run.at_shared + offsetof(Shared, stop)), &stop, WORD, cudaMemcpyHostToDevice,
                                    run.beside));
        }
        struct timespec left = {0, (long)(nap < LONGEST_NAP ? nap : LONGEST_NAP)};
        if (nap > 10000) {
            nanosleep(&left, NULL);
        }
    }
    require(status);
    if (asked != 0) {
        _exit(INTERRUPTED);
    }
}

/* What lanes need to begin: words that are the same in all of them. In later launches they have those that they left. */
static void write_start(void) {
    struct {
        Start start;
        u64 changes[6][2];
    } words = {{(Shared *)run.at_shared, (u64 *)(run.at_start + offsetof(decltype(words), changes)), 0, 0, 0}, {
        {offsetof(Worker, shared) / WORD, run.at_shared}, {offsetof(Worker, next) / WORD, run.at_heap},
        {offsetof(Worker, end) / WORD, run.at_heap}, {offsetof(Worker, chunk) / WORD, SMALL_CHUNK},
        {offsetof(Worker, stack_room) / WORD, STACK_ROOM}, {offsetof(Worker, budget) / WORD, BUDGET},
    }};
    words.start.leaves = PERFORMS_ACTIONS;
    if (!run.is_begun || !PERFORMS_ACTIONS) {
        u64 heap_bytes = run.shared->heap_end - run.at_heap;
        run.is_begun = true;
        words.start.is_first = 1;
        words.start.change_count = 6;
        if (heap_bytes >= LEAST_CHUNKS * FIRST_CHUNK * run.blocks * run.threads) {
            words.changes[3][1] = FIRST_CHUNK;
        }
    }
    copy_to_device(run.at_start, &words, sizeof words);
}

/* Has all lanes run, until nothing is left to do. */
static void launch(void) {
    f32 milliseconds;
    u64 start = run.at_start;
    void *arguments[] = {&start};
    copy_to_device(run.at_shared, run.shared, sizeof(Shared));
    leave_heap();
    write_start();
    require(cudaEventRecord(run.began, run.stream));
    require(cudaLaunchCooperativeKernel(run_lanes, dim3((u32)run.blocks), dim3((u32)run.threads), arguments, run.block_bytes,
                                        run.stream));
    require(cudaEventRecord(run.ended, run.stream));
    await_launch();
    require(cudaEventElapsedTime(&milliseconds, run.began, run.ended));
    run.kernel_milliseconds += milliseconds;
    run.launches++;
    copy_from_device(run.shared, run.at_shared, sizeof(Shared));
}

/* Finds a GPU and makes it ready. The first launch, in which lanes have nothing to do, loads code and takes memory for
   stacks, which is not what the program costs. */
static void prepare_run(u64 workers, u64 memory_limit) {
    (void)workers;
    signal(SIGINT, interrupt);
    choose_device();
    choose_grid();
    prepare_memory(memory_limit);
    require(cudaStreamCreateWithFlags(&run.stream, cudaStreamNonBlocking));
    require(cudaStreamCreateWithFlags(&run.beside, cudaStreamNonBlocking));
    require(cudaEventCreate(&run.began));
    require(cudaEventCreate(&run.ended));
    launch();
    run.launches = 0;
    run.kernel_milliseconds = 0;
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
