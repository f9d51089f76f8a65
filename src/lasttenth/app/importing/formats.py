"""The gateways whose settings can be read, by their names. A gateway is one line of this table."""

from lasttenth.app.importing.litellm import files as litellm
from lasttenth.app.importing.outcomes import SettingsImporter

GATEWAYS: dict[str, SettingsImporter] = {"litellm": litellm.read_gateway}
