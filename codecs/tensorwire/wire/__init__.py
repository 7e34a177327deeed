"""Vectorised conversion of bytes and arrays, independent of message, protocol and container."""
