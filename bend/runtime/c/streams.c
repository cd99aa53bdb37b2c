/* ---- Files and the standard streams ------------------------------------------------------------- */

#define MOST_STREAMS 1024
#define STANDARD_STREAMS 3
#define BROKEN_PIPE 141

/* The open streams by their handles. A stream that is both read and written must be positioned in between. */
static FILE *streams[MOST_STREAMS];
static bool was_written[MOST_STREAMS];

/* Bytes that grow. */
typedef struct Bytes {
    u8 *start;
    u64 count;
    u64 room;
} Bytes;

static void make_room(Bytes *bytes, u64 more) {
    if (bytes->room - bytes->count < more) {
        bytes->room = 2 * bytes->room < bytes->count + more ? bytes->count + more : 2 * bytes->room;
        bytes->start = (u8 *)checked(realloc(bytes->start, bytes->room));
    }
}

/* A program that begins again has the streams that it had. */
static void open_standard_streams(void) {
    static bool are_open;
    if (are_open) {
        return;
    }
    are_open = true;
    FILE *standard[STANDARD_STREAMS] = {stdin, stdout, stderr};
    for (int handle = 0; handle < STANDARD_STREAMS; handle++) {
        streams[handle] = fcntl(handle, F_GETFD) < 0 ? NULL : standard[handle];
    }
    signal(SIGPIPE, SIG_IGN);
}

static void close_streams(void) {
    for (int handle = STANDARD_STREAMS; handle < MOST_STREAMS; handle++) {
        if (streams[handle] != NULL) {
            fclose(streams[handle]);
            streams[handle] = NULL;
        }
    }
}

/* The stream of a handle; NULL if there is none. */
static FILE *stream_of(u64 handle) {
    FILE *stream = handle < MOST_STREAMS ? streams[handle] : NULL;
    if (stream == NULL) {
        errno = EBADF;
    }
    return stream;
}

/* The same, ready to be read or written. */
static FILE *turned_stream(u64 handle, bool writes) {
    FILE *stream = stream_of(handle);
    if (stream != NULL && handle >= STANDARD_STREAMS && was_written[handle] != writes) {
        fseek(stream, 0, SEEK_CUR);
        was_written[handle] = writes;
    }
    if (stream != NULL) {
        clearerr(stream);
        errno = 0;
    }
    return stream;
}

/* Whether a stream could be read. What went wrong is told to the program, and is no failure of what it prints later. */
static bool was_read(FILE *stream) {
    bool is_well = ferror(stream) == 0;
    clearerr(stream);
    return is_well;
}

/* Up to so many bytes; whether they could be read. */
static bool read_bytes(u64 handle, u64 wanted, Bytes *bytes) {
    FILE *stream = turned_stream(handle, false);
    while (stream != NULL && bytes->count < wanted) {
        u64 left = wanted - bytes->count, step = left < 65536 ? left : 65536;
        make_room(bytes, step);
        u64 got = fread(bytes->start + bytes->count, 1, step, stream);
        bytes->count += got;
        if (got < step) {
            return was_read(stream);
        }
    }
    return stream != NULL;
}

/* The bytes up to the next line feed, which is the last of them unless the stream ends; whether they could be read. */
static bool read_line(u64 handle, Bytes *bytes) {
    FILE *stream = turned_stream(handle, false);
    size_t room = 0;
    char *line = NULL;
    ssize_t count = stream == NULL ? -1 : getline(&line, &room, stream);
    bytes->start = (u8 *)line;
    bytes->room = room;
    bytes->count = count < 0 ? 0 : (u64)count;
    return stream != NULL && was_read(stream);
}

/* Nothing stays in a buffer, so that errors come with the action that makes them. */
static bool write_bytes(u64 handle, const Bytes *bytes) {
    FILE *stream = turned_stream(handle, true);
    if (stream == NULL) {
        return false;
    }
    bool is_written = fwrite(bytes->start, 1, bytes->count, stream) == bytes->count && fflush(stream) == 0;
    if (!is_written && errno == EPIPE && handle == 1) {
        _exit(BROKEN_PIPE);
    }
    return is_written;
}

/* Opens a file with a mode of `fopen`; gives its handle, or MOST_STREAMS and sets `errno`. */
static u64 open_stream(const char *path, const char *mode) {
    u64 handle = STANDARD_STREAMS;
    while (handle < MOST_STREAMS && streams[handle] != NULL) {
        handle++;
    }
    u64 length = strspn(mode + (*mode != '\0'), "b+");
    const char *rest = *mode == '\0' ? mode : mode + 1 + length;
    bool is_exclusive = *rest == 'x';
    bool is_mode = strchr("rwa", *mode) != NULL && *mode != '\0' && rest[is_exclusive] == '\0' && length <= 2
        && (length < 2 || mode[1] != mode[2]) && (!is_exclusive || *mode == 'w');
    errno = !is_mode ? EINVAL : EMFILE;
    if (!is_mode || handle == MOST_STREAMS) {
        return MOST_STREAMS;
    }
    FILE *stream = fopen(path, mode);
    if (stream == NULL) {
        return MOST_STREAMS;
    }
    struct stat status;
    bool is_update = strchr(mode, '+') != NULL;
    int failure = fstat(fileno(stream), &status) == 0 && S_ISDIR(status.st_mode) ? EISDIR
        : is_update && lseek(fileno(stream), 0, SEEK_CUR) < 0 ? ESPIPE : 0;
    if (failure != 0) {
        fclose(stream);
        errno = failure;
        return MOST_STREAMS;
    }
    if (*mode == 'a' && is_update) {
        rewind(stream);
    }
    streams[handle] = stream;
    was_written[handle] = *mode != 'r' && !is_update;
    return handle;
}

/* Closes a file. The standard streams stay open for the result, but not for the program. */
static bool close_stream(u64 handle) {
    FILE *stream = stream_of(handle);
    if (stream == NULL) {
        return false;
    }
    streams[handle] = NULL;
    return (handle < STANDARD_STREAMS ? fflush(stream) : fclose(stream)) == 0;
}
