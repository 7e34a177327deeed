"""tensorwire against the real libraries. Run from a checkout: ``python -m bench.peers``.

One job per file, in the order of a run::

    __main__      the command line, and its exit codes
    environments  a virtual environment for each peer, from the pins in <peer>.txt
    process       starts a peer's worker, speaks to it, ends it; measures it, where asked to
    workers       what runs in the peer's interpreter: frames, tensors, serving, and one for each
    cases         every dtype, class of shape and telling value
    ways          which way of which peer carries what, and which of our protocols speaks it
    ours          our side of each way; of Seldon's, and of TensorFlow's, in files of their own
    checks        they read ours, we read theirs, both write the same
    faults        what a peer is known to get wrong or cannot carry
    report        one table, and every failure with its reason
    speed         how long both sides take for the same message
    speed_table   a table for each payload, and what was promised
"""
