"""tensorwire against the real libraries. Run from a checkout: ``python -m interop``.

In the order of a run::

    __main__           the command line, and its exit codes
    run                each peer in turn, and what is known so far
    peers              the peers by name; pins/<peer>.txt is what its environment is made from
    process            starts a peer's worker, sends it requests, ends it
    workers            what runs in the peer's interpreter: a file for each peer, frames, tensors
    implementations    the implementations of each peer, and ours of the same format
    ours               our side: the same messages, encoded and decoded by tensorwire
    cases              every dtype, class of shape and critical value
    checks             they read ours, we read theirs, both write the same
    known_faults       what a peer is known to get wrong, or does not support
    round_trip_losses  what is lost of arrays that are easily changed
    known_losses       which of these losses are known
    speed              how long both sides take for the same payload, and how many bytes
    records            all of it in a file, for programs
"""
