/* SPDX-License-Identifier: MIT */
/* The tests' scripts for cmd.exe. */
#include "craft_scripts_test.h"

#define CMD "@echo off\r\n"
/* By its place: the variables of a craft are all that it has. */
#define PING "C:\\windows\\system32\\ping.exe -n "
#define TO_ITSELF " 127.0.0.1 >nul\r\n"

const craft_scripts craft_script_that = {
    .succeeds = CMD "exit /b 0\r\n",
    .fails = CMD "exit /b 1\r\n",
    .complains = CMD "echo no licence>&2\r\nexit /b 7\r\n",
    .refuses = CMD "echo in use\r\nexit /b 3\r\n",
    .tells_arguments =
        CMD "echo %~1^|%~2^|>\"%OUT%\"\r\ntype data\\payload.txt>>\"%OUT%\"\r\necho done\r\n",
    .tells_payload = CMD "type data\\payload.txt>\"%OUT%\"\r\necho bye\r\nexit /b 3010\r\n",
    .obeys = CMD "exit /b %CODE%\r\n",
    .blocks_record = CMD "mkdir ..\\installed.json.part\r\necho big>big\r\nexit /b 0\r\n",
    .wants_empty = CMD "if not exist data\\empty\\ exit /b 1\r\nexit /b 0\r\n",
    .leaves_child = CMD "start /b " PING "60" TO_ITSELF "exit /b 0\r\n",
    .waits_shortly = CMD PING "2" TO_ITSELF "exit /b 0\r\n",
    .waits = CMD PING "60" TO_ITSELF,
    .names_version = CMD "rem RealmJoin Craft Package ID: hello\r\n"
                         "rem RealmJoin Craft Package Version:  4.5.6 \r\nexit /b 0\r\n",
    .wants_restart = {CMD "exit /b 3010\r\n", CMD "exit /b 1641\r\n"},
    .restart_codes = {"3010", "1641"},
};
