"""The Open Inference Protocol (V2): KServe, Triton, MLServer, Seldon Core 2."""
