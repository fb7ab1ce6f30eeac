/* SPDX-License-Identifier: MIT */
#include "uptime.h"

#include <cstdio>
#include <cstring>
#include <memory>

std::string uptime_source(const std::string &root)
{
    return root + "/proc/uptime";
}

double read_uptime(const std::string &source, std::string &found)
{
    char line[128] = "";
    double seconds = -1;
    std::unique_ptr<std::FILE, int (*)(std::FILE *)> file(std::fopen(source.c_str(), "re"),
                                                          std::fclose);
    if (!file || !std::fgets(line, sizeof line, file.get())) {
        found = "it cannot be read";
        return -1;
    }
    line[std::strcspn(line, "\n")] = '\0';
    found = line;
    if (std::sscanf(line, "%lf", &seconds) != 1 || !(seconds >= 0 && seconds < 1e12))
        return -1;
    return seconds;
}
