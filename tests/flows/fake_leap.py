"""A provider on the loopback that signs no webhook, has no deadline, no reminder and no download: as much of Leap as
flows need."""

from __future__ import annotations

import itertools
from typing import Any, Self

from aiohttp import web

from connectors.signing.leap import Leap, LeapSettings
from connectors.signing.provider import Provider

BASE = "/leap/api/v1/external"


class FakeLeap:
    """Processes by id; `answer` for a process is what it says of itself."""

    def __init__(self) -> None:
        self.processes: dict[str, dict[str, Any]] = {}
        self.callbacks: dict[str, str] = {}
        self.asked = 0
        self.withdrawn: list[str] = []
        self.silent = False
        self.away = False
        self.echoes = False
        self._ids = itertools.count(1)

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post(f"{BASE}/sign-only-api/projects/launch-new", self._launch)
        app.router.add_get(f"{BASE}/projects/info-for-sign-only-integrator/{{id}}", self._info)
        app.router.add_put(f"{BASE}/sign-only-api/projects/cancel/{{id}}", self._cancel)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._runner.cleanup()

    def settings(self, **changes: Any) -> LeapSettings:
        values: dict[str, Any] = {
            "base_url": f"{self.url}{BASE}",
            "api_key": "made-up-key",
            "owner_email": "person00@example.com",
            "rate": 2000.0,
            "timeout_seconds": 3.0,
        }
        return LeapSettings(**{**values, **changes})

    async def open_account(self, provider: str, account: str) -> Provider:
        assert provider == "leap"
        return Leap(self.settings())

    def finish(self, process: str) -> None:
        """Everybody has signed."""
        self.processes[process]["status"] = "COMPLETED"
        for task in self._tasks(process):
            task["status"] = "DONE"

    async def _launch(self, request: web.Request) -> web.Response:
        form = await request.post()
        if self.echoes:
            said = f"cannot use {form['signTasksCompletedCallbackUrl']}"
            return web.json_response({"message": said}, status=500)
        process = f"prj-{next(self._ids)}"
        self.callbacks[process] = str(form["signTasksCompletedCallbackUrl"])
        tasks = [
            {
                "type": "SIGN",
                "assignee": {"email": f"person{number}@example.com"},
                "status": status,
                "url": f"{self.url}/sign/{number}",
            }
            for number, status in (("01", "ONGOING"), ("00", "WAITING"))
        ]
        steps = [{"tasks": [task]} for task in tasks]
        flows = [{"phases": [{"type": "SIGN", "steps": steps}]}]
        self.processes[process] = {"projectId": process, "status": "ONGOING", "flows": flows}
        return web.json_response({} if self.silent else self.processes[process])

    async def _info(self, request: web.Request) -> web.Response:
        self.asked += 1
        if self.away:
            return web.json_response({"message": "away"}, status=503)
        found = self.processes.get(request.match_info["id"])
        return web.json_response(found) if found else web.json_response({"message": "Not found"}, status=404)

    async def _cancel(self, request: web.Request) -> web.Response:
        process = self.processes.get(request.match_info["id"])
        if process is None:
            return web.json_response({"message": "Not found"}, status=404)
        if process["status"] != "ONGOING":
            return web.json_response({"message": "already completed"}, status=400)
        process["status"] = "CANCELED"
        self.withdrawn.append(process["projectId"])
        return web.Response(status=204)

    def _tasks(self, process: str) -> list[dict[str, Any]]:
        steps = self.processes[process]["flows"][0]["phases"][0]["steps"]
        return [step["tasks"][0] for step in steps]
