"""The implementations of a job, each by its name.

One job per file::

    implementation  what an implementation is, and the parts of its name
    baselines       what people do without a codec: objects, lists, bare libraries
    protocols       whole messages: each protocol, and the same without tensorwire
    lookup          every implementation by its name
"""
