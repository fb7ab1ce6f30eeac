/* SPDX-License-Identifier: MIT */
/*
 * Numbers for handles, see descriptor_win32.h.
 *
 * The events are the ones that the system itself sets when an overlapped read or write is done, and
 * they are reset only by beginning the next one.  A read that ends because the thread that began it is
 * gone is begun again by the next reader.
 */
#include "descriptor_win32.h"

#include "base/alloc.h"
#include "platform/secret_memory.h"
#include "platform/stream.h"
#include "platform/system.h"
#include "wide_win32.h"

#include <sddl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define NUMBERS_MAX 4096
#define READ_BYTES 16384u
#define WRITE_BYTES 65536u
#define PIPE_BYTES 65536u

typedef struct descriptor {
    HANDLE handle;
    unsigned directions;
    OVERLAPPED read; /* .hEvent: readable */
    OVERLAPPED write;
    bool reading; /* a read was begun and its outcome was not taken */
    bool writing;
    bool ended; /* nothing will come any more */
    bool lost;  /* ... because of a failure */
    bool broken;
    size_t begin, end; /* of what was read */
    char *in;
    char *out;
} descriptor;

static descriptor *numbers[NUMBERS_MAX];
static SRWLOCK lock = SRWLOCK_INIT;

static descriptor *find(int number)
{
    descriptor *found = NULL;
    AcquireSRWLockShared(&lock);
    if (number >= 0 && number < NUMBERS_MAX)
        found = numbers[number];
    ReleaseSRWLockShared(&lock);
    return found;
}

/* ---- Reading --------------------------------------------------------------------------------- */

static void note_read_end(descriptor *d, DWORD problem)
{
    d->ended = true;
    d->lost = problem != ERROR_BROKEN_PIPE && problem != ERROR_HANDLE_EOF &&
              problem != ERROR_PIPE_NOT_CONNECTED;
    SetEvent(d->read.hEvent);
}

static void begin_read(descriptor *d)
{
    d->begin = d->end = 0;
    ResetEvent(d->read.hEvent);
    d->reading = true;
    if (ReadFile(d->handle, d->in, READ_BYTES, NULL, &d->read))
        return;
    DWORD problem = GetLastError();
    if (problem == ERROR_IO_PENDING)
        return;
    d->reading = false;
    note_read_end(d, problem);
}

/* Takes the outcome of the read under way, if there is one.  False: nothing to be had now. */
static bool fill(descriptor *d)
{
    while (!d->ended && d->begin == d->end) {
        DWORD got = 0;
        if (!d->reading)
            begin_read(d);
        if (!d->reading)
            break;
        if (GetOverlappedResult(d->handle, &d->read, &got, FALSE)) {
            d->reading = false;
            d->end = got; /* 0: an empty message, and the next read is begun */
            continue;
        }
        DWORD problem = GetLastError();
        if (problem == ERROR_IO_INCOMPLETE)
            return false;
        d->reading = false;
        if (problem != ERROR_OPERATION_ABORTED)
            note_read_end(d, problem);
    }
    return true;
}

long rj_stream_read(int stream, void *buffer, size_t size)
{
    descriptor *d = find(stream);
    char *at = buffer;
    size_t copied = 0;
    if (!d || !(d->directions & RJ_DESCRIPTOR_READ))
        return RJ_STREAM_LOST;
    while (copied < size && fill(d) && d->begin < d->end) {
        size_t part = d->end - d->begin;
        if (part > size - copied)
            part = size - copied;
        memcpy(at + copied, d->in + d->begin, part);
        rj_wipe(d->in + d->begin, part); /* calls of a worker may carry secrets */
        d->begin += part;
        copied += part;
        if (d->begin == d->end)
            begin_read(d);
    }
    if (copied)
        return (long)copied;
    if (!d->ended)
        return RJ_STREAM_AGAIN;
    return d->lost ? RJ_STREAM_LOST : 0;
}

bool rj_stream_read_all(int stream, void *buffer, size_t size)
{
    char *at = buffer;
    while (size) {
        long got = rj_stream_read(stream, at, size);
        if (got == 0 || got == RJ_STREAM_LOST)
            return false;
        if (got == RJ_STREAM_AGAIN) {
            rj_descriptor_await(stream, INFINITE);
            continue;
        }
        at += got;
        size -= (size_t)got;
    }
    return true;
}

bool rj_descriptor_await(int number, DWORD limit_ms)
{
    descriptor *d = find(number);
    if (!d)
        return true;
    HANDLE event = d->directions ? d->read.hEvent : d->handle;
    return WaitForSingleObject(event, limit_ms) == WAIT_OBJECT_0;
}

/* ---- Writing --------------------------------------------------------------------------------- */

