"""The implementations of a job, each by its name.

One job per file::

    implementation  what an implementation is, and the parts of its name
    baselines       what people do without a codec: objects, lists, bare libraries
    protocols       whole messages: each protocol, and the same without tensorwire
    compressors     zstd, lz4 and gzip of a whole body
    lookup          every implementation by its name
"""
