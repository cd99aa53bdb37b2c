/* ---- The GPU ------------------------------------------------------------------------------------- */

/* What is copied from the device at a time. */
#define PAGE (64 * KILOBYTE)
#define WORD sizeof(u64)
#define LONGEST_NAP 1000000
/* How long the end of a launch is awaited after it was asked to stop. */
#define GRACE ((u64)10000000000)
#define INTERRUPTED 130

/* What a lane does, a thread of the device, in a launch that begins with what is at an address. */
typedef void Kernel(u64 start);

/* What runs on the device: the kernel, what asks its lanes to leave, and after how many nanoseconds that is done in any case,
   if not 0. */
typedef struct Work {
    Kernel *kernel;
    void (*stop_lanes)(void);
    u64 patience;
} Work;

/* The device, the grid that runs there, what the command line asks for (0: nothing), and what was measured. */
static struct {
    cudaDeviceProp device;
    bool is_open;
    Work work;
    u64 asked_blocks;
    u64 asked_threads;
    cudaStream_t stream;
    cudaStream_t beside;
    cudaEvent_t began;
    cudaEvent_t ended;
    u64 blocks;
    u64 threads;
    u64 block_bytes, lane_bytes;
    u64 memory_limit;
    u64 launches;
    f64 kernel_milliseconds;
} gpu;

static volatile sig_atomic_t is_interrupted;

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
                     gpu.device.name, gpu.device.major, gpu.device.minor);
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
        require(cudaGetDeviceProperties(&gpu.device, number));
        if (gpu.device.major >= 7 && gpu.device.cooperativeLaunch) {
            require(cudaSetDevice(number));
            return;
        }
    }
    if (count == 0) {
        fail_gpu(cudaErrorNoDevice);
    }
    snprintf(text, sizeof text, "%s cannot be used: its compute capability is %d.%d, and 7.0 is needed (Volta, of 2017), and "
             "launches of blocks that wait for each other.", gpu.device.name, gpu.device.major, gpu.device.minor);
    fail("gpu-unavailable", text, "`bend gen-c` makes a program for the CPU.");
}

/* The bytes of memory that a block of so many threads has for itself. */
static u64 shared_bytes(u64 threads) {
    return gpu.block_bytes + threads * gpu.lane_bytes;
}

/* How many blocks can run at the same time. */
static u64 resident_blocks(u64 threads) {
    int count = 0;
    u64 bytes = shared_bytes(threads);
    if (bytes > gpu.device.sharedMemPerBlockOptin) {
        return 0;
    }
    if (bytes > SHARED_WITHOUT_ASKING) {
        require(cudaFuncSetAttribute(gpu.work.kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, (int)bytes));
    }
    require(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&count, gpu.work.kernel, (int)threads, bytes));
    return (u64)count * (u64)gpu.device.multiProcessorCount;
}

/* How many threads a block has, of at most so many unless the command line says, and how many such blocks fit. */
static u64 choose_threads(u64 usual) {
    char text[512], hint[128];
    u64 most_threads = (u64)gpu.device.maxThreadsPerBlock;
    gpu.threads = gpu.asked_threads;
    if (gpu.threads == 0) {
        gpu.threads = usual < most_threads ? usual : most_threads;
        while (gpu.threads > WARP && shared_bytes(gpu.threads) > gpu.device.sharedMemPerBlockOptin) {
            gpu.threads -= WARP;
        }
    } else if (gpu.threads < WARP || gpu.threads > most_threads || gpu.threads % WARP != 0) {
        snprintf(text, sizeof text, "%s does not run blocks of %" PRIu64 " threads.", gpu.device.name, gpu.threads);
        snprintf(hint, sizeof hint, "`--threads-per-block` takes multiples of %" PRIu64 " up to %" PRIu64 ".", WARP, most_threads);
        fail("gpu-failed", text, hint);
    }
    u64 most = resident_blocks(gpu.threads);
    if (most == 0) {
        u64 fewer = gpu.threads - WARP;
        while (fewer > 0 && resident_blocks(fewer) == 0) {
            fewer -= WARP;
        }
        snprintf(text, sizeof text, "%s cannot run a block of %" PRIu64 " threads of this program, which needs too many "
                 "registers or too much memory for that.", gpu.device.name, gpu.threads);
        snprintf(hint, sizeof hint, "`--threads-per-block` takes up to %" PRIu64 " here.", fewer);
        fail("gpu-failed", text, hint);
    }
    return most;
}

