/* ---- Memory ------------------------------------------------------------------------------------ */

/* Address space beyond the limit on memory, so that the limit is met first. */
#define SLACK (256 * MEGABYTE)
/* Where huge pages begin, so that small programs need not clear them. */
#define SMALL (4 * MEGABYTE)

/* Address space that costs memory only where it is written: a number of equal stretches. */
typedef struct Region {
    u64 start;
    u64 each;
    u64 count;
} Region;

#define MOST_REGIONS 16
static Region regions[MOST_REGIONS];
static u64 region_count;

/* Reserves stretches of so many bytes (a power of two), or of the half, and so on down to the least. */
static Region reserve(u64 each, u64 least, u64 count, bool huge) {
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    void *start = MAP_FAILED;
    for (; each >= least; each /= 2) {
        start = mmap(NULL, each * count, PROT_READ | PROT_WRITE, flags, -1, 0);
        if (start != MAP_FAILED) {
            break;
        }
    }
    Region region = {(u64)checked(start == MAP_FAILED ? NULL : start), each, count};
    for (u64 index = 0; huge && each > SMALL && index < count; index++) {
        madvise((void *)(region.start + index * each + SMALL), each - SMALL, MADV_HUGEPAGE);
    }
    regions[region_count++] = region;
    return region;
}

/* Gives back what was reserved last, but for so many regions before it. */
static void release_regions(u64 kept) {
    while (region_count > kept) {
        Region region = regions[--region_count];
        munmap((void *)region.start, region.each * region.count);
    }
}

/* The number in the first line of a file that begins with some text; 0 if there is none. */
static u64 number_in_file(const char *path, const char *beginning) {
    FILE *file = fopen(path, "r");
    char line[256];
    u64 number = 0;
    while (file != NULL && number == 0 && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, beginning, strlen(beginning)) == 0) {
            number = strtoull(line + strlen(beginning), NULL, 10);
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return number;
}

/* What a program may use unless told otherwise: four fifths of what the machine, or its group, has left. */
static u64 usual_memory_limit(void) {
    u64 limit = (u64)sysconf(_SC_PHYS_PAGES) * (u64)sysconf(_SC_PAGE_SIZE);
    u64 available = number_in_file("/proc/meminfo", "MemAvailable:") * KILOBYTE;
    u64 of_group = number_in_file("/sys/fs/cgroup/memory.max", "");
    if (available != 0) {
        limit = available;
    }
    if (of_group != 0 && of_group < limit) {
        limit = of_group;
    }
    return limit / 5 * 4;
}
