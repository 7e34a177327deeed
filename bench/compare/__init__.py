"""Two runs beside each other: what became slower or faster, what is level, and what grew.

options     the command line
files       a run of ours, or any file of pyperf's
alike       what differs between two machines and their versions
match       which payload and cell of one file is which of the other
interval    how sure a ratio of two medians is
changes     one cell in both files, and the verdict
facts       what is exact: bytes, views, copies, allocations
gate        what counts as a regression
tables, show, csv_out   what is written
record      makes ``exact.json``, the small file that CI compares with
"""
