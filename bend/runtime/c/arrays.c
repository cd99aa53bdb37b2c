/* ---- Arrays that grow ---------------------------------------------------------------------------- */

#define KILOBYTE ((u64)1 << 10)
#define MEGABYTE ((u64)1 << 20)
#define GIGABYTE ((u64)1 << 30)

#define NO_MEMORY_TEXT "error[out-of-memory]: The system has no memory to give.\n"

/* Says that the system has no memory, and leaves. Libraries have their own way. */
static _Noreturn void fail_memory(void);
#ifndef IS_LIBRARY
static _Noreturn void fail_memory(void) {
    fputs(NO_MEMORY_TEXT, stderr);
    exit(EXIT_FAILURE);
}
#endif

static void *checked(void *memory) {
    if (memory == NULL) {
        fail_memory();
    }
    return memory;
}

/* The next power of two that is no less. */
static __attribute__((unused)) u64 power_of_two(u64 least) {
    u64 size = 1;
    while (size < least) {
        size *= 2;
    }
    return size;
}

/* An array that grows. */
typedef struct Array {
    u64 *items;
    u64 count;
    u64 room;
} Array;

static void push(Array *array, u64 item) {
    if (array->count == array->room) {
        u64 room = array->room == 0 ? 64 : array->room * 2;
        array->items = (u64 *)checked(realloc(array->items, room * sizeof(u64)));
        array->room = room;
    }
    array->items[array->count++] = item;
}

/* Memory of so many bytes that is kept in an array; 0 stands there if there is none. */
static __attribute__((unused)) void *kept_in(Array *array, u64 bytes) {
    push(array, 0);
    void *memory = checked(malloc(bytes));
    array->items[array->count - 1] = (u64)memory;
    return memory;
}

static u64 pop(Array *array) {
    return array->items[--array->count];
}

static void clear(Array *array) {
    free(array->items);
    array->items = NULL;
    array->count = array->room = 0;
}
