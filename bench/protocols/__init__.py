"""What does each protocol cost? ``python -m bench.protocols``.

One job per file::

    __main__  the command line
    plan      payloads, and what is measured on each of them
    targets   the promised speeds
    show      what a person sees
"""
