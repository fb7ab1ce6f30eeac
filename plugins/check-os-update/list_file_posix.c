/* SPDX-License-Identifier: MIT */
/* A text file of dpkg or apt, line by line, plain or compressed; see list_file.h. */
#include "list_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <lz4frame.h>
#include <zlib.h>

#include "bounded_file.h"

#define CHUNK ((size_t)64 * 1024)
#define GZIP_WINDOW (15 + 16) /* zlib: the largest window, gzip framing only */

typedef enum list_format { LIST_PLAIN, LIST_GZIP, LIST_LZ4 } list_format;

struct list_file {
    int fd;
    list_format format;
    z_stream gzip;
    LZ4F_dctx *lz4;
    bool in_frame;  /* compressed data has begun and its end was not seen */
    bool input_end; /* the file has no more bytes */
    bool text_end;
    const char *error;
    size_t text_total;
    unsigned char *input; /* compressed bytes not yet used */
    size_t input_at, input_length;
    char *text; /* text not yet handed out */
    size_t text_at, text_length;
    char line[LIST_FILE_MAX_LINE];
};

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), end_length = strlen(end);

    return length > end_length && strcmp(text + length - end_length, end) == 0;
}

static bool start_format(list_file *file, const char *path)
{
    file->format = LIST_PLAIN;
    if (ends_with(path, ".gz") && inflateInit2(&file->gzip, GZIP_WINDOW) == Z_OK)
        file->format = LIST_GZIP;
    else if (ends_with(path, ".lz4") &&
             !LZ4F_isError(LZ4F_createDecompressionContext(&file->lz4, LZ4F_VERSION)))
        file->format = LIST_LZ4;
    else if (ends_with(path, ".gz") || ends_with(path, ".lz4"))
        return false;
    return true;
}

list_file *list_file_open(const char *root, const char *path, const char **ret_reason)
{
    static const char *const others[] = {".xz", ".bz2", ".zst", ".lzma", NULL};
    file_outcome outcome;
    list_file *file;
    int fd;

    for (size_t i = 0; others[i]; i++) {
        if (ends_with(path, others[i])) {
            *ret_reason = "is compressed in a way that is not read here";
            return NULL;
        }
    }
    outcome = bounded_file_open(root, path, &fd);
    if (outcome != FILE_READ) {
        *ret_reason = file_outcome_text(outcome);
        return NULL;
    }
    file = calloc(1, sizeof *file);
    if (file) {
        file->fd = fd;
        file->input = malloc(CHUNK);
        file->text = malloc(CHUNK);
    } else {
        close(fd);
    }
    if (!file || !file->input || !file->text || !start_format(file, path)) {
        list_file_close(file);
        *ret_reason = "cannot be read: out of memory";
        return NULL;
    }
    return file;
}

void list_file_close(list_file *file)
{
    if (!file)
        return;
    if (file->format == LIST_GZIP)
        inflateEnd(&file->gzip);
    if (file->lz4)
        LZ4F_freeDecompressionContext(file->lz4);
    close(file->fd);
    free(file->input);
    free(file->text);
    free(file);
}

const char *list_file_error(const list_file *file)
{
    return file->error;
}

/* Bytes of the file as they are; 0: no more, or an error. */
static size_t read_some(list_file *file, void *bytes, size_t size)
{
    ssize_t got;

    do
        got = read(file->fd, bytes, size);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        file->error = "cannot be read to its end";
    if (got <= 0)
        file->input_end = true;
    return got > 0 ? (size_t)got : 0;
}

static size_t unpack_gzip(list_file *file)
{
    int status;

    file->gzip.next_in = file->input + file->input_at;
    file->gzip.avail_in = (uInt)(file->input_length - file->input_at);
    file->gzip.next_out = (Bytef *)file->text;
    file->gzip.avail_out = (uInt)CHUNK;
    status = inflate(&file->gzip, Z_NO_FLUSH);
    file->input_at = file->input_length - file->gzip.avail_in;
    file->in_frame = status != Z_STREAM_END;
    if (status == Z_STREAM_END)
        status = inflateReset(&file->gzip); /* members may follow each other */
    if (status != Z_OK && status != Z_BUF_ERROR)
        file->error = "is damaged";
    return CHUNK - file->gzip.avail_out;
}

static size_t unpack_lz4(list_file *file)
{
    size_t produced = CHUNK, used = file->input_length - file->input_at;
    size_t hint = LZ4F_decompress(file->lz4, file->text, &produced, file->input + file->input_at,
                                  &used, NULL);

    if (LZ4F_isError(hint)) {
        file->error = "is damaged";
        return 0;
    }
    file->input_at += used;
    file->in_frame = hint != 0;
    return produced;
}

/* Fill `text`; false: no more. */
static bool refill(list_file *file)
{
    file->text_at = file->text_length = 0;
    while (!file->text_length && !file->text_end && !file->error) {
        if (file->format == LIST_PLAIN) {
            file->text_length = read_some(file, file->text, CHUNK);
        } else {
            if (file->input_at == file->input_length && !file->input_end) {
                file->input_at = 0;
                file->input_length = read_some(file, file->input, CHUNK);
            }
            /* with all input used, the decompressor may still hold text back */
            if (file->input_at < file->input_length || file->in_frame)
                file->text_length =
                    file->format == LIST_GZIP ? unpack_gzip(file) : unpack_lz4(file);
        }
        if (!file->text_length && file->input_end && file->input_at == file->input_length)
            file->text_end = true;
    }
    if (file->text_end && file->in_frame && !file->error)
        file->error = "is cut off";
    file->text_total += file->text_length;
    if (file->text_total > LIST_FILE_MAX_TEXT)
        file->error = "is larger than accepted";
    return file->text_length > 0 && !file->error;
}

bool list_file_line(list_file *file, const char **ret_line)
{
    size_t used = 0;
    bool any = false;

    while (file->text_at < file->text_length || refill(file)) {
        const char *start = file->text + file->text_at;
        size_t rest = file->text_length - file->text_at;
        const char *newline = memchr(start, '\n', rest);
        size_t length = newline ? (size_t)(newline - start) : rest;
        size_t fits = sizeof file->line - 1 - used;

        any = true;
        memcpy(file->line + used, start, length < fits ? length : fits);
        used += length < fits ? length : fits;
        file->text_at += newline ? length + 1 : length;
        if (newline)
            break;
    }
    file->line[used] = '\0';
    *ret_line = file->line;
    return any && !file->error;
}
