/* ---- What is known of functions and their arguments --------------------------------------------- */

/* How a function runs: directly, and if that does much work perhaps as nets; or always as nets. */
typedef enum { DIRECTLY, WITHIN_BUDGET, AS_NETS } CallEngine;

/* A type: one of a kind of values, LIB_CONSTRUCTOR for those of data with constructors, or any data. Then the types of
   the elements or parts, or the first of its constructors and how many there are. */
enum { ANY_TYPE = 100 };

typedef struct Type {
    u32 kind;
    u32 first;
    u32 second;
} Type;

/* A constructor of a type, and the first of the types of its fields. */
typedef struct Alternative {
    u32 constructor;
    u32 fields;
} Alternative;
