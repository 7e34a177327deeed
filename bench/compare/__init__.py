"""What became slower or faster, and what grew: this code against another, two runs, or many.

One job per file::

    __main__  the command line, and its exit codes
    against   this code and another version of it, measured in turns
    trees     the two versions, in folders beside each other
    pairs     pairs of processes: what they measure, and in which order
    side      one of these processes
    signs     a sequential sign test: which cells are slower, or cannot be told
    changes   which payload and cell of one run is which of the other; each cell, and the verdict
    interval  the confidence interval of a ratio of two medians, of two files
    gate      what is exact: bytes, views, copies, allocations; and what counts as a regression
    show      what is written
    history   a codec's figures over a folder of runs, as tables
    page      the same as a page
    record    makes ``exact.json``, the small file that CI compares with
"""
