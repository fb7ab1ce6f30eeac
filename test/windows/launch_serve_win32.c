// SPDX-License-Identifier: MIT
//
// launch.exe --serve: starts programs and answers questions for as long as the test lives, which costs much less
// than a program for each.
//
// Requests come on the standard input, answers leave by the standard output: four bytes of length, then texts in
// UTF-16, each with its NUL. The first text is the request's number, which its answer begins with; answers come in
// the order in which they are found.
//
//   run RESTRICTED OUTPUT ERRORS COMMAND-LINE   the exit code, when the program has ended
//   kill NUMBER                                 nothing; ends the program of that request, not what it has started
//   anything of launch_system_win32.c
#include "launch_win32.h"

#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

enum { REQUEST_MAX = 1 << 20, NUMBER_MAX = 16 };

typedef struct running {
    struct running *next;
    launched program;
    wchar_t number[NUMBER_MAX];
} running;

static CRITICAL_SECTION lock; // of the list and the standard output
static running *all;
static HANDLE input, output, nothing; // the last: an input without content

// ---- Answers -------------------------------------------------------------------------------------

void answer_add(answer *to, const wchar_t *text)
{
    size_t more = wcslen(text) + 1;
    if (to->length + more > to->size) {
        to->size = 2 * (to->length + more);
        to->text = realloc(to->text, to->size * sizeof *to->text);
        if (to->text == NULL)
            ExitProcess(CANNOT_START);
    }
    memcpy(to->text + to->length, text, more * sizeof *text);
    to->length += more;
}

void answer_add_number(answer *to, unsigned long number)
{
    wchar_t text[NUMBER_MAX];
    swprintf(text, NUMBER_MAX, L"%lu", number);
    answer_add(to, text);
}

static void send_answer(answer *from)
{
    DWORD size = (DWORD)(from->length * sizeof *from->text), done;
    EnterCriticalSection(&lock);
    if (!WriteFile(output, &size, sizeof size, &done, NULL) ||
        !WriteFile(output, from->text, size, &done, NULL))
        ExitProcess(CANNOT_START); // nobody listens any more
    LeaveCriticalSection(&lock);
    free(from->text);
}

// ---- Programs ------------------------------------------------------------------------------------

static DWORD WINAPI wait_for_end(void *data)
{
    running *self = data;
    DWORD code = CANNOT_START;
    WaitForSingleObject(self->program.process, INFINITE);
    GetExitCodeProcess(self->program.process, &code);
    EnterCriticalSection(&lock);
    running **at = &all;
    while (*at != self)
        at = &(*at)->next;
    *at = self->next;
    LeaveCriticalSection(&lock);
    CloseHandle(self->program.process);
    CloseHandle(self->program.job);
    answer to = {0};
    answer_add(&to, self->number);
    answer_add_number(&to, code);
    free(self);
    send_answer(&to);
    return 0;
}

static HANDLE open_inheritable(const wchar_t *path, DWORD access, DWORD disposition)
{
    SECURITY_ATTRIBUTES inherit = {.nLength = sizeof inherit, .bInheritHandle = TRUE};
    return CreateFileW(path, access, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                       &inherit, disposition, FILE_ATTRIBUTE_NORMAL, NULL);
}

static void say_why(HANDLE errors, const char *what, DWORD why)
{
    char text[128];
    DWORD done;
    int length = snprintf(text, sizeof text, "launch: cannot %s, system error %lu\n", what, why);
    WriteFile(errors, text, (DWORD)length, &done, NULL);
}

static BOOL run(const request *from)
{
    STARTUPINFOW how = {.cb = sizeof how, .dwFlags = STARTF_USESTDHANDLES, .hStdInput = nothing};
    how.hStdOutput = open_inheritable(from->fields[3], GENERIC_WRITE, CREATE_ALWAYS);
    how.hStdError = open_inheritable(from->fields[4], GENERIC_WRITE, CREATE_ALWAYS);
    wchar_t *line = _wcsdup(from->fields[5]); // CreateProcess writes into it
    running *self = calloc(1, sizeof *self);
    BOOL started = FALSE;
    if (line != NULL && self != NULL) {
        const char *what;
        DWORD why = launch_program(line, *from->fields[2] == L'1', &how, &self->program, &what);
        if (why != NO_ERROR)
            say_why(how.hStdError, what, why);
        started = why == NO_ERROR;
    }
    CloseHandle(how.hStdOutput);
    CloseHandle(how.hStdError);
    free(line);
    if (started) {
        wcsncpy(self->number, from->fields[0], NUMBER_MAX - 1);
        EnterCriticalSection(&lock);
        self->next = all;
        all = self;
        LeaveCriticalSection(&lock);
        HANDLE thread = CreateThread(NULL, 0, wait_for_end, self, 0, NULL);
        if (thread == NULL)
            ExitProcess(CANNOT_START);
        CloseHandle(thread);
    } else {
        free(self);
    }
    return started;
}

static void kill_program(const wchar_t *number)
{
    EnterCriticalSection(&lock);
    for (running *it = all; it != NULL; it = it->next)
        if (wcscmp(it->number, number) == 0)
            TerminateJobObject(it->program.job, CANNOT_START);
    LeaveCriticalSection(&lock);
}

// ---- Requests ------------------------------------------------------------------------------------

static BOOL read_all(void *into, DWORD size)
{
    char *at = into;
    for (DWORD done; size > 0; at += done, size -= done)
        if (!ReadFile(input, at, size, &done, NULL) || done == 0)
            return FALSE;
    return TRUE;
}

static wchar_t *read_request(request *ret)
{
    DWORD size;
    if (!read_all(&size, sizeof size) || size < sizeof(wchar_t) || size > REQUEST_MAX)
        return NULL;
    wchar_t *text = malloc(size);
    size_t length = size / sizeof *text;
    if (text == NULL || !read_all(text, size) || text[length - 1] != L'\0') {
        free(text);
        return NULL;
    }
    const wchar_t *at = text;
    for (int i = 0; i < FIELDS_MAX; i++) {
        ret->fields[i] = at < text + length ? at : L"";
        at += at < text + length ? wcslen(at) + 1 : 0;
    }
    return text;
}

static void handle(const request *from)
{
    answer to = {0};
    answer_add(&to, from->fields[0]);
    if (wcscmp(from->fields[1], L"run") == 0) {
        if (run(from)) { // answered at the program's end
            free(to.text);
            return;
        }
        answer_add_number(&to, CANNOT_START);
    } else if (wcscmp(from->fields[1], L"kill") == 0) {
        kill_program(from->fields[2]);
    } else if (!launch_ask_system(from, &to)) {
        answer_add(&to, L"what is asked is not known");
    }
    send_answer(&to);
}

int launch_serve(void)
{
    request from;
    wchar_t *text;
    InitializeCriticalSection(&lock);
    input = GetStdHandle(STD_INPUT_HANDLE);
    output = GetStdHandle(STD_OUTPUT_HANDLE);
    SetHandleInformation(input, HANDLE_FLAG_INHERIT, 0);
    SetHandleInformation(output, HANDLE_FLAG_INHERIT, 0);
    nothing = open_inheritable(L"\\\\?\\unix\\dev\\null", GENERIC_READ, OPEN_EXISTING);
    while ((text = read_request(&from)) != NULL) {
        handle(&from);
        free(text);
    }
    return 0;
}
