/* ---- The process -------------------------------------------------------------------------------- */

#define MOST_WORKERS 64

static u64 available_cores(void) {
    cpu_set_t cores;
    u64 count = sched_getaffinity(0, sizeof cores, &cores) == 0 ? (u64)CPU_COUNT(&cores) : 1;
    return count < MOST_WORKERS ? count : MOST_WORKERS;
}

static u64 clock_nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (u64)now.tv_sec * 1000000000 + (u64)now.tv_nsec;
}

static void write_size(FILE *file, u64 count) {
    if (count >= GIGABYTE) {
        fprintf(file, "%.1f GB", (f64)count / (f64)GIGABYTE);
    } else {
        fprintf(file, "%.0f MB", (f64)count / (f64)MEGABYTE);
    }
}

static void write_out_of_memory(FILE *file, u64 used, u64 limit) {
    fputs("error[out-of-memory]: The program ran out of memory: it had used ", file);
    write_size(file, used);
    fputs(" of ", file);
    write_size(file, limit);
    fputs(".\n  = hint: Allow it more with `--memory SIZE`.\n\n", file);
}
