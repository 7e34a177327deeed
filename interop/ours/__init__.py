"""Our side of every way that a peer offers: the same message, written and read by tensorwire."""
