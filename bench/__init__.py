"""The benchmarks, run from a checkout: ``python -m bench.codecs`` and its neighbours.

A folder each::

    codecs      which format for this payload?
    protocols   what does each protocol cost?
    serving     what does a format cost in a whole request?
    peers       the real libraries, beside us and as judges

    measuring   payloads, ways, workers and samples
    screen      tables and figures, as a person reads them

``command`` and ``options`` are what their command lines share.
"""
