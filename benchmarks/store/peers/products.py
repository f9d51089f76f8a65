"""The peers: how each is started, where its rows are counted, and how its own interface answers the same questions."""

import json
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from benchmarks.store.load import BEGIN, Span

DAY_MS = 24 * 3600 * 1000


class Question(NamedTuple):
    """One request, and what its answer must hold so that it counts as one."""

    method: str
    path: str
    body: dict[str, Any] | None = None
    holding: str = ""
    """A regular expression."""


class Product(Protocol):
    """A peer."""

    version: str
    requirement: str
    database: str
    """The file that holds its rows, relative to its folder."""
    headers: dict[str, str]

    def command(self, python: Path, folder: Path, port: int) -> tuple[list[str], dict[str, str]]:
        """Return the command that starts the server, and what is added to its environment."""
        ...

    def questions(self, trace: list[Span], word: str) -> dict[str, Question]:
        """Return what is asked, about one trace and one word that was stored."""
        ...


class Phoenix:
    """Arize Phoenix with SQLite, its default."""

    version = "20.26.1"
    requirement = "arize-phoenix==20.26.1"
    database = "phoenix.db"
    headers: dict[str, str] = {}  # noqa: RUF012 - nobody changes it

    def command(self, python: Path, folder: Path, port: int) -> tuple[list[str], dict[str, str]]:
        """Return the command; telemetry of its own is off, and sign-in is off by default."""
        environment = {
            "PHOENIX_WORKING_DIR": str(folder),
            "PHOENIX_HOST": "127.0.0.1",
            "PHOENIX_PORT": str(port),
            "PHOENIX_TELEMETRY_ENABLED": "false",
        }
        return [str(python), "-m", "phoenix.server.main", "serve"], environment

    def questions(self, trace: list[Span], word: str) -> dict[str, Question]:
        """Return REST where it answers the question, GraphQL where only that does."""
        of, tid = "/v1/projects/default", trace[0]["trace_id"]
        times = {"start": "2026-01-01T00:00:00Z", "end": "2026-01-02T00:00:00Z"}
        series = "{ data { timestamp %s } }"
        costs = "traceTokenCostTimeSeries(timeRange: $times, timeBinConfig: {scale: HOUR}) " + series % "totalCost"
        latencies = (
            "traceLatencyMsPercentileTimeSeries(timeRange: $times, timeBinConfig: {scale: HOUR}) " + series % "p95"
        )
        search = f"spans(first: 50, filterCondition: \"'{word}' in output.value\") {{ edges {{ node {{ spanId }} }} }}"
        return {
            "latest 50 traces": Question("GET", f"{of}/traces?limit=50", holding="next_cursor"),
            "latest 50 with an error": Question("GET", f"{of}/traces?limit=50&error=true", holding="trace_id"),
            "one trace of 8 spans": Question(
                "GET", f"{of}/spans?trace_id={tid}&limit=100", holding=trace[-1]["span_id"]
            ),
            "cost per hour": _graphql(costs, times, r'"totalCost":\s*\d'),
            "p95 latency per hour": _graphql(latencies, times, r'"p95":\s*\d'),
            "text search": _graphql(search, times, "spanId"),
        }


class Mlflow:
    """MLflow's tracking server with SQLite and its default number of workers."""

    version = "3.17.2"
    requirement = "mlflow==3.17.2"
    database = "mlflow.db"
    headers = {"x-mlflow-experiment-id": "0"}  # noqa: RUF012 - nobody changes it

    def command(self, python: Path, folder: Path, port: int) -> tuple[list[str], dict[str, str]]:
        """Return the command; telemetry of its own is off."""
        store, artefacts = f"sqlite:///{folder / self.database}", str(folder / "artefacts")
        address = ["--host", "127.0.0.1", "--port", str(port)]
        command = [str(python), "-m", "mlflow", "server", "--backend-store-uri", store]
        return [*command, "--artifacts-destination", artefacts, *address], {"MLFLOW_DISABLE_TELEMETRY": "true"}

    def questions(self, trace: list[Span], word: str) -> dict[str, Question]:
        """Return REST questions; a percentile by model is asked as well, since its names suggest it."""
        one = f"/api/3.0/mlflow/traces/get?trace_id=tr-{trace[0]['trace_id']}"
        return {
            "latest 50 traces": _search(""),
            "latest 50 with an error": _search("trace.status = 'ERROR'"),
            "one trace of 8 spans": Question("GET", one, holding="spans"),
            "cost per hour": _metric("total_cost", {"aggregation_type": "SUM"}, []),
            "cost per hour and model": _metric("total_cost", {"aggregation_type": "SUM"}, ["span_model_name"]),
            "p95 latency per hour": _metric("latency", {"aggregation_type": "PERCENTILE", "percentile_value": 95}, []),
            "text search": _search(f"trace.text LIKE '%{word}%'"),
        }


PRODUCTS: dict[str, Product] = {"phoenix": Phoenix(), "mlflow": Mlflow()}


def _graphql(selection: str, times: dict[str, str], holding: str) -> Question:
    query = f"""query ($times: TimeRange!) {{ getProjectByName(name: "default") {{ {selection} }} }}"""
    if "$times" not in selection:
        query = query.replace("($times: TimeRange!) ", "")
    return Question("POST", "/graphql", {"query": query, "variables": {"times": times}}, holding)


def _search(condition: str) -> Question:
    where = {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "0"}}
    body = {"locations": [where], "max_results": 50, "order_by": ["timestamp_ms DESC"], "filter": condition}
    return Question("POST", "/api/3.0/mlflow/traces/search", body, "trace_id")


def _metric(name: str, aggregation: dict[str, Any], dimensions: list[str]) -> Question:
    body = {
        "experiment_ids": ["0"],
        "view_type": "SPANS",
        "metric_name": name,
        "aggregations": [aggregation],
        "dimensions": dimensions,
        "time_interval_seconds": 3600,
        "start_time_ms": BEGIN // 1_000_000,
        "end_time_ms": BEGIN // 1_000_000 + DAY_MS,
    }
    return Question("POST", "/api/3.0/mlflow/traces/metrics", body, "values")


def body_of(question: Question) -> bytes | None:
    """Return the body that is sent."""
    return None if question.body is None else json.dumps(question.body).encode()
