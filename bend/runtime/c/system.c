/* ---- The operating system, as the runtime asks for it ---------------------------------------- */

/* Where a thread that is asked to end goes on, to end as others do. */
static _Thread_local jmp_buf *thread_end;

GIVEN u64 system_call(u64 number, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f) {
    static const long numbers[] = {SYS_exit, SYS_futex, SYS_sched_yield};
    if (numbers[number] == SYS_exit && thread_end != NULL) {
        longjmp(*thread_end, 1);
    }
    return (u64)syscall(numbers[number], a, b, c, d, e, f);
}
