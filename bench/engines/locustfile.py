"""Users for Locust, as many as a plan says, who call one arm after another for some time each.

It needs nothing but Locust, so that workers on other hosts get it from the master:
``locust -f - --worker --master-host HOST``. The plan comes from the master, too. Between two arms
the users pause until every request is answered, and what is reported is each request's seconds.
"""

from __future__ import annotations

import json
import time
from base64 import b64decode
from pathlib import Path
from typing import Any

import gevent
from locust import FastHttpUser, between, events, runners, task

REPORTS = 0.2
"""Seconds between two reports of a worker."""
DRAIN = 5.0
"""Seconds in which the requests of an arm are answered, before the next one has its turn."""
SPAWN = 30.0
runners.WORKER_REPORT_INTERVAL = REPORTS


class State:
    """What this process knows: as a worker its turn, as the master what all workers reported."""

    turn: Any = None
    """Its number and its arm; None for a pause."""
    under_way = 0
    done: list[Any]
    """Requests: the number of their turn, and the seconds, or why they failed."""
    workers: dict[str, Any]
    arms: dict[str, Any]
    first: dict[str, bytes]
    """The first right reply of each arm."""

    def __init__(self) -> None:
        self.done, self.workers, self.arms, self.first = [], {}, {}, {}


state = State()


@events.init_command_line_parser.add_listener
def _add_options(parser: Any) -> None:
    parser.add_argument("--plan", default="{}", help="what is called, and by how many users")


@events.init.add_listener
def _connect(environment: Any, **_: Any) -> None:
    if isinstance(environment.runner, runners.WorkerRunner):
        environment.runner.register_message("turn", _take_turn)
        events.report_to_master.add_listener(_report)
    elif isinstance(environment.runner, runners.MasterRunner):
        events.worker_report.add_listener(_reported)
        events.test_start.add_listener(lambda **_: gevent.spawn(_lead, environment))


def _take_turn(msg: Any, **_: Any) -> None:
    state.turn = msg.data


def _report(data: dict[str, Any], **_: Any) -> None:
    done, state.done = state.done, []
    paused = state.turn is None or state.turn["arm"] is None
    data["calls"] = {"done": done, "quiet": paused and not state.under_way}


def _reported(client_id: str, data: dict[str, Any], **_: Any) -> None:
    state.workers[client_id] = time.monotonic(), data["calls"]["quiet"]
    state.done += data["calls"]["done"]


def _lead(environment: Any) -> None:
    """Run the plan, write what was reported, and end all workers."""
    plan, runner = json.loads(environment.parsed_options.plan), environment.runner
    number, end = 0, time.monotonic() + plan["within"]
    for users, order in plan["turns"]:
        if runner.target_user_count != users and time.monotonic() < end:
            runner.start(users, users)
            until = time.monotonic() + SPAWN
            while runner.user_count < users and time.monotonic() < until:
                gevent.sleep(REPORTS)
        for arm in order:
            if time.monotonic() > end:
                break
            runner.send_message("turn", {"number": number, "arm": arm})
            gevent.sleep(plan["seconds"])
            runner.send_message("turn", {"number": number, "arm": None})
            _drain()
            number += 1
    found = json.dumps({"turns": number, "done": state.done})
    Path(plan["result"]).write_text(found, encoding="utf-8")
    runner.quit()


def _drain() -> None:
    began = time.monotonic()
    until = began + DRAIN
    while time.monotonic() < until:
        gevent.sleep(REPORTS / 2)
        # Of a report that came at once, nobody knows whether the pause had come before it.
        seen = state.workers.values()
        if seen and all(quiet and at > began + REPORTS for at, quiet in seen):
            return


class Caller(FastHttpUser):  # type: ignore[misc]
    """Calls the arm whose turn it is, and waits up to two seconds."""

    wait_time = between(0.01, 2)
    network_timeout = connection_timeout = 20.0

    @task
    def call(self) -> None:
        """Call it; every right reply of an arm is the same."""
        turn = state.turn
        if turn is None or turn["arm"] is None:
            return
        state.arms = state.arms or json.loads(self.environment.parsed_options.plan)["arms"]
        arm = state.arms[turn["arm"]]
        state.under_way += 1
        began = time.perf_counter()
        try:
            with self.client.post(
                arm["path"],
                data=b64decode(arm["body"]),
                headers=arm["headers"],
                name=turn["arm"],
                catch_response=True,
            ) as response:
                taken = time.perf_counter() - began
                problem = ""
                if response.status_code != 200:
                    problem = f"{response.status_code or response.error}"
                elif state.first.setdefault(turn["arm"], response.content) != response.content:
                    problem = "another reply than the first"
                if problem:
                    response.failure(problem)
            state.done.append([turn["number"], problem or taken])
        finally:
            state.under_way -= 1
