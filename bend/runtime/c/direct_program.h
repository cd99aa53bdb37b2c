/* ---- What the program's values are called ----------------------------------------------------- */

typedef enum { PLAIN, TUPLE, LIST_CELL, LIST_END, STRING_CELL, STRING_END, IO_DONE } ShapeKind;

/* How the values of a constructor look: the field that lies in the header or in the value itself, with the type of that
   number, or -1; the other fields are words of a cell. */
typedef struct Shape {
    const char *name;
    ShapeKind kind;
    u32 fields;
    i32 packed;
    u32 number_type;
} Shape;

/* The tags of values, in their lowest three bits. */
enum { CELL, NUMBER, IMMEDIATE, FUNCTION, CONSTANT, ERASER };

#define TAG(value) ((value) & 7)
#define INDEX(value) ((value) >> 32)
#define PAYLOAD(value) ((value) >> 8 & 0xffffff)

/* Why a run ends early (`stop` in `Shared`). */
enum { STOP_MEMORY = 1, STOP_INTERRUPTED = 2, STOP_DIVISION = 3, STOP_SHAPE = 5, STOP_STACK = 6, STOP_BUDGET = 7 };
/* What the first worker is asked for. */
enum { END = 2, EVALUATE = 3, CONSTANT_VALUE = 4, APPLY = 5, ROOM = 6 };
