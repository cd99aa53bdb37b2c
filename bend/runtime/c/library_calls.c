/* ---- Calls -------------------------------------------------------------------------------------- */

static const char *wrong_cpu(void);

/* Ends what runs, or failed, and gives its memory back. */
static void stop_runtime(void) {
    forget_data();
#if RUNS_AS_NETS
    stop_nets();
#endif
#if RUNS_DIRECTLY
    forget_direct_reading();
    stop_run();
#endif
}

/* What a run that failed ends with; writes why. */
static lib_status failure_of(int failure, FILE *file) {
#if RUNS_AS_NETS
    if (failure == NETS_FAILED) {
        net_write_failure(file);
        return net_failure();
    }
#endif
#if RUNS_DIRECTLY
    if (failure == DIRECT_FAILED) {
        write_failure(file);
        return direct_failure();
    }
#endif
    fputs(NO_MEMORY_TEXT, file);
    return LIB_OUT_OF_MEMORY;
}

/* Ends what failed, and says why it did, unless it only needs the nets that are there. */
static lib_status give_up(int failure) {
    char text[sizeof message] = NO_MEMORY_TEXT;
    lib_status status = LIB_OUT_OF_MEMORY;
    FILE *file = fmemopen(text, sizeof text - 1, "w");
    if (file != NULL) {
        status = failure_of(failure, file);
        fclose(file);
    }
    stop_runtime();
    return RUNS_AS_NETS && status == LIB_NEEDS_NETS ? status : failed(status, text);
}

static lib_status check_cpu(void) {
    const char *problem = library.is_right_cpu ? NULL : wrong_cpu();
    library.is_right_cpu = problem == NULL;
    return problem == NULL ? LIB_OK : failed(LIB_WRONG_CPU, problem);
}

static lib_status start_within(unsigned threads, u64 memory) {
    stop_runtime();
    library.threads = threads;
    library.memory = memory;
    library.usual_memory = 0;
    lib_status status = check_cpu();
#if RUNS_DIRECTLY
    if (status == LIB_OK) {
        start_run();
    }
#endif
    return status;
}

EXPORT lib_status lib_start_runtime(unsigned threads, uint64_t memory) {
    pthread_mutex_lock(&library.lock);
    int failure = setjmp(library.beginning);
    lib_status status = failure == NO_FAILURE ? start_within(threads, memory) : give_up(failure);
    pthread_mutex_unlock(&library.lock);
    return status;
}

EXPORT void lib_stop_runtime(void) {
    pthread_mutex_lock(&library.lock);
    stop_runtime();
    library.usual_memory = 0;
    pthread_mutex_unlock(&library.lock);
}

static lib_status call_within(const Call *call, bool as_nets) {
    for (u32 index = 0; index < call->count; index++) {
        if (!fits(call->words[index], call->wanted[index])) {
            char text[80];
            snprintf(text, sizeof text, "Argument %" PRIu32 " is not of the type that the function takes.", index + 1);
            return failed(LIB_BAD_ARGUMENT, text);
        }
    }
    if (call->result == NULL) {
        return failed(LIB_BAD_ARGUMENT, "There is no place for the result.");
    }
    lib_status status = check_cpu();
    if (status != LIB_OK) {
        return status;
    }
#if RUNS_DIRECTLY && RUNS_AS_NETS
    return as_nets ? call_as_nets(call) : call_directly(call);
#elif RUNS_AS_NETS
    return call_as_nets(call);
#else
    return call_directly(call);
#endif
}

static lib_status attempt(const Call *call, bool as_nets) {
    int failure = setjmp(library.beginning);
    return failure == NO_FAILURE ? call_within(call, as_nets) : give_up(failure);
}

/* Calls a function with values, which must have some types, for a result of a type (see `Call`). */
static lib_status call(u32 function, u32 count, const u64 *words, const u32 *wanted, u32 type, void *result) {
    const Call asked = {function, count, words, wanted, type, result};
    pthread_mutex_lock(&library.lock);
    lib_status status = attempt(&asked, engines[function] == AS_NETS);
    if (RUNS_AS_NETS && status == LIB_NEEDS_NETS) {
        status = attempt(&asked, true);
    }
    pthread_mutex_unlock(&library.lock);
    return status;
}
