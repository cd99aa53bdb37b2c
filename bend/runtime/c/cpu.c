/* ---- The CPU ----------------------------------------------------------------------------------- */

#ifdef NEEDED_FEATURES
#include <cpuid.h>

/* The registers that the system saves. */
static u32 saved_registers(void) {
    u32 low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

/* Whether the CPU has what the rest was compiled for, as bits of what it tells of itself. */
static bool cpu_suffices(void) {
    u32 a, b, c = 0, d, wide = 0;
    if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c & NEEDED_FEATURES) != NEEDED_FEATURES) {
        return false;
    }
    if (NEEDED_WIDE_FEATURES != 0 && __get_cpuid_count(7, 0, &a, &wide, &c, &d) == 0) {
        return false;
    }
    return (wide & NEEDED_WIDE_FEATURES) == NEEDED_WIDE_FEATURES
        && (NEEDED_REGISTERS == 0 || (saved_registers() & NEEDED_REGISTERS) == NEEDED_REGISTERS);
}
#else
#define WRONG_CPU_TEXT ""

static bool cpu_suffices(void) {
    return true;
}
#endif

/* What to say of the CPU; NULL if it will do. On one that can do less, code would end without a word. */
static const char *wrong_cpu(void) {
    return cpu_suffices() ? NULL : WRONG_CPU_TEXT;
}

#ifndef IS_LIBRARY
__attribute__((constructor)) static void check_cpu(void) {
    const char *text = wrong_cpu();
    if (text != NULL) {
        fputs(text, stderr);
        _exit(EXIT_FAILURE);
    }
}
#endif
