"""What does each protocol cost? ``python -m bench.protocols``."""
