"""Who may do what: keys, and the project that each of them opens."""
