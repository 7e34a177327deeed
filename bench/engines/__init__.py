"""What would tensorwire change in the engine that somebody runs? ``python -m bench.engines``.

Each engine as it is, beside the same engine with tensorwire inside, beside the same route written
by hand with orjson and ``np.array``: the benchmarks of the field, in one table.

    __main__   the command line
    scenario   what a scenario is: the contract of ``scenarios/NAME.py``
    run        scenarios one after another: what is missing, what failed, what was measured
    ramps      users that come and go, by Locust (locustfile: what each of them does)
    rounds     the arms of a case in turns, under load
    ramps      more and more users of Locust, on this host or on others
    locustfile what those users do; all that other hosts need
    servers    an engine as a process in its environment
    namespace  a loopback of our own, for engines that listen on all interfaces
    keeper     ends an engine when its parent is gone
    gains      how many times as fast, and whether that is more than noise
    table      one table, and the answer for each engine
    records    a run as a file

    scenarios  a file each
    apps       what runs in the engines
    pins       what the environment of each engine is made from
"""
