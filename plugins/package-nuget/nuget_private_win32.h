/* SPDX-License-Identifier: MIT */
/* Who else can change a file or folder, by what the system says of it: see nuget_private_win32.c. */
#ifndef RJ_PACKAGE_NUGET_NUGET_PRIVATE_WIN32_H
#define RJ_PACKAGE_NUGET_NUGET_PRIVATE_WIN32_H

#include <windows.h>

#include "failure.h"

typedef enum nuget_place {
    NUGET_PLACE_ITSELF, /* what is run from: others may change nothing */
    NUGET_PLACE_AROUND, /* the folder around it: others may add to it */
    NUGET_PLACE_ABOVE   /* further up: only links count, and those must be ours */
} nuget_place;

typedef struct nuget_facts {
    DWORD attributes; /* of a link: its own */
    PSID owner;
    PACL list;
} nuget_facts;

/* RJ_E_DENIED, with the path and what to do. */
rj_status nuget_judge(const char *path, const nuget_facts *facts, nuget_place place,
                      rj_failure *failure);

/* Where the first name begins: behind "C:/" or "//server/share/". */
char *nuget_after_root(char *path);

#endif
