#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Users beside one another: none learns of another's packages, none stops the machine's work."""

import json
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import agent
import tap

OWNER, OTHER = "nobody", "daemon"


def connect_as(it, user):
    with agent.acting_as(user):
        return it.connection()


@tap.test(timeout=60)
def a_sync_tells_nothing_of_packages_of_another_user(folder):
    with agent.Agent(folder) as it:
        place = it.root / "gate"
        script = f"touch {place}; while [ -e {place} ]; do sleep 0.05; done; echo treasure; exit 7"
        it.assign(it.craft("common", Mandatory=True))
        it.assign(it.craft("hidden-gem", install=script, Mandatory=True),
                  it.craft("own-gem", Scope="user", Mandatory=True), user=OWNER)
        it.start(wait=False)
        agent.wait_until(place.exists)
        place.unlink()
        it.wait_idle()
        with connect_as(it, OTHER) as link, connect_as(it, OWNER) as owner:
            link.call("subscribe", topics=["run", "action", "progress", "log"])
            correlation = link.call("sync")["correlation"]
            agent.wait_until(place.exists)
            run = link.call("status")["run"]
            assert run["step"] == "installing" and "gem" not in json.dumps(run), run
            assert owner.call("status")["run"]["package"] == "hidden-gem"
            assert it.call("status")["run"]["package"] == "hidden-gem"
            place.unlink()
            ended = link.wait_for(lambda p: p["topic"] == "run" and p["document"]["correlation"] == correlation
                                  and p["document"]["state"] == "ended")
            lines = link.call("log", lines=2000)["lines"]
            heard = json.dumps([ended, link.notifications, lines, link.call("list"), link.call("policy")])
            assert "gem" not in heard and "exit code 7" not in heard, heard
            assert "common" not in json.dumps(owner.call("log", lines=2000)["lines"])
        assert "hidden-gem" in it.log() and "exit code 7" in it.log()


@tap.test(timeout=60)
def one_user_cannot_take_all_places_of_the_queue_and_root_always_has_one(folder):
    with agent.Agent(folder) as it:
        gate = it.root / "gate"
        busy = it.craft("busy", install=f"touch {gate}; while [ -e {gate} ]; do sleep 0.05; done")
        names = [f"p{n}" for n in range(100)]
        it.nupkg("p")
        it.assign(busy, *({"ID": name, "Format": "nuget", "Package": "p"} for name in names))
        it.start()
        it.wait_idle()
        it.call("install", id="busy")
        agent.wait_until(gate.exists)
        try:
            with connect_as(it, OTHER) as link:
                taken = 0
                try:
                    for name in names:
                        link.call("install", id=name)
                        taken += 1
                except agent.RpcError as error:
                    assert error.status == "busy", error
                assert taken == 16, taken
            with connect_as(it, OWNER) as link:
                assert link.call("install", id="p0")["correlation"]
            assert it.call("install", id="p1")["correlation"] and it.call("sync")["correlation"]
        finally:
            gate.unlink()


@tap.test(timeout=60)
def a_sync_that_others_rely_on_is_not_the_first_askers_to_cancel(folder):
    with agent.Agent(folder) as it:
        gate = it.root / "gate"
        it.assign(it.craft("busy", install=f"touch {gate}; while [ -e {gate} ]; do sleep 0.05; done"))
        it.start()
        it.wait_idle()
        it.call("install", id="busy")
        agent.wait_until(gate.exists)
        try:
            with connect_as(it, OTHER) as link:
                correlation = link.call("sync")["correlation"]
                link.call("cancel", correlation=correlation)
                correlation = link.call("sync")["correlation"]
                assert it.call("sync")["correlation"] == correlation
                try:
                    link.call("cancel", correlation=correlation)
                    raise AssertionError("a user cancelled root's sync")
                except agent.RpcError as error:
                    assert error.status == "denied", error
        finally:
            gate.unlink()


@tap.test(timeout=60)
def a_session_that_ignores_cancelling_holds_the_machine_for_seconds_only(folder):
    with agent.Agent(folder) as it:
        it.assign(it.craft("mine", Scope="user", Mandatory=True))
        it.start()
        it.wait_idle()
        with connect_as(it, OWNER) as session:
            session.call("session.register", version="0")
            asked = session.wait_for(lambda p: p.get("verb") == "detect")
            session.send({"jsonrpc": "2.0", "method": "session.progress", "params": {"question": asked["question"]}})
            begin = time.monotonic()
            it.call("cancel", correlation=it.call("status")["run"]["correlation"])
            agent.wait_until(lambda: it.call("status")["run"] is None, timeout=25)
            assert time.monotonic() - begin > 5, "a session needs time to put things back"


@tap.test(timeout=60)
def packages_of_users_are_not_for_root_and_nothing_waits_for_it(folder):
    with agent.Agent(folder) as it:
        it.assign(it.craft("mine", Scope="user"))
        it.assign(it.craft("roots", Scope="user", Mandatory=True), user="root")
        it.start()
        it.wait_idle()
        for name in ("mine", "roots"):
            for verb in ("install", "uninstall"):
                result = it.realmjoin(verb, name)
                assert result.returncode == agent.REFUSED and "never with an administrator's rights" in result.stderr, (verb, result)
        for verb in ("upgrade", "sync"):
            result = it.realmjoin(verb)
            assert result.returncode == agent.OK and "wait" not in result.stdout, (verb, result)
        why = it.call("why", id="roots")["package"]
        assert why["verdict"] == "refused" and "never with an administrator's rights" in why["reason"], why


@tap.test(timeout=60)
def a_script_of_a_user_finds_the_root_and_its_home_in_its_environment(folder):
    with agent.Agent(folder) as it:
        home = agent.give_home(it, OWNER)
        it.assign(it.craft("mine", install='echo "$RJ_Root" > "$HOME/seen"', Scope="user"))
        it.start()
        it.wait_idle()
        result = it.realmjoin("install", "mine", user=OWNER)
        assert result.returncode == agent.OK, result
        assert (home / "seen").read_text().strip() == str(it.root)


tap.main()
