/* SPDX-License-Identifier: MIT */
/* What the test's second half, the program inside of the sandbox, tries (sandbox_posix_test.c). */
#ifndef RJ_PLATFORM_POSIX_SANDBOX_ATTEMPTS_TEST_H
#define RJ_PLATFORM_POSIX_SANDBOX_ATTEMPTS_TEST_H

#include "platform/sandbox.h"

#include <errno.h>

#define OWN_UID 1879048193u /* in the range of workers' accounts */
#define SESSION_UID 54321u  /* stands for a person's account */

#define MIB (1024ull * 1024)
#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Inside: say what is wrong and end. */
void wrong(const char *format, ...) __attribute__((format(__printf__, 1, 2), noreturn));
void must_be_refused(const char *what, long result, int found, int expected);
void must_work(const char *what, long result);

#define REFUSED(expected, call)                                                                    \
    do {                                                                                           \
        errno = 0;                                                                                 \
        long refused_result = (long)(call);                                                        \
        must_be_refused(#call, refused_result, errno, expected);                                   \
    } while (0)
#define WORKS(call) must_work(#call, (long)(call))
#define DEMAND(condition)                                                                          \
    do {                                                                                           \
        if (!(condition))                                                                          \
            wrong("not so: %s", #condition);                                                       \
    } while (0)

enum {
    OWN_ACCOUNT = 1,     /* an account of its own; else root's is kept */
    SESSION_ACCOUNT = 2, /* a person's account is kept, the parent has it too */
    NEEDS_CALL_FILTER = 4,
    NEEDS_FILE_RULES = 8,
    NEEDS_SCOPES = 16, /* Landlock version 6 */
    SHORT_CPU = 32,    /* one second */
    FEW_IDS = 64,      /* in a user namespace that has no worker accounts */
    PARENT_DIES = 128  /* the parent is killed once "alive" was said */
};

typedef struct attempt {
    const char *name;
    unsigned flags;
    unsigned network;
    void (*before)(void);            /* in the program before it enters the sandbox; may be NULL */
    void (*run)(const char *folder); /* ends the process with wrong() where something is wrong */
    int signal;                      /* that must end it; 0: exit code 0 */
} attempt;

extern const attempt process_attempts[];
extern const size_t process_attempt_count;
extern const attempt reach_attempts[];
extern const size_t reach_attempt_count;

/*
 * The folder of a test: own/ (may be written), shown/ (may be read), other/ (neither), each open to
 * everybody by its mode and with a file "there"; the sockets "tcp" (a text file with the port),
 * "socket" (UNIX), and an abstract one named like the folder.
 */
void attempt_sandbox(const attempt *tried, const char *folder, rj_sandbox_path paths[2],
                     rj_sandbox *ret_sandbox);
/* The main function of the program inside. */
int attempt_main(const char *name, const char *folder);
int attempt_landlock_version(void);

#endif
