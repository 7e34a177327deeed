"""tensorwire against the real libraries. Run from a checkout: ``python -m interop``.

In the order of a run::

    __main__      the command line, and its exit codes
    run           each peer in turn, and what is known so far
    environments  a virtual environment for each peer, from the pins in pins/<peer>.txt
    process       starts a peer's worker, speaks to it, ends it; measures it, where asked to
    workers       what runs in the peer's interpreter: frames, tensors, serving, and one for each
    ways          which way of which peer carries what, and what of ours speaks it
    ours          our side of each way
    checks        they read ours, we read theirs, both write the same
    losses        what is lost of arrays that are easily changed
    speed         how long both sides take for the same payload, and how many bytes
    written       all of it in a file, for programs
"""
