"""SciFact: retrieval, quoted evidence, and answering or declining."""
