"""The settings of LiteLLM's proxy, from its file to a server that answers the same names."""

from pathlib import Path

from openai import OpenAI
from tests.journeys.commands import error_of, lasttenth, output_of
from tests.journeys.conversations import asked

from lasttenth.testing import Upstream, completion, failure, running_server

CONFIGURATION = """
model_list:
  - model_name: fast
    litellm_params:
      model: openai/lamp-small
      api_base: {base_url}
      api_key: os.environ/LAMPS_KEY
  - model_name: steady
    litellm_params:
      model: hosted_vllm/lamp-large
      api_base: {base_url}
      api_key: sk-written-here

router_settings:
  num_retries: 0
  fallbacks:
    - fast: [steady]
"""


def test_imported_settings_answer_by_the_same_names_and_fall_back(upstream: Upstream, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(CONFIGURATION.format(base_url=upstream.base_url))
    report = output_of("import", "litellm", "config.yaml", folder=tmp_path)
    written = (tmp_path / "lasttenth.yaml").read_text()

    assert [outcome["model"] for outcome in report["outcomes"]] == ["fast", "steady"]
    assert "sk-written-here" not in written + str(report)
    upstream.script("lamp-small", completion("Small."), failure(500, "Out of order."))
    upstream.script("lamp-large", completion("Large."))
    with (
        running_server(tmp_path / "data", settings=written, environment={"LAMPS_KEY": "lamps-secret"}) as server,
        OpenAI(base_url=f"{server.base_url}/v1", api_key="local", max_retries=0) as client,
    ):

        def answered(model: str) -> str | None:
            reply = client.chat.completions.create(model=model, messages=asked("Hello?"))
            return reply.choices[0].message.content

        assert [answered("fast"), answered("steady"), answered("fast")] == ["Small.", "Large.", "Large."]
    assert upstream.requests("lamp-small")[0].headers["authorization"] == "Bearer lamps-secret"


def test_settings_that_stand_already_are_written_over_by_force_alone(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(CONFIGURATION.format(base_url="http://127.0.0.1:9/v1"))
    settings = tmp_path / "mine.yaml"
    to = ("--to", "mine.yaml")
    dry = lasttenth("import", "litellm", "config.yaml", *to, "--dry-run", folder=tmp_path)
    assert "mine.yaml  would be written" in dry.stdout
    assert "fast → fast  mine.yaml" in dry.stdout
    assert not settings.exists()
    settings.write_text("workers: 2\n")

    code, error = error_of("import", "litellm", "config.yaml", *to, folder=tmp_path)
    assert (code, error["code"], settings.read_text()) == (5, "conflict", "workers: 2\n")

    assert output_of("import", "litellm", "config.yaml", *to, "--force", folder=tmp_path)["written"] == ["mine.yaml"]
    assert output_of("import", "litellm", "config.yaml", *to, folder=tmp_path)["written"] == []


def test_losses_end_with_one_and_mistakes_are_errors(tmp_path: Path) -> None:
    more = "general_settings: {master_key: sk-1234}\n"
    (tmp_path / "config.yaml").write_text(CONFIGURATION.format(base_url="http://127.0.0.1:9/v1") + more)
    finished = lasttenth("import", "litellm", "config.yaml", folder=tmp_path)

    assert finished.returncode == 1
    assert "lost  general_settings.master_key: It was not copied" in finished.stdout
    assert "sk-1234" not in finished.stdout
    assert (tmp_path / "lasttenth.yaml").exists()
    assert error_of("import", "litellm", "gone.yaml", folder=tmp_path)[1]["code"] == "invalid_configuration"
    assert error_of("import", "litellm", "config.yaml", "--model", "a/b", folder=tmp_path)[0] == 2
    assert "langfuse, litellm" in lasttenth("import", "word", "config.yaml", folder=tmp_path).stderr
    assert "litellm" not in lasttenth("export", "litellm", "fast", folder=tmp_path).stderr.partition("There are:")[2]
