#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a package's script writes is seen while it runs, by who asked for it and by nobody else."""

import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import agent
import tap

OWNER, OTHER = "nobody", "daemon"


def looking(it, user):
    with agent.acting_as(user):
        link = it.connection()
    link.call("subscribe", topics=["output", "run"])
    return link


def lines_of(link):
    """As a client shows them: text, with the number of lines that are missing before each piece."""
    shown, following = [], 1
    for message in link.notifications:
        if message["params"].get("topic") == "output":
            document = message["params"]["document"]
            lines = document["text"].split("\n")
            assert lines.pop() == "" and document["line"] >= following, document
            if document["line"] > following:
                shown.append(document["line"] - following)
            following = document["line"] + len(lines)
            shown += lines
    return shown


def collect(link, correlation, until_ended=True):
    kept = []

    def ended(params):
        kept.append({"params": params})
        document = params.get("document", {})
        return (params.get("topic") == "run" and document["correlation"] == correlation and
                document["state"] == "ended") or (not until_ended and params.get("topic") == "output")

    link.wait_for(ended)
    link.notifications = kept + link.notifications


@tap.test(timeout=60)
def a_line_arrives_while_the_script_waits_and_only_where_it_was_asked_for(folder):
    with agent.Agent(folder) as it:
        gate = it.root / "gate"
        it.assign(it.craft("tool", install=f"printf 'Unpacking \\377\\033[1m\\007it\\n'; touch {gate}; "
                                           f"while [ -e {gate} ]; do sleep 0.05; done; printf Registering"))
        it.start()
        it.wait_idle()
        with looking(it, OWNER) as owner, looking(it, OTHER) as other, it.connection() as root:
            root.call("subscribe", topics=["output", "run"])
            correlation = owner.call("install", id="tool")["correlation"]
            collect(owner, correlation, until_ended=False)
            assert gate.exists() and lines_of(owner) == ["Unpacking ?it"], owner.notifications
            gate.unlink()
            for link in owner, other, root:
                collect(link, correlation)
            assert lines_of(owner) == lines_of(root) == ["Unpacking ?it", "Registering"], root.notifications
            assert lines_of(other) == [], other.notifications


@tap.test(timeout=60)
def a_script_of_a_user_is_seen_by_that_user(folder):
    with agent.Agent(folder) as it:
        gate = it.root / "tmp-gate"
        gate.touch()
        it.assign(it.craft("mine", Scope="user", install=f"echo as $(id -un); while [ -e {gate} ]; do sleep 0.05; done"),
                  user=OWNER)
        agent.give_home(it, OWNER)
        it.start()
        it.wait_idle()
        session = it.spawn("session", user=OWNER)
        try:
            agent.wait_until(lambda: it.call("status")["sessions"])
            with looking(it, OWNER) as owner, looking(it, OTHER) as other:
                correlation = owner.call("install", id="mine")["correlation"]
                collect(owner, correlation, until_ended=False)
                assert gate.exists() and lines_of(owner) == [f"as {OWNER}"], owner.notifications
                gate.unlink()
                for link in owner, other:
                    collect(link, correlation)
                assert lines_of(other) == [], other.notifications
        finally:
            session.terminate()
            session.wait(10)


@tap.test(timeout=120)
def a_flood_of_lines_is_bounded_and_its_end_is_seen(folder):
    with agent.Agent(folder) as it:
        it.assign(it.craft("loud", install="seq 1 100000"))
        it.start()
        it.wait_idle()
        with looking(it, OWNER) as owner, looking(it, OWNER) as sleeper:
            start = time.monotonic()
            correlation = owner.call("install", id="loud")["correlation"]
            collect(owner, correlation)
            took = time.monotonic() - start
            events = [m for m in owner.notifications if m["params"].get("topic") == "output"]
            assert len(events) <= took / 0.2 + 6, (len(events), took)
            assert all(len(m["params"]["document"]["text"]) <= 4096 for m in events)
            shown = lines_of(owner)
            numbers = [int(line) for line in shown if isinstance(line, str)]
            assert numbers[-1] == 100000 and numbers == sorted(set(numbers)), numbers[-3:]
            assert len(numbers) + sum(n for n in shown if isinstance(n, int)) == 100000, shown[:5]
            assert sleeper.call("version")
        logs = list(it.root.glob("var/log/realmjoin/packages/loud/*.log")) or list(it.root.rglob("*loud*install.log"))
        assert logs and logs[0].read_text().splitlines()[-1] == "100000", logs


tap.main()
