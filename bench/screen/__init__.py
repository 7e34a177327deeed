"""Tables and figures, as a person reads them.

table       a table, however it will be drawn
render      a table drawn: with colours, as plain text, as Markdown
layout      the widths of its columns, and how one that is too wide is cut
text        how wide text is, and where a line of it breaks
figures     numbers with three digits and a unit
progress    a bar that rewrites itself
"""