/* How many blocks of how many threads, with so many bytes of memory for each block and each thread, unless the command line
   says: at most so many threads, and blocks as `usual_blocks` chooses of those that fit. */
static void choose_grid(u64 block_bytes, u64 lane_bytes, u64 usual_threads, u64 (*usual_blocks)(u64 most)) {
    gpu.block_bytes = block_bytes;
    gpu.lane_bytes = lane_bytes;
    u64 most = choose_threads(usual_threads);
    gpu.blocks = gpu.asked_blocks != 0 ? gpu.asked_blocks : usual_blocks(most);
    if (gpu.blocks > most) {
        char text[512], hint[128];
        snprintf(text, sizeof text, "%s cannot run %" PRIu64 " blocks of %" PRIu64 " threads at the same time.", gpu.device.name,
                 gpu.blocks, gpu.threads);
        snprintf(hint, sizeof hint, "`--blocks` takes 1 to %" PRIu64 ".", most);
        fail("gpu-failed", text, hint);
    }
}

/* How much of the device's memory to use; a limit of 0 is the usual one. */
static u64 usable_memory(u64 memory_limit) {
    size_t available, every;
    require(cudaMemGetInfo(&available, &every));
    if (memory_limit > available) {
        char text[256];
        snprintf(text, sizeof text, "The GPU has %zu MB of free memory, not %" PRIu64 " MB.", available >> 20,
                 memory_limit >> 20);
        fail("gpu-failed", text, "Allow less with `--memory SIZE`, or end other programs on the GPU.");
    }
    return memory_limit != 0 ? memory_limit : available / 100 * MEMORY_PERCENT;
}

/* The next stretch of so many bytes of the device's memory. */
static u64 stretch(u64 *place, u64 bytes) {
    u64 start = *place;
    *place += (bytes + 255) & ~(u64)255;
    return start;
}

/* Finds a GPU for some work, unless that was done before. */
static void open_device(Work work) {
    gpu.work = work;
    if (!gpu.is_open) {
        gpu.is_open = true;
        signal(SIGINT, interrupt);
        choose_device();
        require(cudaStreamCreateWithFlags(&gpu.stream, cudaStreamNonBlocking));
        require(cudaStreamCreateWithFlags(&gpu.beside, cudaStreamNonBlocking));
        require(cudaEventCreate(&gpu.began));
        require(cudaEventCreate(&gpu.ended));
    }
}

/* What was measured so far is not what the program costs. */
static void forget_measurements(void) {
    gpu.launches = 0;
    gpu.kernel_milliseconds = 0;
}

/* ---- The device's memory, as this side sees it ---- */

static void copy_to_device(u64 address, const void *from, u64 bytes) {
    require(cudaMemcpy((void *)address, from, bytes, cudaMemcpyHostToDevice));
}

static void copy_from_device(void *to, u64 address, u64 bytes) {
    require(cudaMemcpy(to, (void *)address, bytes, cudaMemcpyDeviceToHost));
}

/* What a page of the copy of the heap is: not here, as on the device, or changed here. */
typedef enum { PAGE_AWAY, PAGE_SAME, PAGE_CHANGED } PageState;

/* The heap: where it is on the device, and a copy of those of its pages that were looked at, which are in `seen`. */
static struct {
    u64 start;
    u64 bytes;
    u8 *copy;
    u8 *states;
    Array seen;
} heap;

