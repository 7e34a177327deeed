"""What does a format cost in a whole request? ``python -m bench.serving``.

One job per file::

    __main__    the command, and its exit codes (options: the command line)
    mode        what the modes have in common; a mode each:
                matrix (latency), throughput (and concurrent), starts (load), scale, hop, floor
                (bare: its echoes), noop
    records     what a file holds, written and read back (samples: requests, and their statistics)
    cells       the format matrix, and the figures of the known benchmark (targets: the promises)
    clients     how each side's client writes, sends and reads
    loadgen     the tools that make a load; locustfile: users for Locust
    processes   servers in processes of their own: servers (ours), objects (the usual wrapper's),
                proxies (nginx, and ours in front); models: what they answer, and what is right
"""
