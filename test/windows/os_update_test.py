#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The check "os-update" before a stand-in for the update agent; TAP.

In a Windows of its own, thrown away afterwards, the registry says that the stand-in is the COM server of
the update agent's classes. The built plugin finds it there, and a test program tells it what to answer.

    os_update_test.py STANDIN TEST PLUGIN
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import tap  # noqa: E402
import wine  # noqa: E402

STANDIN, TEST, PLUGIN = (pathlib.Path(argument).resolve() for argument in sys.argv[1:4])
del sys.argv[1:]  # the rest would choose tests
CLASSES = (
    "{4CB43D7F-7EEE-4906-8698-60DA1C38F2FE}",  # UpdateSession
    "{BFE18E9C-6D87-4450-B37C-E02F0B373803}",  # AutomaticUpdates
    "{C01B9BA0-BEA7-41BA-B604-D0A36F469133}",  # SystemInformation
)


def register(prefix, server):
    for class_id in CLASSES:
        key = rf"HKLM\Software\Classes\CLSID\{class_id}\InprocServer32"
        prefix.registry_set(key, "", prefix.windows_path(server))
        prefix.registry_set(key, "ThreadingModel", "Both")


@tap.test(timeout=150)
def every_answer_of_the_update_agent_is_judged_and_an_error_or_a_hang_is_unknown():
    if reason := wine.reason_missing():
        tap.skip(reason)
    with wine.Prefix("os-update") as prefix:
        server = prefix.place(STANDIN, prefix.drive_c / "standin" / STANDIN.name)
        register(prefix, server)
        environment = {
            "RJ_TEST_PLUGIN": wine.windows_path(PLUGIN),
            "RJ_TEST_UPDATE_AGENT": prefix.windows_path(server).replace("\\", "/") + ".txt",
            "CMOCKA_MESSAGE_OUTPUT": "TAP",
        }
        result = prefix.run([TEST], timeout=120, env=environment)
    failed = [line for line in result.out.splitlines() if line.startswith("not ok")]
    assert result.code == 0 and not failed, result.out + result.err
    for said in ("pending_important_updates_are_not_met_with_their_titles",
                 "a_search_that_hangs_is_unknown_when_its_time_is_up_and_is_not_asked_again"):
        assert said in result.out, result.out


if __name__ == "__main__":
    tap.main()
