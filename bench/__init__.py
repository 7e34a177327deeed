"""The benchmarks: ``python -m bench.codecs`` and its neighbours in a clone.

In the wheel this folder is the package ``tensorwire_bench``: ``tensorwire bench``.

A folder each::

    codecs      which format for this payload?
    protocols   what does each protocol cost?
    serving     what does a format cost in a whole request?
    engines     what would tensorwire change in the engine that I run?
    compare     two runs beside each other, or a folder of runs: slower, faster, larger?
    report      a run as one page

    payloads         arrays to measure with
    implementations  the ways to do a job: codecs, protocols, and what people do without
    measure          cells, checked and then timed by workers; run files
    advice           which format, and why: as data, and in sentences

``cli``, ``interrupt`` and ``process`` are what command lines and children share, ``environments``
where other libraries run; ``screen``, ``figures``, ``tables``, ``links``, ``summary``, ``targets``
and ``export`` are what they write.
``command`` knows what each command is called; ``peers`` is the old name of ``python -m interop``.
"""
