"""Documents, quotes and retrieval: from files on disk to passages whose every quotation is verified."""
