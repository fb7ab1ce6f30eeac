/* SPDX-License-Identifier: MIT */
/* What a fuzz target offers, to libFuzzer or to fuzz_smoke.c. */
#ifndef RJ_TEST_FUZZ_TARGET_H
#define RJ_TEST_FUZZ_TARGET_H

#include <stddef.h>
#include <stdint.h>

/* Returns 0; aborts when the input shows a defect. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
