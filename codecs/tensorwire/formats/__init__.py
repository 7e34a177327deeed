"""Formats of others, as plug-ins: one file a format, found through the project's entry points.

None of them is loaded before somebody asks for it by name.
"""
