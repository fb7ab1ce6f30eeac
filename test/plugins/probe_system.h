/* SPDX-License-Identifier: MIT */
/* What the plugins for tests need of the system. */
#ifndef TEST_PLUGINS_PROBE_SYSTEM_H
#define TEST_PLUGINS_PROBE_SYSTEM_H

/* Programs that are started; win32: child_win32.c by the same names. */
typedef enum probe_program {
    PROGRAM_OUT,   /* "one", "two", a byte that is no text; leaves a program behind; code 5 */
    PROGRAM_LOG,   /* "to the log" */
    PROGRAM_BEGUN, /* "begun", then sleeps */
    PROGRAM_LINES, /* "line 0" to "line 1999", then sleeps */
    PROGRAM_SLEEP, /* five minutes */
    PROGRAM_NAP,   /* half a second */
    PROGRAM_TRUE,
    PROGRAM_NONE /* there is no such file */
} probe_program;

const char *program_path(probe_program program);
const char *const *program_arguments(probe_program program);
int program_limit_ms(void); /* in which it begins, and does not end */
const char *program_folder(void);
const char *program_log_elsewhere(void); /* no plugin's log */

void sleep_ms(long ms);
_Noreturn void end_process(int code); /* at once */

#endif
