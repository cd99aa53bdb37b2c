/* ---- The process -------------------------------------------------------------------------------- */

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

/* What follows where memory ran out, if that is not the memory of the machine. */
#ifndef WHERE_MEMORY_IS
#define WHERE_MEMORY_IS ""
#endif

/* How to allow more of it. */
#ifndef MORE_MEMORY
#define MORE_MEMORY "Allow it more with `--memory SIZE`."
#endif

static void write_out_of_memory(FILE *file, u64 used, u64 limit) {
    fputs("error[out-of-memory]: The program ran out of memory" WHERE_MEMORY_IS ": it had used ", file);
    write_size(file, used);
    fputs(" of ", file);
    write_size(file, limit);
    fputs(".\n  = hint: " MORE_MEMORY "\n\n", file);
}
