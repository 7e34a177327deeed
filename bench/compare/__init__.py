"""Two runs beside each other: what became slower or faster, what is level, and what grew.

One job per file::

    __main__  the command line, and its exit codes
    changes   which payload and cell of one file is which of the other; each cell, and the verdict
    interval  the confidence interval of a ratio of two medians
    gate      what is exact: bytes, views, copies, allocations; and what counts as a regression
    show      what is written
    history   a codec's figures over a folder of runs: ``python -m bench.history``
    record    makes ``exact.json``, the small file that CI compares with
"""
