"""What runs in a peer's own interpreter; of all else here it imports nothing but numpy."""
