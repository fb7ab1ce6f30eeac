#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The lint of the MSI's tables: it is silent about ours, and finds each fault that is planted; TAP."""

import copy
import pathlib
import shutil
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import msi_made  # noqa: E402
import msi_payload  # noqa: E402
import tap  # noqa: E402
from msi_made import msi_tables  # noqa: E402

lint_msi = msi_payload.load_script("lint-msi")
build_msi = msi_payload.load_script("build-msi")

_made = {}


def made():
    """One build, its MSI and the tables of that, for all tests here."""
    if not _made:
        _made["build"] = msi_made.build()
        _made["msi"] = msi_made.made("shipped")
        _made["tables"] = msi_tables.read(_made["msi"])
        _made["summary"] = msi_tables.summary(_made["msi"])
    return _made


def row(tables, table, **wanted):
    return tables[table].find(**wanted)[0]


def expect(word, plant, summary=None):
    """After plant(tables) the lint has something to say, and the word is in it."""
    tables = copy.deepcopy(made()["tables"])
    plant(tables)
    found = lint_msi.lint(tables, {**made()["summary"], **(summary or {})})
    assert any(word in sentence for sentence in found), f"wanted {word!r}, found {found}"


def set_in(table, key, column, value):
    """A plant: one cell of the row whose first key column is `key`."""

    def plant(tables):
        row(tables, table, **{tables[table].columns[0]: key})[column] = value

    return plant


@tap.test(timeout=300)
def our_own_msi_has_no_fault():
    assert lint_msi.lint(made()["tables"], made()["summary"]) == []


@tap.test(timeout=300)
def a_row_that_names_another_that_is_not_there_is_found():
    expect("File.Component_", set_in("File", "realmjoin.exe", "Component_", "Nobody"))
    expect("Component.Directory_", set_in("Component", "Session", "Directory_", "NOWHERE"))
    expect("Shortcut.Icon_", set_in("Shortcut", "StartMenu", "Icon_", "other.ico"))
    expect("CustomAction RemoveData", set_in("CustomAction", "RemoveData", "Source", "other.exe"))
    expect("[#other.exe]", set_in("Shortcut", "StartMenu", "Target", "[#other.exe]"))
    expect("ARPPRODUCTICON", set_in("Property", "ARPPRODUCTICON", "Value", "other.ico"))
    expect("in no feature", lambda t: t["FeatureComponents"].remove(row(t, "FeatureComponents", Component_="Worker")))


@tap.test(timeout=300)
def a_component_without_a_key_path_of_its_own_is_found():
    expect("no KeyPath", set_in("Component", "Session", "KeyPath", ""))
    expect("share the KeyPath", set_in("Component", "Session", "KeyPath", "realmjoinservice.exe"))
    expect("none of its own rows", set_in("Component", "Session", "KeyPath", "LICENSE"))
    expect("none of its own rows", set_in("Component", "NoGraph", "Attributes", "256"))


@tap.test(timeout=300)
def a_code_given_twice_or_badly_written_is_found():
    tables = made()["tables"]
    expect("share the GUID", set_in("Component", "Session", "ComponentId",
                                    row(tables, "Component", Component="Service")["ComponentId"]))
    expect("share the GUID", set_in("Property", "ProductCode", "Value",
                                    row(tables, "Property", Property="UpgradeCode")["Value"]))
    expect("ProductCode has no GUID", set_in("Property", "ProductCode", "Value", "*"))
    expect("capital letters", set_in("Component", "Session", "ComponentId", "{9385a4cd-1118-58b8-84a7-6123d2e86cdf}"))


@tap.test(timeout=300)
def anything_of_32_bits_is_found():
    expect("32-bit", set_in("Component", "Worker", "Attributes", "0"))
    expect("32-bit registry", set_in("RegLocator", "NoGraphSaved", "Type", "2"))
    expect("template", lambda t: None, {"Template": "Intel;1033"})
    expect("32-bit folder", set_in("Directory", "ProgramFiles64Folder", "Directory", "ProgramFilesFolder"))


