// SPDX-License-Identifier: MIT
//
// launch.exe: what its files have in common.
#ifndef RJ_TEST_LAUNCH_WIN32_H
#define RJ_TEST_LAUNCH_WIN32_H

#include <windows.h>

enum { CANNOT_START = 125 };

// A program in a job of its own, which what it starts is not part of.
typedef struct launched {
    HANDLE process, job;
} launched;

// `restricted`: as an ordinary user. On failure the system's error, and what could not be done.
DWORD launch_program(wchar_t *line, BOOL restricted, const STARTUPINFOW *how, launched *ret,
                     const char **ret_what);

// Reads requests from the standard input until it ends.
int launch_serve(void);

// ---- Answers -------------------------------------------------------------------------------------

enum { FIELDS_MAX = 16 };

typedef struct request {
    const wchar_t *fields
        [FIELDS_MAX]; // the first: its number; the second: what is asked; L"" where there are no more
} request;

// A list of texts that grows.
typedef struct answer {
    wchar_t *text;
    size_t length, size; // in characters
} answer;

void answer_add(answer *to, const wchar_t *text);
void answer_add_number(answer *to, unsigned long number);

// True if it is a question about services or the registry; `to` has its answer.
BOOL launch_ask_system(const request *from, answer *to);

#endif
