"""Which format for this payload? ``python -m bench.codecs``.

One job per file::

    __main__    the command line (options), and its exit codes
    plan        from options to payloads, codecs and baselines
    own         --payload: from files to payloads
    scores      times and sizes of one section, and what counts as level
    choices, crossovers, matters, carries, avoid
                one question each, answered from the scores, or by asking the library
    advice      all of these answers as plain data
    sentences*  the same in words (places: how they name payloads and codecs)
    answer      lines of advice for a screen or a page, and the table of choices
    show        what a person sees: tables, memory_tables, targets, advice, avoid
    json_out    the run and its advice for programs
    profile     --profile: a flame graph of one cell (profile_worker does the cell)
    csv_out     one line per cell
    rigorous    measured by pyperf instead (rigorous_options), in workers (rigorous_worker)
"""
