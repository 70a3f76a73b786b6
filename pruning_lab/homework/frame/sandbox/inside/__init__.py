"""What stands in a submission's sandbox, the only files of this package there: the process, and how it is talked to.

Nothing here imports anything else of this package, so that nothing else need be there.
"""
