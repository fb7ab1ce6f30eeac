/* SPDX-License-Identifier: MIT */
/*
 * What unit tests need of the system beside the platform's own functions: streams whose both ends are
 * theirs, clients without manners, a folder, a signal.  Streams are read and written by
 * "platform/stream.h".
 */
#ifndef RJ_TEST_RAW_SYSTEM_H
#define RJ_TEST_RAW_SYSTEM_H

#include <stdbool.h>

#define RAW_FOLDER_SIZE 256

void raw_prepare(void); /* as rj_system_prepare_process() does: a lost reader is no signal */

void raw_pair(int pair[2]);
int raw_connect(const char *path); /* to the local interface; fails the test */
void raw_close(int stream);
bool raw_is_closed_descriptor(int number);

void raw_make_folder(char path[RAW_FOLDER_SIZE]); /* absolute, new, empty */
const char *raw_absent_folder(void);

/* A signal that a test may raise.  0: this system has none that can be raised by ourselves. */
int raw_signal(void);
void raw_raise(int number);

#endif
