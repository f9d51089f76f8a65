"""The gateways beside each other: how each is started, and what it is asked for."""

import json
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from benchmarks.gateway import bodies
from benchmarks.gateway.processes import Tree, free_port, until
from benchmarks.gateway.upstream import MODEL, PATH, user_directive

_START_SECONDS = 180.0


class Place(NamedTuple):
    """Where a gateway runs, and for which upstream."""

    folder: Path
    environments: Path
    upstream_port: int
    cores: str
    models: tuple[str, ...] = (MODEL,)


class Running(NamedTuple):
    """A gateway that answers."""

    tree: Tree
    port: int
    headers: Mapping[str, str]
    provider: str
    """What stands before the name of a model."""
    folder: Path


class Gateway(NamedTuple):
    """A gateway under its name in the tables."""

    name: str
    begin: Callable[[Place], Running]
    """Start its processes and return at once."""

    def start(self, place: Place) -> Running:
        """Start it and return once it has answered a request."""
        place.folder.mkdir(parents=True)
        running = self.begin(place)
        try:
            until(lambda: answers(running), f"{self.name} answers", seconds=_START_SECONDS, pause=0.004)
        except BaseException:
            sys.stderr.write(running.tree.log.read_text(encoding="utf-8", errors="replace")[-4000:])
            running.tree.stop()
            raise
        return running


def answers(running: Running, model: str = MODEL) -> bool:
    """Tell whether a gateway answers a request."""
    if not running.tree.is_alive():
        raise RuntimeError("The gateway has ended.")
    body = bodies.plain(running.provider + model).text(0, bodies.corpus()).encode()
    headers = {"content-type": "application/json", **running.headers}
    request = urllib.request.Request(f"http://127.0.0.1:{running.port}{PATH}", body, headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as reply:  # noqa: S310 - loopback
            return bool(json.load(reply)["choices"])
    except (urllib.error.URLError, ConnectionError):
        return False


_NGINX = """
daemon off; {user} worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
  access_log off; client_max_body_size 0; client_body_buffer_size 2m; tcp_nodelay on;
  keepalive_requests 1000000000; keepalive_timeout 600s;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  upstream up {{ server 127.0.0.1:{upstream}; keepalive 512; keepalive_requests 1000000000; keepalive_timeout 600s; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{ proxy_pass http://up; proxy_http_version 1.1; proxy_set_header Connection ""; }}
  }}
}}
"""


def _nginx(place: Place) -> Running:
    port = free_port()
    text = _NGINX.format(folder=place.folder, upstream=place.upstream_port, port=port, user=user_directive())
    (place.folder / "nginx.conf").write_text(text, encoding="utf-8")
    command = ["nginx", "-p", str(place.folder), "-c", str(place.folder / "nginx.conf")]
    return Running(Tree(command, cores=place.cores, folder=place.folder), port, {}, "", place.folder)


def _litellm(place: Place) -> Running:
    port = free_port()
    base = f"http://127.0.0.1:{place.upstream_port}/v1"
    models = [
        {"model_name": name, "litellm_params": {"model": f"openai/{name}", "api_base": base, "api_key": "none"}}
        for name in place.models
    ]
    settings = {
        "model_list": models,
        "general_settings": {"master_key": "sk-benchmark"},
        "litellm_settings": {"telemetry": False, "drop_params": True},
    }
    # JSON is YAML.
    (place.folder / "config.yaml").write_text(json.dumps(settings), encoding="utf-8")
    command = [str(place.environments / "litellm/bin/litellm"), "--config", "config.yaml", "--host", "127.0.0.1"]
    command += ["--port", str(port), "--num_workers", "1"]
    environment = {
        "LITELLM_MODE": "PRODUCTION",
        "LITELLM_LOG": "ERROR",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "NO_DOCS": "True",
    }
    tree = Tree(command, cores=place.cores, folder=place.folder, environment=environment)
    return Running(tree, port, {"Authorization": "Bearer sk-benchmark"}, "", place.folder)


def _sglang_router(place: Place) -> Running:
    port = free_port()
    command = [
        str(place.environments / "routers/bin/python"),
        "-m",
        "sglang_router.launch_router",
        "--backend",
        "openai",
    ]
    command += ["--worker-urls", f"http://127.0.0.1:{place.upstream_port}", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--prometheus-port", str(free_port()), "--log-level", "error"]
    return Running(Tree(command, cores=place.cores, folder=place.folder), port, {}, "", place.folder)


def _vllm_router(place: Place) -> Running:
    port = free_port()
    command = [str(place.environments / "routers/bin/vllm-router"), "--policy", "round_robin"]
    command += ["--worker-urls", f"http://127.0.0.1:{place.upstream_port}", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--prometheus-port", str(free_port()), "--log-level", "error"]
    return Running(Tree(command, cores=place.cores, folder=place.folder), port, {}, "", place.folder)


NGINX = Gateway("nginx", _nginx)
LITELLM = Gateway("LiteLLM", _litellm)
SGLANG_ROUTER = Gateway("sglang-router", _sglang_router)
VLLM_ROUTER = Gateway("vllm-router", _vllm_router)
PEERS = (NGINX, LITELLM, SGLANG_ROUTER, VLLM_ROUTER)
