"""A run as one page to look at: ``python -m bench.report run.json --html out.html`` (``options``).

Drawing, which knows nothing of runs::

    markup      elements as text, escaped unless they are elements already
    page        the frame: style.css, script.js, and a policy that forbids the network
    switches    radio buttons and boxes that work without a script
    table       a table that can be sorted
    scales      values to pixels
    svg         lines, texts and marks
    looks       colours, marks and dashes
    labels      places for labels, so that none covers another
    charts      times against batch size
    dots, bars  one payload: times, and bytes

Runs of ``bench.codecs``::

    codecs           the page
    codecs_views     there and back, encode, decode: what each shows
    codecs_figure    a section that grows, with its switches
    codecs_series    its lines
    codecs_sizes     its bars
    codecs_dots      a payload that stands alone, as dots
    codecs_crossings where two lines cross
    codecs_table     every figure
    codecs_facts     machine, versions, noise, and what could not be measured
    codecs_chart     the picture for a README

Runs of ``bench.serving``, a file of each mode at most::

    serving          the page (serving_lead: the answers; serving_facts: machine and versions)
    serving_matrix   the format matrix, ours beside the usual way (serving_pairs)
    serving_breakdown  where the time of a request goes
    serving_throughput, serving_concurrent  many clients (serving_loads)
    serving_starts   time to ready, and memory
    serving_scale    workers that come and go (serving_timeline)
    serving_hop      one service in front
    serving_words    names, groups and looks

``machine`` says where a run was made. ``standalone`` puts panels together, ``picture`` turns that
into a PNG, ``palette`` makes it small, and ``files`` writes a file whole or not at all.
"""
