"""Where everything is kept. Every port is reached through a handle that is bound to one project; SQL lives only here."""