@tap.test(timeout=300)
def a_property_inside_a_number_is_found():
    def plant(value):
        return lambda t: row(t, "Registry", Name="NoGraph").update(Value=value)

    expect("no constant number", plant("#[NOGRAPH]"))
    expect("no constant number", plant("#x[NOGRAPH]"))
    expect("takes its type", plant("[NOGRAPH]"))


@tap.test(timeout=300)
def an_action_out_of_place_is_found():
    sequence = "InstallExecuteSequence"
    expect("outside InstallInitialize..InstallFinalize", set_in(sequence, "RemoveData", "Sequence", "6601"))
    expect("outside InstallInitialize..InstallFinalize", set_in(sequence, "RemoveData", "Sequence", "1450"))
    expect("after CostFinalize", set_in(sequence, "KeepNoGraph", "Sequence", "6601"))
    expect("must come before", set_in(sequence, "RemoveExistingProducts", "Sequence", "6700"))
    expect("given twice", set_in(sequence, "RemoveData", "Sequence", "3500"))
    expect("has no number", set_in(sequence, "RemoveData", "Sequence", ""))
    expect("never runs", lambda t: t[sequence].remove(row(t, sequence, Action="RemoveData")))
    expect("StartServices does not run", lambda t: t[sequence].remove(row(t, sequence, Action="StartServices")))
    expect("neither a standard nor a custom", set_in(sequence, "RemoveFiles", "Action", "RemoveOldFiles"))


@tap.test(timeout=300)
def a_repair_by_a_user_that_changes_what_the_administrator_set_is_found():
    def plant(tables):
        for condition in tables["LaunchCondition"]:
            condition["Condition"] = condition["Condition"].replace("OR AdminUser OR", "OR Privileged OR")

    expect("may change NOGRAPH", plant)
    expect("does not tell administrators", set_in("Property", "MSIUSEREALADMINDETECTION", "Value", "0"))


@tap.test(timeout=300)
def a_removal_of_the_state_at_the_wrong_time_is_found():
    expect("UPGRADINGPRODUCTCODE", set_in("InstallExecuteSequence", "RemoveData", "Condition",
                                          'REMOVE~="ALL" AND NOT KEEPDATA="1"'))
    expect("KEEPDATA", set_in("InstallExecuteSequence", "RemoveData", "Condition",
                              'REMOVE~="ALL" AND NOT UPGRADINGPRODUCTCODE'))
    expect("REMOVE", set_in("InstallExecuteSequence", "RemoveData", "Condition",
                            'REMOVE OR NOT UPGRADINGPRODUCTCODE AND NOT KEEPDATA="1"'))
    expect("as the system", set_in("CustomAction", "RemoveData", "Type", str(2 | 64 | 512 | 1024)))
    expect("resists removal", set_in("CustomAction", "RemoveData", "Type", str(2 | 512 | 1024 | 2048)))


@tap.test(timeout=300)
def a_removal_of_the_state_that_outlives_a_rollback_is_found():
    sequence = "InstallExecuteSequence"
    expect("may be taken back", set_in("CustomAction", "RemoveData", "Type", str(2 | 64 | 1024 | 2048)))
    expect("has removed", set_in("CustomAction", "RemoveData", "Type", str(18 | 64 | 512 | 1024 | 2048)))
    expect("before RemoveData, which may fail", set_in(sequence, "RemoveDataAtOnce", "Sequence", "6570"))
    for action, what in (("RemoveData", "with the commit"), ("RemoveDataAtOnce", "without rollback")):
        expect(f"uninstall {what}", lambda t, name=action: t["CustomAction"].remove(row(t, "CustomAction", Action=name)))