/* Makes room for the copy of a heap of whole pages. */
static void prepare_heap(u64 start, u64 bytes) {
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    void *copy = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
    heap.start = start;
    heap.bytes = bytes;
    heap.copy = (u8 *)checked(copy == MAP_FAILED ? NULL : copy);
    heap.states = (u8 *)checked(calloc(bytes / PAGE, 1));
    heap.seen.count = 0;
}

static void release_heap(void) {
    munmap(heap.copy, heap.bytes);
    free(heap.states);
}

/* Words of the heap, as they are there; nothing is read beyond its end. */
static u64 *seen(u64 address, u64 count) {
    u64 first = (address - heap.start) / PAGE, last = (address + count * WORD - 1 - heap.start) / PAGE;
    for (u64 page = first; page <= last; page++) {
        if (heap.states[page] == PAGE_AWAY) {
            copy_from_device(heap.copy + page * PAGE, heap.start + page * PAGE, PAGE);
            heap.states[page] = PAGE_SAME;
            push(&heap.seen, page);
        }
    }
    return (u64 *)(heap.copy + (address - heap.start));
}

/* Changes a word of the heap. */
static void change_word(u64 address, u64 content) {
    *seen(address, 1) = content;
    heap.states[(address - heap.start) / PAGE] = PAGE_CHANGED;
}

/* Forgets what was seen, and what was changed. */
static void forget_heap(void) {
    while (heap.seen.count > 0) {
        heap.states[pop(&heap.seen)] = PAGE_AWAY;
    }
}

/* Before lanes run: has them see what was changed, and forgets what was seen. */
static void leave_heap(void) {
    for (u64 index = 0; index < heap.seen.count; index++) {
        u64 page = heap.seen.items[index];
        if (heap.states[page] == PAGE_CHANGED) {
            copy_to_device(heap.start + page * PAGE, heap.copy + page * PAGE, PAGE);
        }
    }
    forget_heap();
}

/* ---- Launches ---- */

/* Waits for the end of a launch; Ctrl-C stops it, and so does the end of patience. */
static void await_launch(void) {
    u64 begin = clock_nanoseconds(), asked = 0;
    cudaError_t status;
    while ((status = cudaEventQuery(gpu.ended)) == cudaErrorNotReady) {
        u64 now = clock_nanoseconds(), nap = (now - begin) / 8;
        if (asked != 0 && now - asked > GRACE) {
            fail("gpu-failed", "The kernel does not end, although it was asked to.", FAULT_HINT);
        }
        bool is_late = gpu.work.patience != 0 && now - begin > gpu.work.patience;
        if ((is_interrupted || is_late) && asked == 0) {
            asked = now;
            gpu.work.stop_lanes();
        }
        struct timespec left = {0, (long)(nap < LONGEST_NAP ? nap : LONGEST_NAP)};
        if (nap > 10000) {
            nanosleep(&left, NULL);
        }
    }
    require(status);
    if (is_interrupted && asked != 0) {
        _exit(INTERRUPTED);
    }
}

/* Has all lanes run, on what is at an address of the device, until nothing is left to do. */
static void run_grid(u64 start) {
    f32 milliseconds;
    void *arguments[] = {&start};
    /* What was copied to the device may still be on its way, and this stream does not wait for that. */
    require(cudaDeviceSynchronize());
    require(cudaEventRecord(gpu.began, gpu.stream));
    /* A function of the type of the kernel itself is taken from CUDA 13 on. */
    require(cudaLaunchCooperativeKernel((const void *)gpu.work.kernel, dim3((u32)gpu.blocks), dim3((u32)gpu.threads), arguments,
                                        shared_bytes(gpu.threads), gpu.stream));
    require(cudaEventRecord(gpu.ended, gpu.stream));
    await_launch();
    require(cudaEventElapsedTime(&milliseconds, gpu.began, gpu.ended));
    gpu.kernel_milliseconds += milliseconds;
    gpu.launches++;
}
