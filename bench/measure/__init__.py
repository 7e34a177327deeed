"""Cells, checked and then timed in turn, by processes that do nothing else.

One job per file, in the order of a run::

    run         check every cell, then time it in workers, one after another
    pyperf_suite  the same cells by pyperf, in many processes (--rigorous)
    check       each implementation is right, and each reads what the other wrote
    worker      one process that times all cells in turn: how often, in which order
    results     samples, medians, and the noise of the A/A controls that makes a tie
    whole       recorded traffic as one payload: the mean request
    runfile     a run as a file of pyperf's, written and read
    machine     what the numbers depend on: versions, and the machine
    memory      what a call takes beside its argument, weighed in processes of its own
    flamegraph  where a cell or a server spends its time, by py-spy
    links       bodies compressed, and in smaller dtypes (--links)
    transfers   what that gives: ways to send a payload, each with its bytes and seconds
    paced       a link of known speed over 127.0.0.1, and real transfers through it
    transport   what a plain HTTP request costs, which the advice compares with
"""
