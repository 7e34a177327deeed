"""The command line: what a payload holds, the same in another format, and files for load tools.

One job per file::

    main        from arguments to an exit code; every error is one line
    options     the arguments
    files       reads files and standard input, writes whole files or none
    console     writes text that any terminal can show
    messages    any codec or protocol by its name
    detect      which format the bytes are in (detect_protobuf: which message)
    inspect     describe: a message as plain values; report: as text
    convert     one format into another
    make        arrays: the values; routes: where servers listen; payload: a body, and where to
    rest_tools  curl, wrk, h2load, vegeta, Locust (scripts: what wrk and Locust run)
    grpc_tools  ghz, h2load
"""
