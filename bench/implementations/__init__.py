"""The ways to do a job, each by its name.

One job per file::

    ways        a way to do a job, and what its name says (baselines*: what people do without)
    lookup      every way by its name: codecs, baselines, protocols
"""
