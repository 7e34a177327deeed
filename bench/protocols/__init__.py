"""What does each protocol cost? ``python -m bench.protocols``.

options     the command line
plan        payloads, and which ways on each of them
ways        each protocol as a way
objects     the same without tensorwire: over gRPC (messages), over REST (lists, headers)
targets     the promised speeds
show        what a person sees; all else is of ``bench.codecs`` and ``bench.measure``
"""
