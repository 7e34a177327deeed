"""Which format for this payload? Run from a checkout: ``python -m bench.codecs``.

One job per file, in the order of a run::

    codecs      the command line, and its exit codes
    options     what was asked for, or one clear line
    plan        from options to payloads (payloads, payload_files), codecs and baselines
    ways        every way to do a job: our codecs, and what people do without (baselines*)
    session     check every cell, then time it
    check       each way is right, and each reads what the other wrote, before it is timed
    measure     starts the workers one after another, and ends them (progress)
    worker      one process that times all cells in turn (schedule: how often, in which order)
    results     medians, and the noise that makes a tie
    advice      which format: best and crossovers, from the numbers alone
    show        what a person sees: tables, targets, answer, avoid
    render      how: on a terminal, as plain text, as Markdown (layout, figures)
    csv_out     one line per cell; pyperf_out: pyperf's own format, with the environment
"""