@tap.test(timeout=300)
def session_programs_that_end_too_late_or_not_at_all_are_found():
    sequence = "InstallExecuteSequence"
    expect("works in NOWHERE", set_in("CustomAction", "AskSessions", "Source", "NOWHERE"))
    expect("session programs before InstallValidate", set_in(sequence, "AskSessions", "Sequence", "1410"))
    expect("session programs before InstallValidate", set_in(sequence, "AskSessions", "Condition", "REMOVE OR REINSTALL"))
    expect("session programs as the system", set_in(sequence, "EndSessions", "Sequence", "1910"))
    expect("session programs as the system", set_in("CustomAction", "EndSessions", "Type", str(34 | 64 | 1024)))
    expect("fails the installation", set_in("CustomAction", "EndSessions", "Type", str(34 | 1024 | 2048)))
    expect("each removal and repair", set_in(sequence, "EndSessions", "Condition", "REMOVE"))


@tap.test(timeout=300)
def an_unquoted_path_in_a_command_line_is_found():
    def plant(value):
        return lambda t: row(t, "Registry", Name="RealmJoin").update(Value=value)

    expect("not quoted", plant("[#realmjoin.exe] tray"))
    expect("not quoted", plant('"tray" [InstallDir]realmjoin.exe'))
    expect("%1 is not quoted", lambda t: t["Registry"].find(Value='"[#realmjoin.exe]" "%1"')[0].update(
        Value='"[#realmjoin.exe]" %1'))
    expect("service realmjoin", set_in("ServiceInstall", "Service", "Arguments", "--root [InstallDir]"))


@tap.test(timeout=300)
def a_program_without_its_version_is_found():
    def add_hash(tables):
        tables["MsiFileHash"].append({**tables["MsiFileHash"][0], "File_": "realmjoin.exe"})

    expect("has no version", set_in("File", "realmjoin.exe", "Version", ""))
    expect("has no version", set_in("File", "realmjoin.exe", "Language", ""))
    expect("is no version", set_in("File", "realmjoin.exe", "Version", "0.1"))
    expect("either a version or a hash", add_hash)
    expect("either a version or a hash", lambda t: t["MsiFileHash"].clear())


@tap.test(timeout=300)
def a_version_other_than_the_files_is_found(folder):
    stage = folder / "stage"
    stage.mkdir()
    build_msi.msi_files.stage(made()["build"], stage, lambda path: None)
    tables = copy.deepcopy(made()["tables"])
    assert lint_msi.lint(tables, made()["summary"], stage) == []
    row(tables, "File", File="realmjoin.exe")["Version"] = "9.9.9.9"
    row(tables, "File", File="LICENSE")["FileSize"] = "1"
    found = " ".join(lint_msi.lint(tables, made()["summary"], stage))
    assert "9.9.9.9" in found and "LICENSE is not the file" in found, found


@tap.test(timeout=300)
def a_file_that_is_not_on_the_media_is_found():
    expect("gaps or doubles", set_in("File", "LICENSE", "Sequence", "1"))
    expect("the media end", lambda t: t["Media"][0].update(LastSequence="1"))
    expect("not inside the MSI", lambda t: t["Media"][0].update(Cabinet="cab1.cab"))


@tap.test(timeout=300)
def an_upgrade_that_would_not_replace_is_found():
    def plant(name, **values):
        return lambda t: row(t, "Upgrade", ActionProperty=name).update(values)

    expect("Attributes", plant("WIX_UPGRADE_DETECTED", Attributes="1"))
    expect("VersionMax", plant("WIX_UPGRADE_DETECTED", VersionMax="0.0.1"))
    expect("Attributes", plant("WIX_DOWNGRADE_DETECTED", Attributes="0"))
    expect("UpgradeCode", plant("WIX_UPGRADE_DETECTED", UpgradeCode="{00000000-0000-0000-0000-000000000000}"))
    expect("Upgrade detects", lambda t: t["Upgrade"].pop())
    expect("downgrade is not refused", set_in("LaunchCondition", "NOT WIX_DOWNGRADE_DETECTED", "Condition", "1"))


