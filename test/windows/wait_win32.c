// SPDX-License-Identifier: MIT
//
// wait FILE [HELD]: ends when FILE is there, or with exit code 1 after five minutes; so that a test decides how long an
// install script takes. Wine's cmd has no command that waits. HELD is kept open as a program in use is, so that nobody
// replaces or removes it; "held" says that it is.
#include <stdio.h>
#include <windows.h>

int wmain(int argc, wchar_t **argv);

int wmain(int argc, wchar_t **argv)
{
    if (argc == 3) {
        if (CreateFileW(argv[2], GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL) ==
            INVALID_HANDLE_VALUE)
            return 1;
        puts("held");
        fflush(stdout);
    }
    for (int tries = 0; (argc == 2 || argc == 3) && tries < 6000; tries++) {
        if (GetFileAttributesW(argv[1]) != INVALID_FILE_ATTRIBUTES)
            return 0;
        Sleep(50);
    }
    return 1;
}
