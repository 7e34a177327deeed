"""Tables on a terminal, as plain text and as Markdown, and figures with three digits."""
