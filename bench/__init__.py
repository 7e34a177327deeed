"""The benchmarks, run from a checkout: ``python -m bench.codecs`` and its neighbours.

A folder each::

    codecs      which format for this payload?
    protocols   what does each protocol cost?
    serving     what does a format cost in a whole request?

    compare     two runs beside each other: slower, faster, larger?
    history     a codec's figures over a folder of runs

    payloads    arrays to measure with
    implementations  the ways to do a job
    measure     workers and samples
    screen      tables and figures, as a person reads them

``peers`` is the old name of ``python -m interop``: the real libraries, beside us and as judges.
``command``, ``options`` and ``ending`` are what their command lines share.
"""
