/* SPDX-License-Identifier: MIT */
/* For library_win32_test.c: a library that needs the one beside it. */
__declspec(dllimport) int rj_test_beside(void);
__declspec(dllexport) int rj_test_needs(void);

int rj_test_needs(void)
{
    return rj_test_beside();
}
