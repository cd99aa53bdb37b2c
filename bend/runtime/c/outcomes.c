/* ---- Outcomes of actions ------------------------------------------------------------------------ */

/* What an action gives, as data of this side: so another engine can be told it again. */
typedef enum { DONE, REFUSED, WRONG_TYPE, WRONG_NAME } Ending;
typedef enum { NO_VALUE, A_NUMBER, A_PAIR, SOME_BYTES, A_TEXT } ValueKind;

/* How an action ended, with a value if it was done or refused: a number and its type, a pair of numbers, or bytes, which
   are the UTF-8 of a text. */
typedef struct Outcome {
    Ending ending;
    ValueKind kind;
    u64 first;
    u64 second;
    Bytes bytes;
} Outcome;

static Outcome ended(Ending ending) {
    Outcome outcome = {ending, NO_VALUE, 0, 0, {NULL, 0, 0}};
    return outcome;
}

static Outcome gives_numbers(ValueKind kind, u64 first, u64 second) {
    Outcome outcome = {DONE, kind, first, second, {NULL, 0, 0}};
    return outcome;
}

static Outcome refused(u64 number, u64 type) {
    Outcome outcome = {REFUSED, A_NUMBER, number, type, {NULL, 0, 0}};
    return outcome;
}

/* Takes the bytes over. */
static Outcome with_bytes(Ending ending, ValueKind kind, Bytes *bytes) {
    static const Bytes nothing = {NULL, 0, 0};
    Outcome outcome = {ending, kind, 0, 0, *bytes};
    *bytes = nothing;
    return outcome;
}

#if HAS_NETS
/* ---- What has been performed ---- */

/* How much is remembered. */
#define RECORD_LIMIT (64 * MEGABYTE)
#define OUTCOME_BYTES ((u64)256)

/* The outcomes of all actions so far, each with how many times it came in a row, unless they were too large. While nets
   do again what the direct engine has done, `turn` and `repeated` say which outcome comes next. */
static struct {
    Outcome *outcomes;
    u64 *times;
    u64 count;
    u64 room;
    u64 bytes;
    u64 turn;
    u64 repeated;
    bool is_incomplete;
} record;

static bool is_same(const Outcome *one, const Outcome *other) {
    return one->ending == other->ending && one->kind == other->kind && one->first == other->first
        && one->second == other->second && one->bytes.count == other->bytes.count
        && (one->bytes.count == 0 || memcmp(one->bytes.start, other->bytes.start, one->bytes.count) == 0);
}

static void forget_outcomes(void) {
    while (record.count > 0) {
        free(record.outcomes[--record.count].bytes.start);
    }
}

/* Remembers an outcome, which is taken over. */
static void remember(Outcome outcome) {
    if (!record.is_incomplete && record.count > 0 && is_same(&record.outcomes[record.count - 1], &outcome)) {
        record.times[record.count - 1]++;
        free(outcome.bytes.start);
        return;
    }
    record.bytes += OUTCOME_BYTES + outcome.bytes.room;
    if (record.is_incomplete || record.bytes > RECORD_LIMIT) {
        record.is_incomplete = true;
        free(outcome.bytes.start);
        forget_outcomes();
        return;
    }
    if (record.count == record.room) {
        record.room = record.room == 0 ? 64 : 2 * record.room;
        record.outcomes = (Outcome *)checked(realloc(record.outcomes, record.room * sizeof(Outcome)));
        record.times = (u64 *)checked(realloc(record.times, record.room * sizeof(u64)));
    }
    record.outcomes[record.count] = outcome;
    record.times[record.count++] = 1;
}

/* The next outcome that is known, which stays with the record; NULL if there is none. */
static const Outcome *known_outcome(void) {
    if (record.turn == record.count) {
        return NULL;
    }
    const Outcome *outcome = &record.outcomes[record.turn];
    if (++record.repeated == record.times[record.turn]) {
        record.turn++;
        record.repeated = 0;
    }
    return outcome;
}
#else
#define remember(outcome) free((outcome).bytes.start)
#define known_outcome() NULL
#endif
