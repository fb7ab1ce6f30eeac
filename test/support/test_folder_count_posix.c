/* SPDX-License-Identifier: MIT */
#include "test_files.h"

#include <dirent.h>

unsigned test_folder_count(const char *path)
{
    DIR *list = opendir(path);
    unsigned count = 0;

    while (list && readdir(list))
        count++;
    if (list)
        closedir(list);
    return count > 2 ? count - 2 : 0;
}
