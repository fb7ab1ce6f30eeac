/* SPDX-License-Identifier: MIT */
/* Skips a cmocka test and says why; test/run lists the reason. Include after <cmocka.h>. */
#ifndef TEST_SUPPORT_TAP_SKIP_H
#define TEST_SUPPORT_TAP_SKIP_H

#define tap_skip(reason)                                                                           \
    do {                                                                                           \
        print_message("# SKIP %s\n", (reason));                                                    \
        skip();                                                                                    \
    } while (0)

#endif
