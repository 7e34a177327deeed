"""A codec's figures over a folder of run files: ``python -m bench.history DIR``.

options  the command line
runs     the files of a folder, by machine and date
series   what one codec took from run to run
tables   all codecs in short, or one codec run by run
show     what is written
"""
