/* ---- A library ---------------------------------------------------------------------------------- */

/* How many threads to run on unless told otherwise. */
#ifndef USUAL_THREADS
#define USUAL_THREADS available_cores()
#endif

/* What a call is for: a function by number, its arguments with the numbers of their types, and the type that the result
   has in C: 0 a value, else a kind of number. */
typedef struct Call {
    u32 function;
    u32 count;
    const u64 *words;
    const u32 *wanted;
    u32 type;
    void *result;
} Call;

/* One call at a time uses the runtime. What fails deep inside leaves by a jump to where the call began. */
static struct {
    pthread_mutex_t lock;
    jmp_buf beginning;
    unsigned threads;
    u64 memory;
    u64 usual_memory;
    bool is_right_cpu;
} library = {.lock = PTHREAD_MUTEX_INITIALIZER};

enum { NO_FAILURE, MEMORY_FAILED, DIRECT_FAILED, NETS_FAILED };

static _Thread_local char message[2048];

EXPORT const char *lib_last_message(void) {
    return message;
}

static _Noreturn void fail_memory(void) {
    longjmp(library.beginning, MEMORY_FAILED);
}

/* Keeps the text of an error for this thread, without the empty line that ends it. */
static lib_status failed(lib_status status, const char *text) {
    u64 length = strlen(text);
    while (length > 0 && text[length - 1] == '\n') {
        length--;
    }
    length = length < sizeof message ? length : sizeof message - 1;
    memmove(message, text, length);
    message[length] = '\0';
    return status;
}

/* How many threads to run on, if more than one serves. */
static u64 thread_count(bool is_parallel) {
    u64 threads = library.threads != 0 ? library.threads : USUAL_THREADS;
    return !is_parallel ? 1 : threads < MOST_WORKERS ? threads : MOST_WORKERS;
}

static u64 memory_limit(void) {
    if (library.memory == 0 && library.usual_memory == 0) {
        library.usual_memory = usual_memory_limit();
    }
    return library.memory != 0 ? library.memory : library.usual_memory;
}
