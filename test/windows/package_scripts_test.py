#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Package scripts of PowerShell: the tests that need a recorder at powershell.exe's place; TAP.

Wine's own PowerShell does nothing and says 0. In a Windows of its own, thrown away afterwards, the recorder
takes its place, and the tests of crafts and NuGet packages look at the command line and environment it got.

    package_scripts_test.py RECORDER CRAFT_TEST NUGET_TEST
"""

import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import tap  # noqa: E402
import wine  # noqa: E402

RECORDER, CRAFT, NUGET = (pathlib.Path(argument) for argument in sys.argv[1:4])
del sys.argv[1:]  # the rest would choose tests
PLACE = r"C:\windows\system32\WindowsPowerShell\v1.0\powershell.exe"


def run_with_recorder(program):
    if reason := wine.reason_missing():
        tap.skip(reason)
    with wine.Prefix("scripts") as prefix:
        place = prefix.place(RECORDER, prefix.unix_path(PLACE))
        place.with_name("powershell.exe.rc").write_text("3010\n", encoding="ascii")
        environment = {
            "RJ_TEST_POWERSHELL": PLACE.replace("\\", "/") + ".log",
            "RJ_SHARED": wine.windows_path(os.environ["RJ_SHARED"]),
        }
        result = prefix.run([program], timeout=100, env=environment)
    failed = [line for line in result.out.splitlines() if line.startswith("not ok")]
    assert result.code == 0 and not failed, result.out + result.err
    return result.out


@tap.test(timeout=120)
def a_craft_of_powershell_is_run_as_documented():
    assert "rj_install_ps1_is_preferred_and_run_as_documented" in run_with_recorder(CRAFT)


@tap.test(timeout=120)
def scripts_of_chocolatey_are_run_as_documented_and_modules_land_in_program_data():
    out = run_with_recorder(NUGET)
    assert "a_script_is_run_by_powershell_with_chocolateys_environment" in out
    assert "# C:/ProgramData/chocolatey/lib/PSini/PsIni.psm1" in out


if __name__ == "__main__":
    tap.main()
