"""Which proxy the environment names for an address: `HTTP_PROXY`, `HTTPS_PROXY` and what `NO_PROXY` takes out of them."""

from urllib.request import getproxies, proxy_bypass

from lasttenth.net.transport import Address


def proxy_for(address: Address) -> str:
    """Return the URL of the proxy for an address, or an empty text.

    It costs more than a whole request, so engines ask once for each URL and keep the answer.
    """
    proxy = getproxies().get(address.scheme, "")
    if not proxy or proxy_bypass(address.host):
        return ""
    return proxy if "://" in proxy else f"http://{proxy}"