@tap.test(timeout=300)
def a_property_that_does_not_reach_the_elevated_part_is_found():
    for name in ("NOGRAPH", "KEEPDATA", "WIX_UPGRADE_DETECTED"):
        kept = ";".join(n for n in build_msi.SECURE if n != name)
        expect(f"{name} is missing", set_in("Property", "SecureCustomProperties", "Value", kept))


@tap.test(timeout=300)
def a_service_that_is_not_started_or_not_deleted_is_found():
    expect("started, stopped and deleted", set_in("ServiceControl", "Service", "Event", "162"))
    expect("started, stopped and deleted", set_in("ServiceControl", "Service", "Event", "35"))
    expect("started, stopped and deleted", set_in("ServiceControl", "Service", "Wait", "0"))
    expect("does not start by itself", set_in("ServiceInstall", "Service", "StartType", "3"))
    expect("account of its own", set_in("ServiceInstall", "Service", "StartName", r".\somebody"))


@tap.test(timeout=300)
def a_search_path_that_would_be_replaced_is_found():
    expect("does not add", set_in("Environment", "Path", "Value", "[InstallDir]"))
    expect("does not add", set_in("Environment", "Path", "Name", "=*PATH"))
    expect("Environment.Component_", set_in("Environment", "Path", "Component_", "Nobody"))


@tap.test(timeout=300)
def the_command_fails_for_a_faulty_msi_and_for_a_file_that_is_none(folder):
    lint = (sys.executable, msi_payload.PACKAGING / "lint-msi")
    faulty = folder / "faulty.msi"
    shutil.copyfile(made()["msi"], faulty)
    assert subprocess.run([*lint, faulty], check=False).returncode == 0
    table = made()["tables"]["ServiceInstall"]
    changed = msi_tables.Table(table.name, table.columns, table.types, table.keys, [{**table[0], "StartType": "3"}])
    msi_tables.write(faulty, [changed])
    done = subprocess.run([*lint, faulty], capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "does not start by itself" in done.stdout, done
    faulty.write_bytes(b"no MSI")
    done = subprocess.run([*lint, faulty], capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "lint-msi:" in done.stderr and "Traceback" not in done.stderr, done


@tap.test(timeout=300)
def the_same_input_gives_the_same_bytes_wherever_and_whenever_it_is_built(folder):
    msi = made()["msi"]  # in UTC
    while time.time() - msi.stat().st_mtime < 2.1:  # the clocks inside an MSI are as coarse as that
        time.sleep(0.1)
    second = msi_payload.build_msi(made()["build"], folder / "b.msi", epoch=msi_made.EPOCH, zone="Asia/Tokyo")
    assert msi.read_bytes() == second.read_bytes()


@tap.test(timeout=300)
def the_icons_in_the_tree_are_those_that_the_script_draws():
    subprocess.run([sys.executable, msi_payload.PACKAGING / "draw-icon", "--check"], check=True)


@tap.test(timeout=300)
def an_unfinished_build_or_a_bad_version_gives_one_sentence_and_no_msi(folder):
    build = folder / "build"
    shutil.copytree(made()["build"], build)
    out = folder / "RealmJoin.msi"

    def refused(*options):
        command = [sys.executable, msi_payload.PACKAGING / "build-msi", "--build", build, "--out", out, *options]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 1 and done.stderr.count("\n") == 1 and not out.exists(), done
        return done.stderr

    for version in ("1.2", "1.2.3.4", "256.0.0", "1.02.3", "1.2.x", ""):
        assert "255.255.65535" in refused("--version", version)
    (build / "realmjoin.com").unlink()
    assert "realmjoin.com is there 0 times" in refused()
    shutil.copyfile(build / "realmjoin.exe", build / "realmjoin.com")
    plugin = sorted((build / "plugins").iterdir())[0]
    (plugin / f"{plugin.name}.dll").write_bytes(b"no program")
    assert plugin.name in refused()
    (plugin / f"{plugin.name}.dll").unlink()
    assert "is missing" in refused()
    shutil.rmtree(build / "plugins")
    assert "is the build finished?" in refused()


if __name__ == "__main__":
    tap.main()
