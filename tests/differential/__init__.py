"""A differential run: hundreds of thousands of generated checks against independent opinions.

``python -m tests.differential`` prints, for each kind of check, how many were tried, survived, were
refused and went wrong, with a call that repeats each of the first failures; it exits with 1 where
anything went wrong.

    bodies      valid messages of every codec and protocol, other spellings of them, and damage
    contents    all that a message says, comparable
    reencode    decode, encode, decode again: nothing changes
    transcode   from every codec and protocol to every other: the target says what the source said
    peek        what peek tells is what decode gives
    damaged     changed bytes are read as the official libraries read them, or refused
    nesting     nesting ends in a value or in a `CodecError`, however deep the caller is
    exact       numbers of JSON come back as they are written, or not at all
    run         tries checks, and counts
"""
