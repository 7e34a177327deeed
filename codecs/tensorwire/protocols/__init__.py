"""The envelope around a payload: whose message it is, and where in it each kind goes."""
