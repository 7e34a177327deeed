"""SeldonMessage: the protocol of Seldon Core 1 and its Python wrapper, in three containers."""
