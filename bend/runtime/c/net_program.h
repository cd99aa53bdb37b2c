/* ---- What the values of nets are called ------------------------------------------------------- */

typedef enum {
    NET_PLAIN, NET_LIST_CELL, NET_LIST_END, NET_STRING_CELL, NET_STRING_END, NET_IO_DONE
} NetConstructorKind;

/* A constructor of the program, and how many fields it has. */
typedef struct NetConstructor {
    const char *name;
    NetConstructorKind kind;
    u32 arity;
} NetConstructor;

/* A definition: what it shows as, the constructor that it is, and the one whose tag it is (-1 if none). One that is
   `floated` was made by the compiler and shows as what it stands for. */
typedef struct NetDefinition {
    const char *name;
    i32 constructor;
    i32 tag_of;
    bool is_floated;
} NetDefinition;
