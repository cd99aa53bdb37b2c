/* Functions in C for Bend programs: IO/DyLib/open, IO/DyLib/call, IO/DyLib/close.
 *
 *     Port twice(Net *net, Book *book, Port n) { return new_port(NUM, new_u24(2 * get_u24(get_val(n)))); }
 *
 *     cc -shared -fPIC -I $(python -c 'import bend; print(bend.__path__[0])')/include lib.c -o lib.so
 */
#ifndef hvm_h_INCLUDED
#define hvm_h_INCLUDED

#include <stdint.h>
#include <string.h>

typedef uint8_t u8;
typedef uint32_t u32;
typedef int32_t i32;
typedef float f32;

/* Ports: three bits of tag, 29 bits of value. Of a NUM the value is a number; any other port but ERA is a handle. */
typedef u32 Port;
typedef u32 Val;
typedef u32 Numb;
typedef u8 Tag;
typedef struct Net Net;
typedef struct Book Book;

enum { VAR = 0, REF = 1, ERA = 2, NUM = 3, CON = 4, DUP = 5, OPR = 6, SWI = 7 };

static inline Port new_port(Tag tag, Val value) { return value << 3 | tag; }
static inline Tag get_tag(Port port) { return port & 7; }
static inline Val get_val(Port port) { return port >> 3; }

/* Numbers: five bits of type, 24 bits of value. */
enum { TY_U24 = 1, TY_I24 = 2, TY_F24 = 3 };

static inline Tag get_typ(Numb number) { return number & 31; }
static inline Numb new_u24(u32 value) { return (value & 0xFFFFFF) << 5 | TY_U24; }
static inline u32 get_u24(Numb number) { return number >> 5 & 0xFFFFFF; }
static inline Numb new_i24(i32 value) { return ((u32)value & 0xFFFFFF) << 5 | TY_I24; }
static inline i32 get_i24(Numb number) { return (i32)(number << 3) >> 8; }

/* f24 has the upper 24 bits of a float, rounded half away from zero. */
static inline Numb new_f24(f32 value) {
  u32 bits;
  memcpy(&bits, &value, 4);
  if (value == value) bits += 0x80;
  return (bits >> 8) << 5 | TY_F24;
}
static inline f32 get_f24(Numb number) {
  u32 bits = (number >> 5 & 0xFFFFFF) << 8;
  f32 value;
  memcpy(&value, &bits, 4);
  return value;
}

/* The first parts of a tuple, at most `size`, at most eight; the last one is the rest of the tuple. */
typedef struct Tup { u32 elem_len; Port elem_buf[8]; } Tup;
extern Tup readback_tup(Net *net, Book *book, Port port, u32 size);

/* A string, or another list of numbers, as bytes: the lowest eight bits of each number. `free` the buffer. That of a Str
 * ends with a 0, which `len` does not count. */
typedef struct Str { u32 len; char *buf; } Str;
typedef struct Bytes { u32 len; char *buf; } Bytes;
extern Str readback_str(Net *net, Book *book, Port port);
extern Bytes readback_bytes(Net *net, Book *book, Port port);

/* A list of bytes as a port, to be returned. */
extern Port inject_bytes(Net *net, Bytes *bytes);

#endif
