"""The scenarios: a file each, found by its name. `bench.engines.scenario` says what they hold."""
