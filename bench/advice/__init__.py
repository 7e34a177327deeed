"""Which format, and why: from the numbers of one run alone, and by asking the library.

One job per file::

    scores        times and sizes of one section of a run, and what counts as level
    capabilities  what each codec makes of arrays that are hard to represent
    advice        recommendations, crossovers, transport share, what to avoid: plain data
    wording       the same in sentences
    links         whether to compress, over links of several speeds
"""
