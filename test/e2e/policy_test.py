#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Policy as an admin meets it: bad documents, changes, the gate, users."""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import agent
import tap

PACKAGE = {"ID": "tool", "Format": "nuget", "Version": "1.0.0"}


def document(*packages):
    return json.dumps({"SoftwarePackages": list(packages)})


# what is wrong, the text, words that the error must hold
BAD_POLICIES = (
    ("not JSON", "hello", ["device.json"]),
    ("truncated", document(PACKAGE)[:-5], ["device.json", "line 1"]),
    ("duplicate keys", '{"SoftwarePackages": [], "SoftwarePackages": []}', ["SoftwarePackages", "already"]),
    ("a wrong type", document(dict(PACKAGE, Order="first")), ["/SoftwarePackages/0/Order", "integer", "first"]),
    ("too deep", "[" * 1000 + "]" * 1000, ["device.json"]),
    ("a cycle", document(dict(PACKAGE, ID="a", DependsOn=["b"]), dict(PACKAGE, ID="b", DependsOn=["a"])),
     ["a", "b", "DependsOn"]),
    ("a dependency that is not assigned", document(dict(PACKAGE, DependsOn=["other"])), ["other", "not assigned"]),
    ("two packages of one id", document(PACKAGE, dict(PACKAGE, ID="TOOL")), ["/SoftwarePackages/1/ID", "TOOL"]),
    ("an id that climbs", document(dict(PACKAGE, ID="../evil")), ["/SoftwarePackages/0/ID"]),
    ("an id with NUL", document(dict(PACKAGE, ID="a\0b")), ["device.json"]),
    ("an id of a megabyte", document(dict(PACKAGE, ID="a" * (1 << 20))), ["/SoftwarePackages/0/ID"]),
    ("50 MB", '{"SoftwarePackages": [], "x": "' + "a" * (50 << 20) + '"}', ["device.json"]),
)


@tap.test(timeout=90)
def a_bad_policy_is_named_by_the_check_command_and_by_the_service_which_keeps_the_last_good_one(folder):
    with agent.Agent(folder) as it:
        good = it.nupkg("good")
        it.assign(good)
        it.start()
        it.wait_idle()
        revision = it.call("status")["policy"]["revision"]
        candidate = folder / "device.json"
        for what, text, words in BAD_POLICIES:
            candidate.write_text(text)
            checked = it.realmjoin("policy", "check", str(candidate))
            assert checked.returncode == agent.USAGE, (what, checked)
            for word in words:
                assert word in checked.stderr + checked.stdout, (what, word, checked)
            assert len(checked.stderr + checked.stdout) < 4000, (what, len(checked.stderr))
            it.write_policy(text)
            it.realmjoin("sync")
            agent.wait_until(lambda: it.call("status")["policy"]["state"] == "error")
            status = it.call("status")["policy"]
            assert status["revision"] == revision and "device.json" in status["message"], (what, status)
            assert it.package("good")["version"] == "1.0.0"
            it.assign(good)
            agent.wait_until(lambda: it.call("status")["policy"]["state"] == "ok")


@tap.test(timeout=30)
def an_unknown_key_is_a_warning_and_everything_else_counts(folder):
    with agent.Agent(folder) as it:
        it.assign(dict(it.nupkg("tool", Mandatory=True), Colour="green"), Nonsense=True)
        it.start()
        it.package("tool", state="installed")
        assert it.call("status")["policy"]["warnings"] == 2
        shown = it.realmjoin("policy", "show")
        assert "Colour" in shown.stdout and "Nonsense" in shown.stdout, shown.stdout


@tap.test(timeout=30)
def a_policy_that_others_could_write_is_not_taken(folder):
    with agent.Agent(folder) as it:
        it.assign(it.nupkg("tool", Mandatory=True))
        (it.policy_folder / "device.json").chmod(0o666)
        it.start()
        agent.wait_until(lambda: it.call("status")["policy"]["state"] == "error")
        assert "device.json" in it.call("status")["policy"]["message"]
        assert not (it.state / "chocolatey/lib/tool").exists()


@tap.test(timeout=30)
def a_new_policy_is_noticed_without_being_told(folder):
    with agent.Agent(folder) as it:
        it.start()
        it.wait_idle()
        it.assign(it.nupkg("tool", Mandatory=True))
        it.package("tool", state="installed")


@tap.test(timeout=40)
def an_enforced_check_that_is_not_met_blocks_required_packages_and_says_so(folder):
    features = {"UpdateStatus": False, "BitlockerEnabled": True, "FirewallEnabled": False, "AvEnabled": False}
    with agent.Agent(folder) as it:
        (it.root / "proc/self").mkdir(parents=True)
        (it.root / "proc/self/mountinfo").write_text("29 1 8:1 / / rw - ext4 /dev/sda1 rw\n")
        (it.root / "proc/swaps").write_text("Filename Type Size Used Priority\n")
        device = it.root / "sys/devices/pci/block/sda1"
        device.mkdir(parents=True)
        for link in ("sys/dev/block/8:1", "sys/class/block/sda1"):
            (it.root / link).parent.mkdir(parents=True, exist_ok=True)
            (it.root / link).symlink_to("../../devices/pci/block/sda1")
        it.assign(it.nupkg("tool", Mandatory=True), it.nupkg("extra"), Policies={"RequireSecurityFeatures": features})
        it.start()
        it.wait_idle()
        assert it.call("status")["gate"]["open"] is False
        assert it.package("tool", verdict="held")
        assert "encryption" in it.realmjoin("why", "tool").stdout
        assert it.realmjoin("install", "tool").returncode == agent.HELD
        assert it.realmjoin("install", "extra").returncode == agent.OK
        # A missing source is not a met requirement, but no proof of the contrary either.
        (it.root / "proc/self/mountinfo").unlink()
        it.realmjoin("check", "--refresh")
        states = {c["id"]: c["state"] for c in it.call("check")["checks"]}
        assert states["encryption"] == "unknown", states


@tap.test(timeout=60)
def a_users_own_package_runs_as_that_user_and_waits_until_there_is_one(folder):
    with agent.Agent(folder) as it:
        agent.give_home(it, "nobody")
        place = folder / "place"
        place.mkdir()
        place.chmod(0o777)
        it.assign()
        it.assign(it.craft("mine", install=f"id -un > {place}/who", Scope="user", Mandatory=True), user="nobody")
        it.start()
        it.wait_idle()
        assert not (place / "who").exists()
        refused = it.realmjoin("install", "mine")
        assert refused.returncode == agent.REFUSED, refused
        done = it.realmjoin("sync", user="nobody")
        assert done.returncode == agent.OK, done
        assert (place / "who").read_text() == "nobody\n"
        packages = json.loads(it.realmjoin("list", "--json", user="nobody").stdout)["packages"]
        assert [p["state"] for p in packages if p["id"] == "mine"] == ["installed"], packages
        assert not any(p["id"] == "mine" for p in json.loads(
            it.realmjoin("list", "--json", user="daemon").stdout)["packages"])


tap.main()
