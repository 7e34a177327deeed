"""Our side: the messages of the peers, encoded and decoded by tensorwire."""
