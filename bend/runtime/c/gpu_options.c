/* ---- Options of GPUs ------------------------------------------------------------------------------ */

static const char usage[] =
    "usage: PROGRAM [OPTIONS] [--] [ARGUMENTS]\n\n"
    "ARGUMENTS are the numbers that `main` takes.\n\n"
    "  --memory SIZE            the most memory of the GPU to use, such as 200M or 4G (default: four fifths of what is free)\n"
    "  --blocks N               how many blocks of threads to run (default: about one for each multiprocessor)\n"
    "  --threads-per-block N    how many threads a block has, a multiple of 32 (default: 256)\n"
    "  -s                       print how long the program ran afterwards\n"
    "  -ss                      and how long the device itself was at work\n"
    "  -h, --help               print this\n";

#define USUAL_THREADS 1
/* Four fifths of what is free, once the GPU is known. */
#define USUAL_MEMORY 0

static bool shows_kernel;

static u64 count_option(const char *text) {
    char *end;
    u64 number = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || number < 1 || number > 0x7fffffff) {
        refuse("This is not a number of blocks or threads.", "Write a number above 0.");
    }
    return number;
}

/* Whether an argument is one of these options, which is noted. */
static bool machine_option(char **arguments, int *index, CommandLine *line) {
    const char *value;
    if ((value = option(arguments, index, "--blocks")) != NULL) {
        gpu.asked_blocks = count_option(value);
    } else if ((value = option(arguments, index, "--threads-per-block")) != NULL) {
        gpu.asked_threads = count_option(value);
    } else if (strcmp(arguments[*index], "-ss") == 0) {
        line->shows_time = shows_kernel = true;
    } else {
        return false;
    }
    return true;
}

#define SHOW_DEVICE() printf("- DEVICE: %s\n", gpu.device.name)
#define SHOW_KERNEL() show_kernel()

static void show_kernel(void) {
    if (shows_kernel) {
        printf("- KERNEL: %.6fs in %" PRIu64 " launches of %" PRIu64 " blocks of %" PRIu64 " threads\n",
               gpu.kernel_milliseconds / 1e3, gpu.launches, gpu.blocks, gpu.threads);
    }
}
