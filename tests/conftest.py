"""Settings of all tests: no example of hypothesis fails for being slow on a busy machine."""

from hypothesis import settings

settings.register_profile("tokentape", deadline=None)
settings.load_profile("tokentape")
