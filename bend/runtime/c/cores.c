/* ---- Cores --------------------------------------------------------------------------------------- */

#define MOST_WORKERS 64

static u64 available_cores(void) {
    cpu_set_t cores;
    u64 count = sched_getaffinity(0, sizeof cores, &cores) == 0 ? (u64)CPU_COUNT(&cores) : 1;
    return count < MOST_WORKERS ? count : MOST_WORKERS;
}
