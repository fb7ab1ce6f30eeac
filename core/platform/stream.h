/* SPDX-License-Identifier: MIT */
/* Bytes between two processes of ours: one end of a socket pair or pipe. */
#ifndef RJ_PLATFORM_STREAM_H
#define RJ_PLATFORM_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#define RJ_STREAM_AGAIN (-1) /* would have to wait */
#define RJ_STREAM_LOST (-2)  /* broken */

/* Never waits.  Bytes read; 0: the other side has closed; or one of the above. */
long rj_stream_read(int stream, void *buffer, size_t size);
/* Never waits, raises no signal.  Bytes written, or one of the above. */
long rj_stream_write(int stream, const void *bytes, size_t length);
/* The same until all is there or gone, waiting as long as it takes.  False: the other side is gone. */
bool rj_stream_read_all(int stream, void *buffer, size_t size);
bool rj_stream_write_all(int stream, const void *bytes, size_t length);

#endif
