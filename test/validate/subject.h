/* SPDX-License-Identifier: MIT */
/* The faults that can be planted, and what the plugin needs of the system. */
#ifndef TEST_VALIDATE_SUBJECT_H
#define TEST_VALIDATE_SUBJECT_H

/* Numbers for the preprocessor, as one fault changes what is exported. */
#define FAULT_NONE 0
#define FAULT_ANSWERS_TWICE 1
#define FAULT_NEVER_ANSWERS 2
#define FAULT_ANSWERS_LATE 3
#define FAULT_FAILS_SILENTLY 4
#define FAULT_RESULT_NO_JSON 5
#define FAULT_WRONG_SHAPE 6
#define FAULT_NO_RESULT 7
#define FAULT_INVENTED_STATUS 8
#define FAULT_ANY_ID_HAS_TABLE 9
#define FAULT_PREFIX_HAS_TABLE 10
#define FAULT_SHARED_STATIC 11
#define FAULT_STATIC_OUTLIVES_INSTANCE 12
#define FAULT_LEAKS_MEMORY 13
#define FAULT_LEAKS_DESCRIPTOR 14
#define FAULT_LEAKS_IN_METHOD 15
#define FAULT_LEAVES_THREAD 16
#define FAULT_LEAVES_TIMER 17
#define FAULT_LEAVES_PROCESS 18
#define FAULT_CRASHES_ON_JUNK_CONFIG 19
#define FAULT_CRASHES_ON_JUNK_REQUEST 20
#define FAULT_ACCEPTS_JUNK_REQUEST 21
#define FAULT_CRASHES_ON_UNKNOWN_CHECK 22
#define FAULT_CRASHES_ON_LARGE_SETTINGS 23
#define FAULT_CRASHES_ON_SETTINGS_AT_WORK 24
#define FAULT_CRASHES_IN_DESTROY 25
#define FAULT_IGNORES_CANCEL 26
#define FAULT_BLOCKS_LOOP 27
#define FAULT_EXITS 28
#define FAULT_CHANGES_UMASK 29
#define FAULT_CHANGES_DIRECTORY 30
#define FAULT_CHANGES_LOCALE 31
#define FAULT_CHANGES_ENVIRONMENT 32
#define FAULT_HANDLES_SIGSEGV 33
#define FAULT_HANDLES_SIGCHLD 34
#define FAULT_WRITES_TO_STDOUT 35
#define FAULT_WRITES_OUTSIDE 36
#define FAULT_NEEDS_ITS_GRANT 37
#define FAULT_REFUSES_WITHOUT_GRANT 38
#define FAULT_IDS_CHANGE 39
#define FAULT_IDS_NOT_IN_MANIFEST 40
#define FAULT_TABLE_CHANGES 41
#define FAULT_SHORT_TABLE 42
#define FAULT_ENTRY_DIFFERS 43
#define FAULT_EXPORTS_MORE 44
#define FAULT_TOUCHES_RET_ON_FAILURE 45
#define FAULT_CREATE_IS_SLOW 46
#define FAULT_NEVER_STOPS 47
#define FAULT_STOP_DOES_NOT_WAIT 48
#define FAULT_USES_OP_AFTER_END 49
#define FAULT_USES_MADE_UP_OP 50
#define FAULT_DETECT_LIES 51
#define FAULT_PROGRESS_AFTER_END 52

void subject_sleep_ms(int ms);
int subject_exists(const char *path);
int subject_write(const char *path, const char *text); /* 0: done */
int subject_remove(const char *path);                  /* how many were removed */
/* The faults that hit the process; does nothing without one of them. */
void subject_misuse_process(const char *state_dir);
void subject_leak(void); /* the same of leaks */

#endif
