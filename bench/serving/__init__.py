"""What does a format cost in a whole request? ``python -m bench.serving``.

One job per file::

    __main__    the command line (options), and its exit codes
    cells       the format matrix, and the figures of the known benchmark
    suite       the file of a run, whatever the mode: pyperf's; records reads it back (recorded)
    matrix      mode latency: measured (latency, samples), shown (matrix_tables, targets), written
    throughput  modes throughput and concurrent (loads: what a tool measured, and whether the client
                was the limit; generators: the tools; loadgen: our own; load_tables)
    load        servers or models, one after another (models_server, starts)
    scale       workers up and down under load (scale_load, scale_tables)
    hop         a service in front of the model server (hop_payloads, proxies, nginx, hop_tables)
    noop        a server and commands for other people's tools (locustfile: users for Locust)

    client      how each side's client writes and reads (clients, grpc_client: bytes only)
    models      what the servers answer, and what is right
    processes   servers in processes of their own (servers: those of a matrix; ours, ours_timing;
                objects_rest, objects_grpc: the usual wrapper's way, with the payloads of objects)
    timing      what a server tells of its own time
    flames      py-spy
"""
