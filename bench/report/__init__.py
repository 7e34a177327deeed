"""A run as one page to look at: ``python -m bench.report run.json --html out.html``.

page       what a page holds, and the one file that it becomes (``templates/``, by Jinja2)
charts     charts as Vega-Lite specifications (``templates/charts.json``), drawn by vl-convert
codecs     the page of a run of ``bench.codecs``
serving    the page for runs of ``bench.serving``, a module for the sections of a mode
engines    the page of a run of ``bench.engines``
"""
