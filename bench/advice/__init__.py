"""Which format, and why: from the numbers of one run alone, and by asking the library.

One job per file::

    scores        times and sizes of one section of a run, and what is slower beyond the noise
    capabilities  what each codec makes of arrays that are hard to represent
    advice        recommendations by payload, and the share of a request: plain data
    wording       the same in a few lines, the last of them what to take
    links         whether to compress, over links of several speeds
"""
