"""The HTTP door: the gateway's hot paths as raw ASGI, everything else on Starlette."""
