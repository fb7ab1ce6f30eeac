/* SPDX-License-Identifier: MIT */
/*
 * What a COM server that stands in for one of Windows' answers: the text file beside its DLL,
 * "NAME.dll.txt", one "key=value" a line, read anew at each question.
 */
#ifndef TEST_WINDOWS_STANDIN_ANSWERS_WIN32_H
#define TEST_WINDOWS_STANDIN_ANSWERS_WIN32_H

#include <stdbool.h>
#include <stddef.h>

#include <windows.h>

/* The index-th value of a key; false, and the output untouched: it has no such one. */
bool standin_answer(const char *key, int index, char *ret_value, size_t size);
/* A value that is an error's code in hexadecimal; S_OK if there is none. */
HRESULT standin_code(const char *key);
HRESULT standin_code_of(const char *text);

#endif
