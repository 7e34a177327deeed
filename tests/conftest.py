"""How hypothesis runs here: the same examples every time, and as long as they take.

And Ctrl-C works: a job in the background has it ignored, and so would all that the tests start.
"""

import signal

from hypothesis import HealthCheck, settings

settings.register_profile(
    "fixed",
    deadline=None,
    derandomize=True,
    database=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
# pytest --hypothesis-profile=explore looks for examples that nobody has seen yet.
settings.register_profile(
    "explore", settings.get_profile("fixed"), derandomize=False, max_examples=2000
)
settings.load_profile("fixed")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
