"""Adapters for engines that serve models: a module an engine, an extra of its name each.

They stand on `tensorwire.serving`, and docs/engines has a page for each. Importing this imports
no engine; where an engine is not installed, importing its module names the extra in one line.

    bentoml         BentoML
    flask           Flask
    grpcio          grpcio: clients and servers with methods of their own
    litestar        Litestar
    litserve        LitServe
    multi_model_server   Multi Model Server
    kserve          KServe
    mlserver        MLServer
    ray_data        Ray Data
    ray_serve       Ray Serve
    starlette       Starlette, FastAPI
    torchserve      TorchServe
"""
