"""What is lost of arrays that are easily changed: by each peer alone, and by our codecs.

One job per file::

    found     each array, through each of them
    declared  what is known to be lost
    table     a table of peers, a table of ours, and what is lost in silence

The arrays, and how they are compared, are in ``workers/hard.py``: they are made where they are
sent.
"""
