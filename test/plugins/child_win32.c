/* SPDX-License-Identifier: MIT */
/* The program that plugins in tests start where there is no shell: see probe_system.h. */
#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <string.h>

#include <windows.h>

#define LONG_MS 300000

static int leave_one_behind(void)
{
    wchar_t program[MAX_PATH];
    wchar_t line[] = L"child sleep";
    STARTUPINFOW start = {.cb = sizeof start};
    PROCESS_INFORMATION process;
    if (!GetModuleFileNameW(NULL, program, MAX_PATH) ||
        !CreateProcessW(program, line, NULL, NULL, FALSE, DETACHED_PROCESS, NULL, NULL, &start,
                        &process))
        return 1;
    return 5;
}

int main(int argc, char **argv)
{
    const char *what = argc == 2 ? argv[1] : "";
    _setmode(1, _O_BINARY);
    setvbuf(stdout, NULL, _IOFBF, 65536);
    if (strcmp(what, "out") == 0) {
        fputs("one\ntwo\n\377", stdout);
        return leave_one_behind();
    }
    if (strcmp(what, "log") == 0)
        puts("to the log");
    if (strcmp(what, "begun") == 0)
        puts("begun");
    for (int i = 0; i < 2000 && strcmp(what, "lines") == 0; i++)
        printf("line %d\n", i);
    fflush(stdout);
    if (strcmp(what, "begun") == 0 || strcmp(what, "lines") == 0 || strcmp(what, "sleep") == 0)
        Sleep(LONG_MS);
    if (strcmp(what, "nap") == 0)
        Sleep(500);
    return 0;
}
