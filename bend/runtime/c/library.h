#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Calls ----

   All functions here may be called from any thread. Calls of functions of the program run one after another, each on
   all threads of the runtime, which starts with the first one. */

/* How a call ended. */
typedef enum lib_status {
    LIB_OK,
    LIB_BAD_ARGUMENT,     /* a number that does not fit, NULL, or a value of another type */
    LIB_OUT_OF_MEMORY,
    LIB_STACK_OVERFLOW,   /* calls are nested too deeply */
    LIB_DIVISION_BY_ZERO,
    LIB_WRONG_CPU,        /* the library was built for another kind of CPU */
    LIB_NEEDS_NETS,       /* only interaction nets give what was called a meaning, and the library was made without */
    LIB_NOT_DATA          /* the result is or holds what is no data, or has another type than is declared */
} lib_status;

/* What went wrong in this thread's last call that did not end well; it stays until the next such call. */
const char *lib_last_message(void);

/* Starts the runtime with so many threads (0: one a core), which may use so many bytes of memory (0: most of what is
   free). Where it has been started, it is started again. */
lib_status lib_start_runtime(unsigned threads, uint64_t memory);

/* Ends the threads of the runtime and gives its memory back. The next call starts it again. */
void lib_stop_runtime(void);

/* ---- Values ----

   Data that C has no type for. Values never change, and do not depend on the runtime. Each is to be given to
   `lib_free_value` once, also what calls give, but for parts of others. */

typedef struct lib_value lib_value;

void lib_free_value(lib_value *value);

/* The same value once more, which is to be freed as well. */
lib_value *lib_copy_value(const lib_value *value);

/* Making values. What they are made of becomes part of them, and is not to be freed. They are NULL if there is no
   memory, if a number has more than 24 bits, or if a part is NULL; other parts are freed then. */
lib_value *lib_new_u24(uint32_t number);
lib_value *lib_new_i24(int32_t number);
lib_value *lib_new_f24(float number);
lib_value *lib_new_none(void);                          /* `*` */
lib_value *lib_new_string(const char *text);            /* UTF-8 */
lib_value *lib_new_pair(lib_value *first, lib_value *second);
lib_value *lib_new_list(lib_value *const *elements, size_t count);
lib_value *lib_new_list_of_u24(const uint32_t *numbers, size_t count);
lib_value *lib_new_list_of_i24(const int32_t *numbers, size_t count);
lib_value *lib_new_list_of_f24(const float *numbers, size_t count);

/* Looking at values. */
typedef enum lib_kind {
    LIB_NONE, LIB_U24, LIB_I24, LIB_F24, LIB_PAIR, LIB_LIST, LIB_STRING, LIB_CONSTRUCTOR
} lib_kind;

lib_kind lib_kind_of(const lib_value *value);

/* Numbers; 0 for anything else. */
uint32_t lib_as_u24(const lib_value *value);
int32_t lib_as_i24(const lib_value *value);
float lib_as_f24(const lib_value *value);

/* How many parts there are: elements of a list, fields of a constructor, 2 for a pair, bytes of a string's UTF-8. */
size_t lib_count_of(const lib_value *value);

/* A part, which belongs to the value; NULL if there is none. A triple is a pair with a pair as its second part. */
const lib_value *lib_part_of(const lib_value *value, size_t index);

/* A string in UTF-8 with a null byte behind it, which belongs to the value; NULL for anything else. */
const char *lib_text_of(const lib_value *value);

/* Copies the numbers of a list to an array with room for so many, and gives how many the list has; SIZE_MAX if it is no
   list of such numbers. */
size_t lib_read_u24(const lib_value *list, uint32_t *numbers, size_t room);
size_t lib_read_i24(const lib_value *list, int32_t *numbers, size_t room);
size_t lib_read_f24(const lib_value *list, float *numbers, size_t room);
