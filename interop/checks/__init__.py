"""They read ours, we read theirs, both write the same.

One job per file::

    cases     every dtype, class of shape and telling value
    exchange  one message, both ways, and what came of it
    faults    what a peer is known to get wrong or cannot carry
    report    one table, and every failure with its reason
"""
