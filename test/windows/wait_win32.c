// SPDX-License-Identifier: MIT
//
// wait FILE: ends when FILE is there, or with exit code 1 after five minutes; so that a test decides how long an
// install script takes. Wine's cmd has no command that waits.
#include <stdio.h>
#include <windows.h>

int wmain(int argc, wchar_t **argv);

int wmain(int argc, wchar_t **argv)
{
    for (int tries = 0; argc == 2 && tries < 6000; tries++) {
        if (GetFileAttributesW(argv[1]) != INVALID_FILE_ATTRIBUTES)
            return 0;
        Sleep(50);
    }
    return 1;
}
