"""Everything that leaves this machine leaves through here."""
