/* ---- Running the program ----------------------------------------------------------------------- */

#define FIRST_CHUNK (64 * KILOBYTE)
/* At the end of a stack for what does not look whether there is room, and at its beginning for what is not counted. */
#define STACK_SLACK MEGABYTE
#define FREE_STACK (512 * KILOBYTE)
#define RECORDS (64 * MEGABYTE)
#define RECORDS_SLACK MEGABYTE
#define SPINS 200
/* How long a program may run that might do much better as nets. */
#define BUDGET ((u64)1000000000)

static struct {
    Shared *shared;
    Worker *workers;
    u64 worker_count;
    u64 memory_limit;
    Region stacks;
    pthread_t threads[MOST_WORKERS];
    u64 thread_count;
    u64 nanoseconds;
    u64 budget;
} run;

static void prepare_worker(u64 index, Region heap, Region records) {
    Worker *w = &run.workers[index];
    u64 stack = run.stacks.start + index * run.stacks.each;
    w->shared = run.shared;
    w->id = index;
    w->stack_end = stack + STACK_SLACK;
    w->stack_start = w->own_limit = w->stack_limit = stack + run.stacks.each - FREE_STACK;
    w->next = w->end = heap.start + index * heap.each;
    w->region_end = w->next + heap.each;
    w->chunk = FIRST_CHUNK;
    w->seed = index + 1;
    if (run.worker_count > 1) {
        w->records = records.start + index * records.each;
        w->records_end = w->records + records.each - RECORDS_SLACK;
    }
}

/* Makes memory for so many workers. */
static void prepare_run(u64 workers, u64 memory_limit) {
    run.worker_count = workers;
    run.memory_limit = memory_limit;
    run.budget = BUDGET;
    u64 most = power_of_two(memory_limit + SLACK);
    Region heap = reserve(most, SLACK, workers, true);
    run.stacks = reserve(most, SLACK, workers, false);
    Region records = reserve(RECORDS, RECORDS, workers > 1 ? workers : 1, false);
    Region constants = reserve(power_of_two(CONSTANT_COUNT * sizeof(u64)), 1, 1, false);
    run.shared = (Shared *)reserve(power_of_two(sizeof(Shared)), 1, 1, false).start;
    run.workers = (Worker *)reserve(power_of_two(sizeof(Worker) * workers), 1, 1, false).start;
    run.shared->workers = workers;
    run.shared->first = (word)run.workers;
    run.shared->memory_limit = memory_limit;
    run.shared->constants = (u64 *)constants.start;
    run.shared->most_spins = run.shared->spins = available_cores() > 1 ? SPINS : 0;
    for (u64 index = 0; index < workers; index++) {
        prepare_worker(index, heap, records);
    }
}

/* The words of a cell; and the value of a constant if somebody has evaluated it, otherwise 0. */
#define words_of(cell) ((const u64 *)(cell))
#define KNOWN_CONSTANT(number) __atomic_load_n(&run.shared->constants[number], __ATOMIC_ACQUIRE)

static void *worker_thread(void *w) {
    if (setjmp(thread_end) == 0) {
        worker_main(w);
    }
    return NULL;
}

/* Starts a thread for each worker; if the system grants fewer, these do all the work. */
static void start_threads(void) {
    for (u64 index = 0; index < run.worker_count; index++) {
        pthread_attr_t attributes;
        pthread_attr_init(&attributes);
        pthread_attr_setstack(&attributes, (void *)(run.stacks.start + index * run.stacks.each), run.stacks.each);
        int failure = pthread_create(&run.threads[index], &attributes, worker_thread, &run.workers[index]);
        pthread_attr_destroy(&attributes);
        if (failure != 0) {
            checked(index == 0 ? NULL : &run);
            return;
        }
        run.thread_count++;
    }
}

/* Has the workers do something; whether that was done, and the run not stopped. */
static bool ask(u64 request, u64 subject, u64 argument, u64 *result) {
    struct timespec patience = {0, 100000000};
    if (run.shared->stop != 0) {
        return false;
    }
    u64 start = clock_nanoseconds();
    if (run.thread_count == 0) {
        start_threads();
    }
    request_work(run.shared, request, subject, argument);
    while (!await_answer(run.shared, (u64)&patience)) {
#if IS_BUDGETED
        if (clock_nanoseconds() - start > run.budget) {
            stop_all(run.workers, STOP_BUDGET, 0);
        }
#endif
    }
    run.nanoseconds += clock_nanoseconds() - start;
    *result = run.shared->result;
    return run.shared->stop == 0;
}

/* Lets all threads end, and gives memory back. */
static void finish_run(void) {
    if (run.thread_count > 0) {
        post_request(run.shared, END);
        while (run.thread_count > 0) {
            pthread_join(run.threads[--run.thread_count], NULL);
        }
    }
    release_regions(0);
}

/* Writes why the run was stopped. */
static void write_failure(FILE *file) {
    switch (run.shared->stop) {
        case STOP_DIVISION:
            fputs(division_text(run.shared->stop_detail), file);
            break;
        case STOP_STACK:
            fputs(stack_text(run.shared->stop_detail), file);
            break;
        case STOP_SHAPE:
            fputs(WRONG_SHAPE_TEXT, file);
            break;
#if IS_BUDGETED
        case STOP_BUDGET:
            fputs(BUDGET_TEXT, file);
            break;
#endif
        default:
            write_out_of_memory(file, run.shared->memory_used, run.memory_limit);
    }
}

#if HAS_NETS
/* Begins again with nets, where only these have a meaning for what happens, and leaves. Comes back where that cannot be,
   since actions have been performed whose outcomes are not remembered. */
static void restart_as_nets(void);
#endif

/* Says why the run was stopped, and leaves. Libraries have their own way. */
static _Noreturn void fail_run(void);
#ifndef IS_LIBRARY
static _Noreturn void fail_run(void) {
#if HAS_NETS
    if (run.shared->stop == STOP_SHAPE || run.shared->stop == STOP_BUDGET) {
        restart_as_nets();
    }
#endif
    fflush(stdout);
    write_failure(stderr);
    /* Threads may still be at work; nothing waits for them. */
    _exit(EXIT_FAILURE);
}
#endif

/* The same for a request without which there is no result. */
static u64 demand(u64 request, u64 subject, u64 argument) {
    u64 result;
    if (!ask(request, subject, argument, &result)) {
        fail_run();
    }
    return result;
}
