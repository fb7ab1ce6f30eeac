/* SPDX-License-Identifier: MIT */
/*
 * Assembles a filter of system calls as classic BPF, the language the kernel takes.
 *
 * There is one register.  It holds the number of the call, until a rule for one call loads something
 * else; such a rule is a block that ends in an answer, so that behind it the number is still there.
 */
#ifndef RJ_PLATFORM_POSIX_FILTER_PROGRAM_H
#define RJ_PLATFORM_POSIX_FILTER_PROGRAM_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MOST_INSTRUCTIONS = 1024 };

typedef struct program {
    struct sock_filter code[MOST_INSTRUCTIONS];
    size_t length;
    bool broken; /* too long, or a jump too far: not to be used */
} program;

void program_load_call(program *p);
void program_load_architecture(program *p);
/* Half an argument, counted from 0. */
void program_load_low(program *p, size_t argument);
void program_load_high(program *p, size_t argument);
void program_keep_bits(program *p, uint32_t mask);

void program_allow(program *p);
void program_refuse(program *p, int error_number);
void program_kill_unless(program *p, uint32_t value);

/* What is added until end_if() is for a register that equals the operand, has any bit of it, or is not
 * below it (BPF_JEQ, BPF_JSET, BPF_JGE); it is skipped for others. */
size_t program_begin_if(program *p, uint16_t condition, uint32_t operand);
void program_end_if(program *p, size_t begun);
/* The same for one call, all other cases of which are refused with EPERM at the end. */
size_t program_begin_call(program *p, uint32_t call);
void program_end_call(program *p, size_t begun);

/* Every call whose place in the array is true. */
void program_allow_calls(program *p, const bool *allowed, size_t count);
void program_allow_values(program *p, const uint32_t *values, size_t count);
void program_refuse_value(program *p, uint32_t value);
void program_refuse_bits(program *p, uint32_t bits);
void program_demand_zero(program *p); /* else EPERM */

#endif
