"""The command line: what a payload holds, the same in another format, and files for load tools.

One job per file::

    main        from arguments to an exit code; every error is one line
    files       reads and writes files and standard streams
    detect      formats by name, and which one the bytes are in
    inspect     a message as plain values, and as text
    convert     one format into another
    make        a folder of payloads for load tools (arrays: the values)
    load_tools  curl, wrk, h2load, vegeta, Locust, ghz; and where servers listen
"""
