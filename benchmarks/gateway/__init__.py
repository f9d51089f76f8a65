"""What the gateway costs on its way: CPU of whole process trees beside nginx, LiteLLM and two routers, in one run."""
