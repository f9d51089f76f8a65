"""Use the official OpenAI client against a running server: a stream with usage, and an answer with citations.

Start a server with `lasttenth up`, index something with `lasttenth index add examples/policies`, then run:
python examples/openai_client.py http://127.0.0.1:8077
"""

import sys

from openai import OpenAI


def main(url: str) -> None:
    """Stream from a scripted model, then ask the task `answer`."""
    client = OpenAI(base_url=f"{url}/v1", api_key="local")
    stream = client.chat.completions.create(
        model="scripted/echo",
        messages=[{"role": "user", "content": "Hello, gateway."}],
        stream=True,
        stream_options={"include_usage": True},
    )
    for chunk in stream:
        for choice in chunk.choices:
            print(choice.delta.content or "", end="")
        if chunk.usage:
            print(f"\n{chunk.usage.total_tokens} tokens")

    raw = client.chat.completions.with_raw_response.create(
        model="task/answer", messages=[{"role": "user", "content": "Within how many days can I return a lamp?"}]
    )
    message = raw.parse().choices[0].message
    print(message.content)
    print(f"trace {raw.headers['x-request-id']}, cost {raw.headers['x-lasttenth-cost']} dollars")
    for annotation in message.annotations or []:
        print(annotation.model_dump())


if __name__ == "__main__":
    main(sys.argv[1])
