"""What do 1, 100 and 10,000 nodes need, and what breaks first? ``python -m bench.scaling``.

Computed from what one server was measured to cost: seconds of a core and bytes of each request,
and memory. Traffic, node and model are options.

    __main__   the command line
    measure    one server: seconds of a core, bytes and memory, by form
    records    what was measured, as a file
    fleet      what a fleet needs, and what each resource allows
    tables     the tables, and what breaks first
"""
