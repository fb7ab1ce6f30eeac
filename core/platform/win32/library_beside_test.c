/* SPDX-License-Identifier: MIT */
/* For library_win32_test.c: a library that another one needs. */
__declspec(dllexport) int rj_test_beside(void);

int rj_test_beside(void)
{
    return 7;
}
