"""Whose code holds words that no answer needs, but attempts on the grader do: a hint to look, never a mark.

Such an attempt earns nothing and reaches nothing, so its author's marks look like anybody's; who teaches may still want
to know. Honest code may hold such a word, and an attempt may hide all of them.
"""

import io
import re
import tokenize
from typing import NamedTuple

NAMES = {
    *("ctypes", "cffi", "socket", "subprocess", "Popen", "mmap", "resource", "setsid", "fork", "forkpty", "syscall"),
    *("kill", "killpg", "_exit", "abort", "execv", "execve", "execvp", "chroot", "mknod", "setuid", "truncate"),
    *(
        "chmod",
        "chown",
        "utime",
        "unlink",
        "symlink",
        "mkfifo",
        "setrlimit",
        "memfd_create",
        "closerange",
        "getppid",
        "sethostname",
    ),
    *("get_objects", "get_referrers", "_getframe", "_current_frames", "settrace", "setprofile", "SIGALRM", "SIGSTOP"),
    *("__subclasses__", "__builtins__", "__import__", "__reduce__", "__globals__", "builtins", "atexit"),
    *("find_spec", "iter_modules", "eval", "exec", "clock_settime", "getaddrinfo", "rmtree"),
}
PATHS = re.compile(
    r"(?:^|[\s'\"(+])(/(?:proc|etc|dev|sys|run|root|home|var|usr|tmp|grader)\b|\.\./|/['\"]|/\*\*|~/)"
    r"|(\.ssh\b|marks\.sqlite|results\.json|hw\d_(?:checks|layer)|pruning_lab|test_cases|string_at|SSH_)"
)


class Unusual(NamedTuple):
    """A student, and the words."""

    student: str
    words: tuple


def unusual(sources, given=""):
    """Return an `Unusual` for each student whose code holds such words, who has most of them first.

    Args:
        sources: {student: code of their cells}.
        given: code that everybody was given: its words are nobody's.

    >>> unusual({"ann": "x = sorted(scores)", "bob": "import os\\nos.kill(1, 9)\\nopen('/proc/1/mem')"})
    [Unusual(student='bob', words=('kill', '/proc'))]
    """
    base = _words(given)
    found = [Unusual(who, tuple(word for word in _words(code) if word not in base)) for who, code in sources.items()]
    return sorted((each for each in found if each.words), key=lambda each: -len(each.words))


def _words(code):
    """Return the words, in the order in which they come, as the keys of a dict."""
    found, before = {}, ""
    try:
        for token in tokenize.generate_tokens(io.StringIO(code).readline):
            of_a_network = (before, token.string) == (".", "eval")  # model.eval() is in every course on networks
            if token.type == tokenize.NAME and token.string in NAMES and not of_a_network:
                found[token.string] = None
            elif token.type == tokenize.STRING:
                found |= {next(filter(None, match)): None for match in PATHS.findall(token.string)}
            before = token.string
    except (tokenize.TokenError, SyntaxError, ValueError, RecursionError):
        pass  # what comes before is looked at all the same
    return found
