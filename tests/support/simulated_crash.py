"""The crash that tests raise in place of a killed process."""


class SimulatedCrash(BaseException):
    """The process was killed here; not an `Exception`, so that no error handler of the code catches it."""