/* True: the last write is done, well or not. */
static bool written(descriptor *d, bool wait)
{
    DWORD count = 0;
    if (!d->writing)
        return true;
    if (!GetOverlappedResult(d->handle, &d->write, &count, wait)) {
        if (GetLastError() == ERROR_IO_INCOMPLETE)
            return false;
        d->broken = true;
    }
    d->writing = false;
    rj_wipe(d->out, WRITE_BYTES);
    SetEvent(d->write.hEvent);
    return true;
}

long rj_stream_write(int stream, const void *bytes, size_t length)
{
    descriptor *d = find(stream);
    if (!d || !(d->directions & RJ_DESCRIPTOR_WRITE))
        return RJ_STREAM_LOST;
    if (!written(d, false))
        return RJ_STREAM_AGAIN;
    if (d->broken)
        return RJ_STREAM_LOST;
    if (length == 0)
        return 0;
    size_t part = length < WRITE_BYTES ? length : WRITE_BYTES;
    memcpy(d->out, bytes, part);
    ResetEvent(d->write.hEvent);
    d->writing = true;
    if (!WriteFile(d->handle, d->out, (DWORD)part, NULL, &d->write) &&
        GetLastError() != ERROR_IO_PENDING) {
        d->writing = false;
        d->broken = true;
        SetEvent(d->write.hEvent);
        return RJ_STREAM_LOST;
    }
    written(d, false); /* most are done at once */
    return d->broken ? RJ_STREAM_LOST : (long)part;
}

bool rj_stream_write_all(int stream, const void *bytes, size_t length)
{
    descriptor *d = find(stream);
    const char *at = bytes;
    if (!d)
        return false;
    while (length) {
        written(d, true);
        long sent = rj_stream_write(stream, at, length);
        if (sent < 0)
            return false;
        at += sent;
        length -= (size_t)sent;
    }
    written(d, true); /* the write must not outlive a thread that ends now */
    return !d->broken;
}

/* ---- Numbers --------------------------------------------------------------------------------- */

static void discard(descriptor *d)
{
    DWORD count = 0;
    if (d->reading || d->writing)
        CancelIoEx(d->handle, NULL);
    if (d->reading)
        GetOverlappedResult(d->handle, &d->read, &count, TRUE);
    if (d->writing)
        GetOverlappedResult(d->handle, &d->write, &count, TRUE);
    if (d->handle && d->handle != INVALID_HANDLE_VALUE)
        CloseHandle(d->handle);
    if (d->read.hEvent)
        CloseHandle(d->read.hEvent);
    if (d->write.hEvent)
        CloseHandle(d->write.hEvent);
    if (d->in)
        rj_wipe(d->in, READ_BYTES);
    if (d->out)
        rj_wipe(d->out, WRITE_BYTES);
    rj_free(d->in);
    rj_free(d->out);
    rj_free(d);
}

static rj_status make(HANDLE handle, unsigned directions, descriptor **ret, rj_error *err)
{
    descriptor *d = rj_calloc(1, sizeof *d);
    if (!d) {
        CloseHandle(handle);
        return rj_fail_memory(err, "opening a pipe");
    }
    *d = (descriptor){.handle = handle, .directions = directions};
    bool good = true;
    if (directions & RJ_DESCRIPTOR_READ) {
        d->in = rj_malloc(READ_BYTES);
        d->read.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
        good = d->in && d->read.hEvent;
    }
    if (good && (directions & RJ_DESCRIPTOR_WRITE)) {
        d->out = rj_malloc(WRITE_BYTES);
        d->write.hEvent = CreateEventW(NULL, TRUE, TRUE, NULL);
        good = d->out && d->write.hEvent;
    }
    if (!good) {
        discard(d);
        return rj_fail_memory(err, "opening a pipe");
    }
    *ret = d;
    return RJ_OK;
}

static rj_status insert(descriptor *d, int first, int last, int *ret_number, rj_error *err)
{
    int number = first;
    AcquireSRWLockExclusive(&lock);
    while (number <= last && numbers[number])
        number++;
    if (number <= last)
        numbers[number] = d;
    ReleaseSRWLockExclusive(&lock);
    if (number > last) {
        discard(d);
        return rj_fail(err, RJ_E_LIMIT, "too many pipes and programs are open");
    }
    if (d->directions & RJ_DESCRIPTOR_READ)
        begin_read(d);
    if (ret_number)
        *ret_number = number;
    return RJ_OK;
}

static rj_status add(HANDLE handle, unsigned directions, int first, int last, int *ret_number,
                     rj_error *err)
{
    descriptor *d = NULL;
    rj_status status = make(handle, directions, &d, err);
    return status ? status : insert(d, first, last, ret_number, err);
}

rj_status rj_descriptor_of_pipe(HANDLE pipe, unsigned directions, int *ret_number, rj_error *err)
{
    return add(pipe, directions, RJ_DESCRIPTOR_FIRST_FREE, NUMBERS_MAX - 1, ret_number, err);
}

