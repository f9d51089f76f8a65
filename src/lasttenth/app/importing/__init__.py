"""Settings of other gateways, read and written as `lasttenth.yaml`."""
