/* ---- What the code of the GPU takes for granted -------------------------------------------------- */

#define ALWAYS_INLINE __forceinline__
#define NEVER_INLINE __noinline__
#define DEVICE_INLINE static __device__ __forceinline__
#define NO_RETURN __attribute__((noreturn))
#define _Noreturn NO_RETURN
#define LIKELY(condition) __builtin_expect(condition, true)
#define UNLIKELY(condition) __builtin_expect(condition, false)

/* The memory that a launch gives to each block. */
extern __shared__ __align__(16) u8 block_memory[];

/* Ends this thread, wherever it is. */
DEVICE_INLINE __attribute__((unused)) void exit_thread(void) {
    asm volatile("exit;" ::: "memory");
}
