"""The upstream of plain requests: nginx, which answers each with the same chat completion, and counts them.

One port answers at once; the other one reads the whole body first, as a model does, for bodies beyond one packet.
"""

import contextlib
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from benchmarks.gateway.processes import Tree, free_port, until

PATH = "/v1/chat/completions"
MODEL = "mock"

_ANSWER = " ".join(f"Sentence {number} says that lamps are returned within thirty days." for number in range(11))
REPLY = json.dumps(
    {
        "id": "chatcmpl-0123456789abcdef0123456789abcdef",
        "object": "chat.completion",
        "created": 1_790_000_000,
        "model": MODEL,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": _ANSWER, "refusal": None, "annotations": []},
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": {
            "prompt_tokens": 160,
            "completion_tokens": 140,
            "total_tokens": 300,
            "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
        },
        "service_tier": "default",
        "system_fingerprint": "fp_0123456789",
    }
)
"""About 1.2 KB."""

_CONFIGURATION = """
daemon off; {user} worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
  access_log off; client_max_body_size 0; client_body_buffer_size 2m;
  keepalive_requests 1000000000; keepalive_timeout 600s; tcp_nodelay on;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  log_format hit "."; default_type application/json;
  server {{
    listen 127.0.0.1:{port};
    location / {{ return 200 '{{"object":"list","data":[{{"id":"mock","object":"model"}}]}}'; }}
    location = /v1/chat/completions {{ access_log {folder}/hits hit buffer=32k flush=100ms; return 200 '{reply}'; }}
  }}
  upstream behind {{ server unix:{folder}/behind.sock; keepalive 64; keepalive_requests 1000000000; }}
  server {{ listen unix:{folder}/behind.sock; return 200 '{reply}'; }}
  server {{
    listen 127.0.0.1:{reading_port};
    location / {{ return 200 '{{"object":"list","data":[{{"id":"mock","object":"model"}}]}}'; }}
    location = /v1/chat/completions {{
      access_log {folder}/hits hit buffer=32k flush=100ms; proxy_pass http://behind; proxy_http_version 1.1;
      proxy_set_header Connection ""; proxy_set_header Content-Length ""; proxy_pass_request_body off;
    }}
  }}
}}
"""


class Upstream(NamedTuple):
    """A running upstream: where it listens, and where it counts."""

    port: int
    reading_port: int
    hits_file: Path

    def hits(self) -> int:
        """Return how many requests were answered, once the count has come to rest."""
        size, since = -1, 0.0
        while size != (now := self.hits_file.stat().st_size) or time.monotonic() - since < 0.3:
            since = time.monotonic() if size != now else since
            size = now
            time.sleep(0.05)
        return size // 2


@contextlib.contextmanager
def static_upstream(folder: Path, *, cores: str) -> Iterator[Upstream]:
    """Run the upstream."""
    folder.mkdir(parents=True)
    upstream = Upstream(free_port(), free_port(), folder / "hits")
    configuration = _CONFIGURATION.format(
        folder=folder, port=upstream.port, reading_port=upstream.reading_port, reply=REPLY, user=user_directive()
    )
    (folder / "nginx.conf").write_text(configuration, encoding="utf-8")
    with Tree(["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")], cores=cores, folder=folder):
        until(upstream.hits_file.exists, "nginx as upstream starts")
        yield upstream


def user_directive() -> str:
    """Return what lets nginx's workers read our folder: started by root they would be somebody else."""
    return "user root;" if os.getuid() == 0 else ""
