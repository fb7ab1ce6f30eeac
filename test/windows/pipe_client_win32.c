// SPDX-License-Identifier: MIT
//
// A client of the agent's pipe that does what no client should, for hostile_input_test.py.
//
//   pipe_client PIPE send FILE      sends the file's bytes and prints all that comes until the server closes
//   pipe_client PIPE many COUNT     that many connections at once, one question on each, then how they went
//   pipe_client PIPE mute COUNT     that many questions on one connection without reading an answer
//
// The last line says what happened; exit code 0 unless there was no connection at all.
#include <windows.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

enum { CONNECT_MS = 5000, ANSWER_MS = 20000, MUTE_MS = 5000, QUIET_MS = 1500, MOST = 1024 };

static const char question[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"version\"}\n";

static HANDLE join(const wchar_t *pipe)
{
    ULONGLONG end = GetTickCount64() + CONNECT_MS;
    HANDLE link;
    do {
        link = CreateFileW(pipe, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING,
                           FILE_FLAG_OVERLAPPED, NULL);
        if (link != INVALID_HANDLE_VALUE || GetLastError() != ERROR_PIPE_BUSY)
            return link;
        WaitNamedPipeW(pipe, 200);
    } while (GetTickCount64() < end);
    return link;
}

// The end of one transfer: bytes, -1 when the server closed, -2 when nothing happened in time.
static long settle(HANDLE link, BOOL begun, OVERLAPPED *how, DWORD limit_ms)
{
    DWORD done = 0;
    if (!begun && GetLastError() != ERROR_IO_PENDING)
        return -1;
    if (WaitForSingleObject(how->hEvent, limit_ms) != WAIT_OBJECT_0) {
        CancelIo(link);
        GetOverlappedResult(link, how, &done, TRUE);
        return done ? (long)done : -2;
    }
    return GetOverlappedResult(link, how, &done, FALSE) ? (long)done : -1;
}

static long transfer(HANDLE link, BOOL out, void *bytes, DWORD size, DWORD limit_ms)
{
    OVERLAPPED how = {.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL)};
    BOOL begun =
        out ? WriteFile(link, bytes, size, NULL, &how) : ReadFile(link, bytes, size, NULL, &how);
    long done = settle(link, begun, &how, limit_ms);
    CloseHandle(how.hEvent);
    return done;
}

static int read_to_end(HANDLE link)
{
    static char bytes[65536];
    long got;
    DWORD limit = ANSWER_MS;
    for (; (got = transfer(link, FALSE, bytes, sizeof bytes, limit)) > 0; limit = QUIET_MS)
        fwrite(bytes, 1, (size_t)got, stdout);
    puts(got == -1 ? "\nclosed" : "\nopen");
    return 0;
}

static int send_file(HANDLE link, const wchar_t *name)
{
    static char bytes[65536];
    size_t size, sent = 0;
    long done = 0;
    FILE *file = _wfopen(name, L"rb");
    if (!file)
        return 1;
    // What is refused early is not taken to its end; the answer is there nevertheless.
    while (done >= 0 && (size = fread(bytes, 1, sizeof bytes, file)) > 0) {
        done = transfer(link, TRUE, bytes, (DWORD)size, ANSWER_MS);
        sent += done > 0 ? (size_t)done : 0;
    }
    fclose(file);
    printf("sent %zu\n", sent);
    return read_to_end(link);
}

static int ask_from_many(const wchar_t *pipe, int count)
{
    static HANDLE links[MOST];
    char bytes[4096], words[sizeof question];
    int answered = 0, refused = 0, silent = 0, unconnected = 0;
    memcpy(words, question, sizeof question);
    for (int i = 0; i < count; i++) {
        links[i] = join(pipe);
        if (links[i] == INVALID_HANDLE_VALUE)
            unconnected++;
        else
            transfer(links[i], TRUE, words, sizeof question - 1, ANSWER_MS);
    }
    for (int i = 0; i < count; i++) {
        if (links[i] == INVALID_HANDLE_VALUE)
            continue;
        long got = transfer(links[i], FALSE, bytes, sizeof bytes - 1, ANSWER_MS);
        bytes[got > 0 ? got : 0] = '\0';
        if (got == -2)
            silent++;
        else if (strstr(bytes, "\"result\""))
            answered++;
        else
            refused++;
    }
    printf("answered %d refused %d silent %d unconnected %d\n", answered, refused, silent,
           unconnected);
    return 0;
}

static int ask_and_never_read(HANDLE link, int count)
{
    char words[sizeof question];
    long done = 0;
    int asked = 0;
    memcpy(words, question, sizeof question);
    while (asked < count && (done = transfer(link, TRUE, words, sizeof question - 1, MUTE_MS)) > 0)
        asked++;
    printf("asked %d %s\n", asked, done == -1 ? "closed" : done == -2 ? "stopped" : "open");
    return 0;
}

int wmain(int argc, wchar_t **argv); // as main(), which no header declares either

int wmain(int argc, wchar_t **argv)
{
    int count = argc == 4 ? _wtoi(argv[3]) : 0;
    if (argc != 4)
        return 2;
    if (wcscmp(argv[2], L"many") == 0)
        return ask_from_many(argv[1], count < MOST ? count : MOST);
    HANDLE link = join(argv[1]);
    if (link == INVALID_HANDLE_VALUE) {
        printf("no connection, system error %lu\n", GetLastError());
        return 1;
    }
    return wcscmp(argv[2], L"send") == 0 ? send_file(link, argv[3])
                                         : ask_and_never_read(link, count);
}
