"""What the same payload costs a peer and us: time and bytes.

One job per file::

    timing  both sides in turn, call by call, each checked before it is timed
    table   a table for each payload, what is slower, and the promise
    timed   the functions of each peer that are timed
"""
