/* ---- Reducing nets ------------------------------------------------------------------------------ */

/* Why a run stops (`stop` in `NetsShared`). */
enum { NET_STOP_MEMORY = 1, NET_STOP_DIVISION = 3, NET_STOP_PAUSED = 4, NET_STOP_THREADS = 5 };

#define NET_CHUNK ((u64)8192)
#define NET_RING ((u64)4112)
#define NET_LEAST MEGABYTE
/* One thread alone looks up now and then. After so many times others take part if there are tasks to share, and after
   so many it goes on in any case. */
#define NET_ALLOWANCE 512
#define NET_LONGEST 8192
/* The variable of the result: the last word of the first chunk, which is never handed out. */
#define NET_ROOT (NET_CHUNK - 1)
#define NET_LINE ((u64)64)
#define NET_LABELS ((u64)NET_FRESH_LABELS)

static struct {
    NetsShared *shared;
    u8 *workers;
    u64 worker_bytes;
    u64 worker_count;
    u64 memory_limit;
    u64 regions_before;
    u64 *heap;
    u64 nanoseconds;
} nets;

/* A word of the heap. */
static __attribute__((unused)) u64 net_at(u64 index) {
    return nets.heap[index];
}

static __attribute__((unused)) void net_put(u64 index, u64 port) {
    nets.heap[index] = port;
}

/* The port of the result. */
static u64 net_result(void) {
    return nets.heap[NET_ROOT];
}

static NetsWorker *net_worker(u64 index) {
    return (NetsWorker *)(nets.workers + index % nets.worker_count * nets.worker_bytes);
}

static u64 *net_words(Region region, u64 words_each, u64 index) {
    return (u64 *)region.start + words_each * index;
}

static Region net_reserve(u64 bytes) {
    u64 each = power_of_two(bytes);
    return reserve(each, each, 1, false);
}

static void net_prepare_worker(u64 index, Region heap, Region bags, Region waiting, Region scratch) {
    NetsWorker *w = net_worker(index);
    u64 region_words = heap.each / sizeof(u64);
    w->heap = nets.heap;
    w->owner_shift = (word)__builtin_ctzll(region_words);
    w->id = index;
    w->next_label = index * (NET_LABELS / nets.worker_count);
    w->regions = index == 0 ? UINT64_MAX >> (64 - nets.worker_count) : 0;
    w->waiting = net_words(waiting, waiting.each / sizeof(u64), index);
    w->bag = net_words(bags, bags.each / sizeof(u64), index);
    w->bag_words = bags.each / sizeof(u64);
    w->tick = 1;
    w->book = (u64 *)net_book;
    w->shared = nets.shared;
    w->region_next = index * region_words + (index == 0 ? NET_CHUNK : 0);
    w->region_end = (index + 1) * region_words;
    w->next = net_worker(index + 1);
    w->scratch = net_words(scratch, NET_SCRATCH, index);
}

/* Makes memory for so many workers. */
static void net_prepare(u64 workers, u64 memory_limit) {
    nets.worker_count = workers;
    nets.memory_limit = memory_limit;
    nets.regions_before = region_count;
    nets.worker_bytes = (sizeof(NetsWorker) + NET_LINE - 1) / NET_LINE * NET_LINE + NET_LINE;
    u64 most = power_of_two(memory_limit + SLACK);
    Region heap = reserve(most, NET_LEAST, workers, true);
    Region bags = reserve(most, NET_LEAST, workers, true);
    Region waiting = reserve(bags.each, NET_LEAST, workers, true);
    Region rings = net_reserve(workers * workers * NET_RING * sizeof(u64));
    Region scratch = net_reserve(workers * NET_SCRATCH * sizeof(u64));
    nets.shared = (NetsShared *)net_reserve(sizeof(NetsShared)).start;
    nets.workers = (u8 *)net_reserve(workers * nets.worker_bytes).start;
    nets.heap = (u64 *)heap.start;
    NetsShared *shared = nets.shared;
    shared->workers = workers;
    shared->heap = nets.heap;
    shared->region_words = heap.each / sizeof(u64);
    shared->memory_limit = memory_limit;
    shared->book = (u64 *)net_book;
    shared->rings = (u64 *)rings.start;
    shared->allowance = NET_ALLOWANCE;
    shared->longest = NET_LONGEST;
    shared->idle = (UINT64_MAX >> (64 - workers)) - 1;
    for (u64 index = 0; index < workers; index++) {
        net_prepare_worker(index, heap, bags, waiting, scratch);
    }
}

/* Makes the memory of nets anew. */
static __attribute__((unused)) void net_prepare_again(void) {
    u64 workers = nets.worker_count, memory_limit = nets.memory_limit;
    release_regions(nets.regions_before);
    net_prepare(workers, memory_limit);
}

