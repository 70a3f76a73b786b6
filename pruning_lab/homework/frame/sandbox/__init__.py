"""A submission in a process of its own: cut off from the network, from other files, from other submissions.

session     the cells of a notebook run, then its functions called
process     one process that is cut off, and messages to it
ways        the commands that cut a process off: bubblewrap, a container, or none where submissions are trusted
view        the files that are in there
container   podman or docker, where there is no bubblewrap
proof       whether a way holds, tried from inside before the first submission
measure     files measured, where no code of a submission runs
watch       time, memory and files of a process, looked at while it runs
inside      the only files of this package that are in there
"""

from pruning_lab.homework.frame.sandbox.process import Stopped
from pruning_lab.homework.frame.sandbox.proof import Unsafe, cut_off, described, isolation, told
from pruning_lab.homework.frame.sandbox.session import SECONDS, Sandbox

__all__ = ["SECONDS", "Sandbox", "Stopped", "Unsafe", "cut_off", "described", "isolation", "told"]