rj_status rj_descriptor_of_handle(HANDLE handle, int *ret_number, rj_error *err)
{
    return add(handle, 0, RJ_DESCRIPTOR_FIRST_FREE, NUMBERS_MAX - 1, ret_number, err);
}

rj_status rj_descriptor_place(int number, HANDLE handle, unsigned directions, rj_error *err)
{
    return add(handle, directions, number, number, NULL, err);
}

void rj_descriptor_close(int number)
{
    descriptor *d = NULL;
    AcquireSRWLockExclusive(&lock);
    if (number >= 0 && number < NUMBERS_MAX) {
        d = numbers[number];
        numbers[number] = NULL;
    }
    ReleaseSRWLockExclusive(&lock);
    if (d)
        discard(d);
}

HANDLE rj_descriptor_handle(int number)
{
    descriptor *d = find(number);
    return d ? d->handle : NULL;
}

HANDLE rj_descriptor_readable(int number)
{
    descriptor *d = find(number);
    if (!d)
        return NULL;
    return d->directions ? d->read.hEvent : d->handle;
}

HANDLE rj_descriptor_writable(int number)
{
    descriptor *d = find(number);
    return d ? d->write.hEvent : NULL;
}

unsigned rj_descriptor_count(void)
{
    unsigned count = 0;
    AcquireSRWLockShared(&lock);
    for (int i = 0; i < NUMBERS_MAX; i++)
        count += numbers[i] != NULL;
    ReleaseSRWLockShared(&lock);
    return count;
}

/* ---- Pipes ----------------------------------------------------------------------------------- */

static rj_status pipe_name(wchar_t name[64], rj_error *err)
{
    uint64_t random[2];
    rj_status status = rj_random(random, sizeof random, err);
    if (!status)
        swprintf(name, 64, L"\\\\.\\pipe\\realmjoin-%016llx%016llx", (unsigned long long)random[0],
                 (unsigned long long)random[1]);
    return status;
}

/* Nobody but its owner may open it: the name is a secret of a moment, and the other end is inherited. */
static HANDLE make_server(const wchar_t *name, unsigned directions)
{
    SECURITY_ATTRIBUTES security = {.nLength = sizeof security};
    DWORD access = FILE_FLAG_OVERLAPPED | FILE_FLAG_FIRST_PIPE_INSTANCE;
    if (directions & RJ_DESCRIPTOR_READ)
        access |= PIPE_ACCESS_INBOUND;
    if (directions & RJ_DESCRIPTOR_WRITE)
        access |= PIPE_ACCESS_OUTBOUND;
    if (!ConvertStringSecurityDescriptorToSecurityDescriptorW(L"D:P(A;;GA;;;OW)", SDDL_REVISION_1,
                                                              &security.lpSecurityDescriptor, NULL))
        return INVALID_HANDLE_VALUE;
    HANDLE pipe = CreateNamedPipeW(
        name, access, PIPE_TYPE_BYTE | PIPE_READMODE_BYTE | PIPE_WAIT | PIPE_REJECT_REMOTE_CLIENTS,
        1, PIPE_BYTES, PIPE_BYTES, 0, &security);
    DWORD problem = GetLastError();
    LocalFree(security.lpSecurityDescriptor);
    SetLastError(problem);
    return pipe;
}

static HANDLE open_other(const wchar_t *name, unsigned directions, bool overlapped)
{
    SECURITY_ATTRIBUTES inherited = {.nLength = sizeof inherited, .bInheritHandle = TRUE};
    DWORD access = FILE_READ_ATTRIBUTES;
    DWORD flags = SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION;
    if (directions & RJ_DESCRIPTOR_READ)
        access |= GENERIC_WRITE;
    if (directions & RJ_DESCRIPTOR_WRITE)
        access |= GENERIC_READ;
    if (overlapped)
        flags |= FILE_FLAG_OVERLAPPED;
    return CreateFileW(name, access, 0, &inherited, OPEN_EXISTING, flags, NULL);
}

rj_status rj_descriptor_make_pipe(unsigned directions, bool other_overlapped, int *ret_ours,
                                  HANDLE *ret_other, rj_error *err)
{
    wchar_t name[64];
    int ours = -1;
    rj_status status = pipe_name(name, err);
    if (status)
        return status;
    HANDLE server = make_server(name, directions);
    if (server == INVALID_HANDLE_VALUE)
        return rj_fail_win32(err, GetLastError(), "a pipe cannot be made");
    HANDLE other = open_other(name, directions, other_overlapped);
    if (other == INVALID_HANDLE_VALUE) {
        status = rj_fail_win32(err, GetLastError(), "a pipe cannot be opened");
        CloseHandle(server);
        return status;
    }
    status = rj_descriptor_of_pipe(server, directions, &ours, err);
    if (status) {
        CloseHandle(other);
        return status;
    }
    *ret_ours = ours;
    *ret_other = other;
    return RJ_OK;
}
