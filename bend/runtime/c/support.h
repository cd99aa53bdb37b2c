/* ---- What the code below takes for granted ---------------------------------------------------- */

#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__FMA__) || defined(__aarch64__)
#pragma GCC optimize("fp-contract=off")
#endif

/* Putting two words into one register of vectors, to store them at once, costs more than it saves. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("no-tree-slp-vectorize")
#endif

/* A program may have functions that never come back, and that is its own affair. */
#if defined(__clang__)
#pragma clang diagnostic ignored "-Winfinite-recursion"
#elif defined(__GNUC__) && __GNUC__ >= 12
#pragma GCC diagnostic ignored "-Winfinite-recursion"
#endif

/* GCC's thread sanitizer warns of fences, which it does not see: it may take what they order for a race. */
#if defined(__SANITIZE_THREAD__) && !defined(__clang__) && __GNUC__ >= 11
#pragma GCC diagnostic ignored "-Wtsan"
#endif

#define ALWAYS_INLINE inline __attribute__((always_inline))
#define NEVER_INLINE __attribute__((noinline))
#define LIKELY(condition) __builtin_expect(condition, true)
#define UNLIKELY(condition) __builtin_expect(condition, false)

/* Tells the core that this thread only waits. */
static inline __attribute__((unused)) void pause_core(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* About where the stack ends. */
static ALWAYS_INLINE __attribute__((unused)) u64 stack_pointer(void) {
#if defined(__x86_64__)
    u64 address;
    __asm__("movq %%rsp, %0" : "=r"(address));
    return address;
#elif defined(__aarch64__)
    u64 address;
    __asm__("mov %0, sp" : "=r"(address));
    return address;
#else
    return (u64)__builtin_frame_address(0);
#endif
}
