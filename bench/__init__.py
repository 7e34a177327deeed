"""Which format for this payload? Run from a checkout: ``python -m bench.codecs``.

One job per file, in the order of a run::

    options    what was asked for, or one clear line
    payloads   the arrays, named so that a worker builds the same ones
    ways       every way to do a job: our codecs, and what people do without them (baselines*)
    check      each way is right before it is timed
    schedule   how often each cell is timed, and in which order
    worker     one process that times all cells in turn
    measure    starts the workers one after another, and ends them
    results    medians, noise, ties
    advice     which format
    tables     what to show (sizes, times, targets); render, csv_out, pyperf_out: how
"""