static void net_release(void) {
    release_regions(0);
}

/* The interactions of all workers so far. */
static u64 net_interactions(void) {
    u64 count = 0;
    for (u64 index = 0; index < nets.worker_count; index++) {
        const NetsWorker *w = net_worker(index);
        count += w->calls + w->voids + w->erasures + w->annihilations + w->commutations + w->operations
            + w->switches + w->mixed;
    }
    return count;
}

static void *net_thread(void *w) {
    nets_worker_main(w);
    return NULL;
}

/* Waits for a thread; a raised stop flag wakes those that sleep. */
static void net_join(pthread_t thread) {
    struct timespec until;
    do {
        if (__atomic_load_n(&nets.shared->stop, __ATOMIC_ACQUIRE) != 0) {
            nets_wake_all(net_worker(0));
        }
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += 100000000;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
    } while (pthread_timedjoin_np(thread, NULL, &until) != 0);
}

/* Starts a thread for each worker, the first one last: it starts when the others already wait for work. Signals are for
   the thread that waits for these. Where the system does not grant so many, all stop; gives the first that runs. */
static u64 net_start_threads(pthread_t *threads) {
    sigset_t all, before;
    sigfillset(&all);
    bool is_blocked = pthread_sigmask(SIG_SETMASK, &all, &before) == 0;
    u64 first = nets.worker_count;
    while (first > 0 && pthread_create(&threads[first - 1], NULL, net_thread, net_worker(first - 1)) == 0) {
        first--;
    }
    if (is_blocked) {
        pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    if (first > 0) {
        __atomic_store_n(&nets.shared->stop, NET_STOP_THREADS, __ATOMIC_RELEASE);
    }
    return first;
}

/* Lets all workers reduce what the first one has until nothing is left. */
static void net_share(void) {
    pthread_t threads[MOST_WORKERS];
    nets.shared->work = nets.worker_count;
    for (u64 index = net_start_threads(threads); index < nets.worker_count; index++) {
        net_join(threads[index]);
    }
    nets_gather(net_worker(0));
}

/* Goes on after a run by one thread that stopped, if it had only used up what it may; whether the net came to rest. */
static bool net_resume(void) {
    NetsShared *shared = nets.shared;
    u64 start = clock_nanoseconds();
    while (shared->stop == NET_STOP_PAUSED) {
        shared->stop = 0;
        if (shared->stop_detail != 0) {
            shared->stop_detail = 0;
            net_share();
        } else {
            nets_run_alone(net_worker(0));
        }
    }
    nets.nanoseconds += clock_nanoseconds() - start;
    return shared->stop == 0;
}

/* A new node of the first worker before the run, at a word of the first chunk that it has. */
static u64 net_given_node(u64 index, u64 first, u64 second) {
    u64 place = NET_CHUNK + 2 * index;
    nets.heap[place] = first;
    nets.heap[place + 1] = second;
    return NET_PORT(NET_CON, place);
}

/* Reduces a definition, joined with a port; whether the net came to rest. */
static bool net_boot_with(u64 definition, u64 target) {
    nets_boot(net_worker(0), definition, target);
    if (nets.shared->stop == 0) {
        nets.shared->stop = NET_STOP_PAUSED;
    }
    return net_resume();
}

/* Reduces a definition, applied to so many number words; whether the net came to rest. */
static bool net_boot(u64 definition, const u64 *numbers, u64 count) {
    NetsWorker *w = net_worker(0);
    u64 target = NET_PORT(NET_VARIABLE, NET_ROOT);
    for (u64 index = count; index-- > 0;) {
        target = net_given_node(index, NET_PORT(NET_NUMBER, numbers[index]), target);
    }
    if (count > 0) {
        u64 words = (2 * count + NET_CHUNK - 1) / NET_CHUNK * NET_CHUNK;
        w->region_next += words;
        nets.shared->memory_used += words * sizeof(u64);
    }
    return net_boot_with(definition, target);
}

/* Writes why the run was stopped. */
static void net_write_failure(FILE *file) {
    switch (nets.shared->stop) {
        case NET_STOP_DIVISION:
            fputs(net_division_text(nets.shared->stop_detail), file);
            break;
        case NET_STOP_THREADS:
            fputs("error[out-of-memory]: The system cannot start so many threads.\n  = hint: Use fewer with `-t N`.\n\n",
                  file);
            break;
        default:
            write_out_of_memory(file, nets.shared->memory_used, nets.memory_limit);
    }
}

/* Says why the run was stopped, and leaves. Libraries have their own way. */
static _Noreturn void net_fail(void);
#ifndef IS_LIBRARY
static _Noreturn void net_fail(void) {
    fflush(stdout);
    net_write_failure(stderr);
    _exit(EXIT_FAILURE);
}
#endif
