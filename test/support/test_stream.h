/* SPDX-License-Identifier: MIT */
/*
 * Streams whose both ends are the test's, and clients without manners.  Read and written by
 * "platform/stream.h"; what cannot be done fails the test.  Everything else that unit tests need of the
 * system is in test_system.h.
 */
#ifndef TEST_SUPPORT_TEST_STREAM_H
#define TEST_SUPPORT_TEST_STREAM_H

void test_stream_prepare(
    void); /* as rj_system_prepare_process() does: a lost reader is no signal */
void test_stream_pair(int pair[2]);
int test_stream_connect(const char *path); /* to the local interface */
void test_stream_close(int stream);

#endif
