"""Which format for this payload? ``python -m bench.codecs``.

One job per file::

    __main__    the command line (options), and its exit codes
    plan        from options to payloads, codecs and baselines
    advice      which format: best and crossovers, from the numbers alone
    show        what a person sees: tables, targets, answer, avoid
    csv_out     one line per cell
"""
