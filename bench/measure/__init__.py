"""Cells, checked and then timed in turn, by processes that do nothing else.

One job per file, in the order of a run::

    session     check every cell, then time it
    check       each way is right, and each reads what the other wrote, before it is timed
    run         starts the workers one after another, and ends them
    worker      one process that times all cells in turn (schedule: how often, in which order)
    memory      what a call takes beside its argument, weighed apart by memory_worker
                (memory_pages: the process's; memory_counts: how often it asks)
    py_spy      flame graphs, and what py-spy complains of (prctl: what it may look into)
    results     medians, and the noise that makes a tie
    recording   the same in pyperf's format, with all that is needed to show it again
    runfile     that as a file, written and read (fields: what it may hold)
    environment what the numbers depend on: versions, and the machine
    transport   what a plain HTTP request costs, which advice compares with
"""
