"""Nothing that listens answers without the key or Ray's token, and HTTP listens on loopback only."""

import socket
import subprocess
import sys

import httpx
import psutil
import pytest

from serving.client.run_state import read_state
from tests.service import Service

OPEN = {"/": "<!doctype html>", "/healthz": '{"status":"ok"}'}  # the page without data, and whether the process lives
HTTP_PATHS = (
    "/",
    "/metrics",
    "/stats",
    "/healthz",
    "/v1/documents",
    "/api/version",
    "/api/jobs/",
    "/api/actors",
    "/nodes?view=summary",
    "/-/routes",
    "/-/metrics",
    "/timezone",
)
DASHBOARD_SHELL = "<!doctype html><html"  # Ray's dashboard page, which asks for the token before it shows anything
HARMLESS = ("success", '{"/":"glossa"}', '{"null":"ingest"}')  # Serve's own health check and the names of its two applications


def listening(service: Service) -> set[tuple[str, int]]:
    """Every TCP socket that a process of this instance listens on, as `ss -ltn` shows them."""
    family = {service.process.pid, *(child.pid for child in psutil.Process(service.process.pid).children(recursive=True))}
    lines = subprocess.run(["ss", "-Hltnp"], capture_output=True, text=True, check=True).stdout.splitlines()
    found = set()
    for line in lines:
        if any(f"pid={pid}," in line for pid in family):
            host, _, port = line.split()[3].rpartition(":")
            found.add((host.strip("[]"), int(port)))
    return found


def reachable(host: str) -> str:
    """An address to connect to for one that is listened on."""
    return "127.0.0.1" if host in ("*", "0.0.0.0", "::") else host


def test_the_public_port_listens_on_loopback_only(service: Service) -> None:
    port = int(service.url.rsplit(":", 1)[1])
    assert {host for host, number in listening(service) if number == port} == {"127.0.0.1"}


def test_no_socket_answers_http_without_the_key_or_the_token(service: Service) -> None:
    sockets = listening(service)
    assert len(sockets) > 8  # Ray's own are among them
    for host, port in sorted(sockets):
        for path in HTTP_PATHS:
            try:
                response = httpx.get(f"http://{reachable(host)}:{port}{path}", timeout=3)
            except httpx.HTTPError:
                continue  # not HTTP: gRPC is tried below
            text = response.text
            told = response.status_code == 200 and not text.startswith((*OPEN.values(), DASHBOARD_SHELL)) and text not in HARMLESS
            assert not told, f"{host}:{port}{path} answered {text[:200]!r}"


def test_ray_refuses_a_program_without_the_token(service: Service) -> None:
    state = read_state(service.data)
    assert state is not None
    attach = f"import ray; ray.init(address={state.ray_address!r}, log_to_driver=False); print('in')"
    stranger = {"PATH": "/usr/bin", "HOME": "/nonexistent", "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "wrong"}
    tried = subprocess.run([sys.executable, "-c", attach], check=False, capture_output=True, text=True, timeout=120, env=stranger)
    assert tried.returncode != 0
    assert "in" not in tried.stdout.split()


def outside_address() -> str | None:
    """An address of this machine that is not its loopback's."""
    addresses = [entry for entries in psutil.net_if_addrs().values() for entry in entries if entry.family == socket.AF_INET]
    return next((entry.address for entry in addresses if not entry.address.startswith("127.")), None)


@pytest.mark.parametrize("name", ["/v1/documents", "/"])
def test_a_peer_from_another_address_of_this_machine_is_refused_where_the_port_is_open_to_it(service: Service, name: str) -> None:
    outside = outside_address()
    if outside is None:
        pytest.skip("this machine has a loopback interface only")
    for host, port in listening(service):
        if host in ("*", "0.0.0.0", "::", outside):
            try:
                response = httpx.get(f"http://{outside}:{port}{name}", timeout=3)
            except httpx.HTTPError:
                continue
            assert response.status_code in (401, 403, 404), f"{outside}:{port}{name} answered {response.text[:200]!r}"
