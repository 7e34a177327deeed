"""Which format for this payload? ``python -m bench.codecs``.

One job per file::

    __main__      the command line, and its exit codes
    plan          from options to payloads, codecs and baselines; a user's own files
    links         --links: compress what was encoded, and check it by real transfers
    traffic       folders of recorded requests
    show          what a person sees: tables, then the answer
    targets       the promised speeds
"""
