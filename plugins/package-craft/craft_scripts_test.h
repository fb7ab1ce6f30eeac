/* SPDX-License-Identifier: MIT */
/* The scripts of the tests of crafts: what they do is the same on each system, each in its own language. */
#ifndef PACKAGE_CRAFT_SCRIPTS_TEST_H
#define PACKAGE_CRAFT_SCRIPTS_TEST_H

typedef struct craft_scripts {
    const char *succeeds;
    const char *fails;     /* with 1, and prints nothing */
    const char *complains; /* "no licence" on stderr, then 7 */
    const char *refuses;   /* "in use", then 3 */
    const char
        *tells_arguments;      /* each with "|", then the payload, to the file OUT; prints "done" */
    const char *tells_payload; /* to the file OUT; prints "bye", and wants a restart */
    const char *obeys;         /* ends with the number CODE */
    const char *blocks_record; /* nothing can be recorded when it has ended */
    const char *wants_empty;   /* fails unless there is the folder data/empty */
    const char *leaves_child;  /* which runs for a minute */
    const char *waits_shortly;
    const char *waits;         /* a minute */
    const char *names_version; /* 4.5.6 */
    const char *wants_restart[2], *restart_codes[2];
} craft_scripts;

extern const craft_scripts craft_script_that;

#endif
