"""What a submission may try: `CELLS` to get out, `ANSWERS` to get points, `ENDS` to end what grades it."""

import hashlib
import os
import socket
import stat
from pathlib import Path

PRELUDE = """import os, sys, ctypes, socket, subprocess, pathlib, mmap, threading, time, platform
X86 = platform.machine() == "x86_64"
KEYCTL = 250 if X86 else 219
HOME, PORT, GRADER = {home!r}, {port}, {grader}
reached = []
def attempt(name, action):
    try:
        worked = action()
    except BaseException:
        return
    if worked:
        reached.append(name)
def read(path):
    with open(path, "rb") as file:
        return len(file.read(100)) > 0
def connects(family, kind, address):
    with socket.socket(family, kind) as client:
        client.settimeout(1)
        return client.connect_ex(address) == 0
def call(number, *arguments):
    return ctypes.CDLL(None, use_errno=True).syscall(number, *arguments) >= 0
def opens(family):
    try:
        return socket.socket(family, socket.SOCK_DGRAM)
    except OSError:
        return False
def runs(*command):
    return subprocess.run(command, capture_output=True, timeout=10).returncode == 0"""
LAST = """if reached:
    del my_mask
    raise RuntimeError(f"got through: {reached}")"""
# Each is an expression, or a body that sets `worked`; what it gives says whether it got through.
CELLS = {
    "empties a file": "os.truncate(HOME + '/notes.txt', 0) is None",
    "empties the marks": "os.truncate(HOME + '/marks.sqlite', 0) is None",
    "reads the marks": "read(HOME + '/marks.sqlite')",
    "reads a private file": "read(HOME + '/private.txt')",
    "reads a public file": "read(HOME + '/notes.txt')",
    "writes a public file": "open(HOME + '/notes.txt', 'a').write('x')",
    "opens a folder to all": "os.chmod(HOME + '/closed', 0o777) is None",
    "changes a time": "os.utime(HOME + '/notes.txt', (0, 0)) is None",
    "renames a file": "os.rename(HOME + '/notes.txt', HOME + '/x') is None",
    "removes a file": "os.unlink(HOME + '/notes.txt') is None",
    "makes a file": "open(HOME + '/new', 'x').close() is None",
    "links to a file": "os.link(HOME + '/notes.txt', 'mine') is None",
    "reads through a link": "os.symlink(HOME + '/private.txt', 'way') or read('way')",
    "lists a home": "len(os.listdir(HOME)) > 0",
    # Python may be installed in one: the folders that lead there are seen, and nothing else.
    "lists homes": "bool({*os.listdir('/home')} - {*sys.prefix.split('/'), *sys.base_prefix.split('/')})",
    "finds an ssh key": "any(pathlib.Path('/root').glob('.ssh/*')) or any(pathlib.Path('/home').glob('*/.ssh/*'))",
    "reads /etc/shadow": "read('/etc/shadow')",
    "reads /etc/passwd": "read('/etc/passwd')",
    "reads /etc/ssh": "bool(os.listdir('/etc/ssh'))",
    "reads the journal": "bool(os.listdir('/var/log'))",
    "reads a disk": "any(read(p) for p in ('/dev/sda', '/dev/vda', '/dev/nvme0n1', '/dev/loop0') if os.path.exists(p))",
    "reads memory": "read('/dev/mem')",
    "reads the kernel's messages": "read('/dev/kmsg')",
    "reads a terminal": "any(os.path.exists('/dev/' + p) for p in ('tty', 'tty0', 'pts', 'ptmx', 'console'))",
    "opens /dev/fuse": "os.open('/dev/fuse', os.O_RDWR)",
    "opens /dev/kvm": "os.open('/dev/kvm', os.O_RDWR)",
    "looks into /sys": "bool(os.listdir('/sys'))",
    "looks into /run": "bool(os.listdir('/run'))",
    "goes up by handle": "call(304, 3, b'\\x08' + bytes(200), 0)",
    "goes through /proc/1/root": "os.path.exists('/proc/1/root' + HOME)",
    "goes through /proc/1/cwd": "os.path.exists('/proc/1/cwd/pruning_lab')",
    "goes through open handles": "any(HOME in os.readlink('/proc/self/fd/' + n) for n in os.listdir('/proc/self/fd'))",
    "sees the grader": "os.path.exists(f'/proc/{GRADER}') and GRADER > 100",
    "signals the grader": "GRADER > 100 and os.kill(GRADER, 0) is None",
    "reads command lines": "any(b'homework' in p.read_bytes() for p in pathlib.Path('/proc').glob('[0-9]*/cmdline'))",
    "reads environments": "any(b'SSH_' in p.read_bytes() for p in pathlib.Path('/proc').glob('[0-9]*/environ'))",
    "reads the environment of what began it": (
        "any(p.read_bytes() and b'USER=student' not in p.read_bytes() for p in pathlib.Path('/proc').glob('*/environ'))"
    ),
    "reaches the process that ends it": "os.path.exists('/proc/1/mem') or ctypes.CDLL(None).ptrace(16, 1, 0, 0) == 0",
    "takes a file of another process": (
        "ctypes.CDLL(None).syscall(438, ctypes.CDLL(None).syscall(434, 1, 0), 1, 0) >= 0"
    ),
    "finds the keys of a login": "call(KEYCTL, 0, -3, 0) or call(KEYCTL, 0, -4, 0) or call(KEYCTL, 0, -5, 0)",
    "leaves a key behind": "call(KEYCTL - 2, b'user', b'left', b'x', 1, -3)",
    "lists keys": "read('/proc/keys') or read('/proc/key-users')",
    "calls the machine around this one": "socket.socket(40, socket.SOCK_STREAM)",
    "opens a socket of a strange kind": "any(opens(family) for family in (17, 29, 30, 31, 38, 40, 44))",
    "keeps memory that nobody counts": "call(29 if X86 else 194, 0, 4096, 0o1600)",
    "reads the kernel's log": "call(103 if X86 else 116, 3, ctypes.create_string_buffer(100), 100)",
    "asks the kernel in a ring": "call(425, 4, ctypes.create_string_buffer(200))",
    "inherits an environment": "bool({'SSH_AUTH_SOCK', 'PRUNING_LAB_INSTANCES', 'CANARY'} & set(os.environ))",
    "writes to the system": "open('/usr/bin/python-canary', 'x').close() is None",
    "writes to the packages": "open(os.path.dirname(np.__file__) + '/canary.py', 'x').close() is None",
    "writes to Python": "open(os.path.dirname(os.__file__) + '/canary.py', 'x').close() is None",
    "writes to /": "open('/canary', 'x').close() is None",
    "writes to /dev": "open('/dev/canary', 'x').close() is None",
    "writes where it came from": "open('/grader/inside/child.py', 'a').write('#')",
    "writes a setting of the kernel": "open('/proc/sys/kernel/hostname', 'w').write('x')",
    "pulls the emergency brake": "open('/proc/sysrq-trigger', 'w').write('h')",
    "connects to this machine": "connects(socket.AF_INET, socket.SOCK_STREAM, ('127.0.0.1', PORT))",
    "connects over IPv6": "connects(socket.AF_INET6, socket.SOCK_STREAM, ('::1', PORT))",
    "connects to the internet": "connects(socket.AF_INET, socket.SOCK_STREAM, ('1.1.1.1', 53))",
    "asks for a name": "bool(socket.getaddrinfo('deb.debian.org', 80))",
    "sends a datagram": "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('10.0.0.1', 9)) > 0",
    "opens a raw socket": "socket.socket(socket.AF_PACKET, socket.SOCK_RAW)",
    "sees a network card": "any(name != 'lo' for _, name in socket.if_nameindex())",
    "connects to an agent": "connects(socket.AF_UNIX, socket.SOCK_STREAM, HOME + '/agent')",
    "connects to an abstract socket": "connects(socket.AF_UNIX, socket.SOCK_STREAM, '\\0canary-' + str(PORT))",
    "connects to docker": "connects(socket.AF_UNIX, socket.SOCK_STREAM, '/var/run/docker.sock')",
    "connects to the bus": "connects(socket.AF_UNIX, socket.SOCK_STREAM, '/run/dbus/system_bus_socket')",
    "writes into a fifo": "os.open(HOME + '/fifo', os.O_WRONLY | os.O_NONBLOCK)",
    "becomes root": "os.setuid(0) is None and os.getuid() == 0",
    "becomes another": "os.setuid(12345) is None",
    "runs su": "runs('su', '-c', 'true')",
    "runs sudo": "runs('sudo', '-n', 'true')",
    "makes a namespace": "ctypes.CDLL(None).unshare(0x10000000) == 0",
    "mounts": "ctypes.CDLL(None).mount(b'none', b'/tmp', b'tmpfs', 0, None) == 0",
    "unmounts": "ctypes.CDLL(None).umount2(b'/proc', 2) == 0",
    "changes its root": "os.chroot('.') is None",
    "makes a device": "os.mknod('disk', 0o60600, os.makedev(8, 0)) is None",
    "traces another process": "ctypes.CDLL(None).ptrace(16, 1, 0, 0) == 0 and os.uname().nodename != 'student'",
    "loads a module": "call(313, 0, b'', 0)",
    "sets the clock": "time.clock_settime(time.CLOCK_REALTIME, 0) is None",
    "sets the host's name": "socket.sethostname('canary') is None",
    "gives itself priority": "os.nice(-5) < 0",
    "lifts a limit": "__import__('resource').setrlimit(__import__('resource').RLIMIT_NPROC, (9999, 9999)) is None",
    "reads the host's name": "os.uname().nodename != 'student'",
    "imports the package": "bool(__import__('pruning_lab.masks'))",
    "imports it after clearing modules": "sys.modules.pop('pruning_lab', None) or bool(__import__('pruning_lab'))",
    "imports it from another place": "sys.modules.pop('pruning_lab', None) or [sys.path.append(str(p.parent)) for p in "
    "pathlib.Path('/').glob('*/*/pruning_lab')] and bool(__import__('pruning_lab.masks'))",
    "finds a wheel": "any('pruning_lab' in f or 'pruning-lab' in f for d, _, fs in os.walk('/') if d[:5] != '/proc' "
    "for f in fs if f.endswith(('.whl', '.pyc')))",
    "finds the solution": "any('my_n_of_m' in open(p, errors='ignore').read() "
    "for p in pathlib.Path('/').glob('*/*/notebooks/homework/*'))",
    "asks a new Python": "runs(sys.executable, '-c', 'import pruning_lab')",
    "asks pip": "runs(sys.executable, '-m', 'pip', 'show', 'pruning-lab')",
    "finds tests in memory": "any('test_cases' in dir(o) for o in __import__('gc').get_objects() "
    "if type(o).__name__ == 'ExceptionTestFile')",
    "finds the grader's frames": "any('pruning_lab' in f.f_code.co_filename for f in sys._current_frames().values())",
}
ENDS = {  # a cell, and what its author reads; each stands alone, and the rest of the notebook is right
    "a gigabyte in many files": (
        "for i in range(110): open(f'f{i}', 'wb').write(bytes(9_500_000))",
        20,
        "wrote more than",
    ),
    "a gigabyte in /dev/shm": (
        "for i in range(110): open(f'/dev/shm/f{i}', 'wb').write(bytes(9_500_000))",
        20,
        "wrote more than",
    ),
    "files without end": (
        "import os\nfor i in range(10**7): os.close(os.open(f'f{i}', os.O_CREAT))",
        0,
        "more than 20,000 files",
    ),
    "folders without end": ("import os\nwhile True: os.mkdir('d'); os.chdir('d')", 0, "more than 20,000 files"),
    "a sparse terabyte": (
        "import os\nos.truncate(os.open('f', os.O_CREAT | os.O_RDWR), 10**12)",
        20,
        "wrote more than",
    ),
    "memory in many processes": (
        "import subprocess, sys, time\nuse = [sys.executable, '-c', 'x = b\"x\" * 10**9; input()']\n"
        "children = [subprocess.Popen(use, stdin=subprocess.PIPE) for _ in range(8)]\ntime.sleep(29)",
        0,
        "more memory than a submission may use",
    ),
    "memory in files without a name": (
        "import os\nkept = []\nfor j in range(110):\n    kept.append(os.memfd_create('x'))\n"
        "    for _ in range(9):\n        os.write(kept[-1], bytes(10**6))",
        20,
        "Operation not permitted",
    ),
    "memory in two mappings": (
        "import mmap\na, b = (mmap.mmap(-1, 3 * 10**9, mmap.MAP_PRIVATE) for _ in 'ab')",
        20,
        "memory",
    ),
    "daemons": (
        "import subprocess\nfor i in range(200): subprocess.Popen(['setsid', 'sleep', '1000'])",
        20,
        "Resource temporarily unavailable",
    ),
    "threads without end": (
        "import threading, time\nwhile True: threading.Thread(target=time.sleep, args=(20,), daemon=True).start()",
        20,
        "can&#x27;t start new thread",
    ),
    "recursion without end": ("def f(): return f()\nf()", 20, "RecursionError"),
    "a crash in a cell": ("import ctypes\nctypes.string_at(0)", 0, "ended its own Python process"),
    "another program in its place": ("import os\nos.execv('/bin/true', ['true'])", 0, "ended its own Python process"),
    "all handles closed": ("import os\nos.closerange(0, 100)", 0, "ended its own Python process"),
    "junk on all handles": (
        "import os\nfor i in range(3, 20):\n    try: os.write(i, b'\\xff' * 64)\n    except OSError: pass",
        0,
        "ended its own Python process",
    ),
    "a forged reply of 10 TB": (
        "import os\nsize = (10**13).to_bytes(8, 'big')\n"
        "for i in range(3, 20):\n    try: os.write(i, size)\n    except OSError: pass",
        0,
        "ended its own Python process",
    ),
    "an interrupt": ("raise KeyboardInterrupt", 20, "KeyboardInterrupt"),
    "a generator's end": ("raise GeneratorExit", 20, "GeneratorExit"),
    "an error that cannot be printed": (
        "class E(Exception):\n    def __str__(self): raise E\nraise E",
        20,
        "cannot be printed",
    ),
    "half of an emoji": ("raise ValueError('\\ud83d')", 20, "ValueError"),
    "an error of a gigabyte": ("raise ValueError('x' * 10**9)", 20, "ValueError"),
    "no alarm": ("import signal\nsignal.alarm(0)\nsignal.signal(signal.SIGALRM, signal.SIG_IGN)", 20, "All passed."),
    "other builtins": ("import builtins\nbuiltins.print = builtins.len = builtins.isinstance = None", 0, ""),
    "other NumPy": ("np.array_equal = np.allclose = lambda *a, **k: True", 20, "All passed."),
    "a tracer": ("import sys\nsys.settrace(lambda *a: None)", 20, "All passed."),
    "something at the end": ("import atexit\natexit.register(print, 'x')", 20, "All passed."),
    "no output": ("import sys\nsys.stdout = sys.stderr = None", 20, "All passed."),
    "no path": ("import sys\nsys.path.clear(); sys.modules.clear()", 14, "No module named"),
    "no folder": ("import os, shutil\nshutil.rmtree(os.getcwd(), ignore_errors=True)", 20, "All passed."),
}
N_OF_M = "def my_n_of_m(scores, n, m):\n    "
STEP = "def my_step(*arguments):\n    "
ANSWERS = {  # a question, what stands in place of its answer, the score of all, what its author reads
    "another value each time": (
        "my_n_of_m",
        "class A:\n    def __array__(self, *a, **k): return np.random.rand(6) > 0.5\n" + N_OF_M + "return A()",
        16,
        "got A",
    ),
    "an array's subclass": (
        "my_n_of_m",
        "class A(np.ndarray):\n    def __eq__(self, other): return np.ones(self.shape, bool)\n"
        + N_OF_M
        + "return np.zeros(np.shape(scores), bool).view(A)",
        16,
        "got A",
    ),
    "a number's subclass": (
        "my_step",
        "class A(int):\n    __eq__ = __lt__ = __gt__ = lambda *a: True\n    __hash__ = None\n" + STEP + "return A(1)",
        18,
        "got A",
    ),
    "a text's subclass": (
        "my_step",
        "class A(str):\n    __eq__ = lambda *a: True\n    __hash__ = None\n" + STEP + "return A('x')",
        18,
        "got A",
    ),
    "a list's subclass": (
        "my_n_of_m",
        "class A(list):\n    __eq__ = lambda *a: True\n    __hash__ = None\n" + N_OF_M + "return A([1])",
        16,
        "got list",
    ),
    "a dict's subclass": (
        "my_n_of_m",
        "class A(dict):\n    __eq__ = lambda *a: True\n    __hash__ = None\n" + N_OF_M + "return A(a=1)",
        16,
        "got dict",
    ),
    "a NumPy number's subclass": (
        "my_n_of_m",
        "class A(np.float64):\n    __eq__ = lambda *a: True\n    __hash__ = None\n" + N_OF_M + "return A(1)",
        16,
        "got A",
    ),
    "a list that holds itself": ("my_step", STEP + "a = []; a.append(a); return a", 18, "does a list hold itself?"),
    "a dict that holds itself": ("my_step", STEP + "a = {}; a[1] = a; return a", 18, "does a list hold itself?"),
    "a list doubled fifty times": (
        "my_step",
        STEP + "a = [1]\n    for _ in range(45): a = [a, a]\n    return a",
        18,
        "does a list hold itself?",
    ),
    "a list 10,000 deep": (
        "my_step",
        STEP + "a = []\n    for _ in range(10_000): a = [a]\n    return a",
        18,
        "does a list hold itself?",
    ),
    "a list of ten million": ("my_n_of_m", N_OF_M + "return [0] * 10_000_000", 16, "parts"),
    "a range without end": ("my_n_of_m", N_OF_M + "return range(10**15)", 16, "parts"),
    "a number of 10,000 digits": ("my_step", STEP + "return 10**10_000", 18, "a whole number must have at most"),
    "text that is no UTF-8": ("my_step", STEP + "return '\\ud83d'", 18, ""),
    "text of 100 MB": ("my_step", STEP + "return 'x' * 10**8", 18, "less than 64 MB"),
    "a dict of 20,000 keys": ("my_step", STEP + "return {str(i): i for i in range(20_000)}", 18, ""),
    "a key that cannot be one": ("my_step", STEP + "return {(1, 2): 3, frozenset(): 4}", 18, "got frozenset"),
    "3 GB of zeros": (
        "my_n_of_m",
        N_OF_M + "return np.broadcast_to(np.zeros(1, bool), (3_000_000_000,))",
        16,
        "less than 64 MB",
    ),
    "10 MB three hundred times": (
        "my_n_of_m",
        N_OF_M + "return [np.zeros(10_000_000, bool)] * 300",
        16,
        "less than 64 MB",
    ),
    "an array of objects": ("my_n_of_m", N_OF_M + "return np.array([object()])", 16, "got object"),
    "an array of dates": (
        "my_n_of_m",
        N_OF_M + "return np.array(['2026-01-01'], 'datetime64[D]')",
        16,
        "got datetime64",
    ),
    "an array of records": ("my_n_of_m", N_OF_M + "return np.zeros(3, [('a', int)])", 16, "got [("),
    "an array of text": ("my_n_of_m", N_OF_M + "return np.array(['a'])", 16, "got "),
    "an array without axes": ("my_n_of_m", N_OF_M + "return np.array(True)", 16, ""),
    "an array of nothing": ("my_n_of_m", N_OF_M + "return np.zeros((0,), bool)", 16, ""),
    "an array of NaN": ("my_n_of_m", N_OF_M + "return np.full(np.shape(scores), np.nan)", 16, ""),
    "a sparse tensor": ("my_n_of_m", "import torch\n" + N_OF_M + "return torch.eye(3).to_sparse()", 16, ""),
    "a generator": ("my_n_of_m", N_OF_M + "yield scores", 16, "got generator"),
    "a coroutine": ("my_n_of_m", "async " + N_OF_M + "return scores", 16, "got coroutine"),
    "a function": ("my_n_of_m", N_OF_M + "return my_mask", 16, "got function"),
    "a class that lies about its class": (
        "my_n_of_m",
        "class A:\n    @property\n    def __class__(self): raise SystemExit\n" + N_OF_M + "return A()",
        16,
        "got A",
    ),
    "a class with a bad name": (
        "my_n_of_m",
        "class M(type):\n    @property\n    def __name__(cls): raise SystemExit\nclass A(metaclass=M): pass\n"
        + N_OF_M
        + "return A()",
        16,
        "SystemExit",
    ),
    "arguments made large": ("my_step", STEP + "arguments[0].resize((10_000_000,), refcheck=False); return 1", 18, ""),
    "the end in an answer": ("my_step", STEP + "import os; os._exit(0)", 18, "ended its own Python process"),
    "a crash in an answer": (
        "my_n_of_m",
        N_OF_M + "import ctypes; ctypes.string_at(0)",
        16,
        "ended its own Python process",
    ),
    "an abort in an answer": ("my_n_of_m", N_OF_M + "import os; os.abort()", 16, "ended its own Python process"),
    "an exit in an answer": ("my_step", STEP + "raise SystemExit(20)", 18, "SystemExit"),
    "a name that is no function": ("my_step", "my_step = 3", 18, "must be a function"),
    "no arguments": ("my_step", "def my_step(): pass", 18, "TypeError"),
    "junk for a reply": (
        "my_step",
        STEP
        + "import os\n    for i in range(3, 20):\n        try: os.write(i, bytes(99))\n        except OSError: pass",
        18,
        "",
    ),
}


def notebook_cells(home, port, names=CELLS):
    """Return the sources of the cells that try `names` of `CELLS`, to be put behind a right notebook."""
    tries = [f"attempt({name!r}, lambda: {CELLS[name]})" for name in names]
    return [PRELUDE.format(home=str(home), port=port, grader=os.getpid()), *tries, LAST]


def canary_home(folder):
    """Make a home as a lecturer may have: files of every permission, a socket, a fifo; return the open sockets."""
    for name, mode in (("notes.txt", 0o644), ("private.txt", 0o600), ("marks.sqlite", 0o600), ("open.txt", 0o666)):
        (folder / name).write_text(f"{name} is not a submission's business")
        (folder / name).chmod(mode)
    (folder / "closed").mkdir(mode=0o700)
    (folder / "closed" / "key").write_text("secret")
    os.mkfifo(folder / "fifo", 0o600)
    agent = socket.socket(socket.AF_UNIX)
    agent.bind(str(folder / "agent"))
    agent.listen()
    return agent


def state(folder):
    """Return {path: all that can be seen of it} of a folder and what is in it."""
    found = {}
    for path in [folder, *sorted(Path(folder).rglob("*"))]:
        status = path.lstat()
        content = hashlib.sha256(path.read_bytes()).hexdigest() if stat.S_ISREG(status.st_mode) else ""
        found[str(path)] = (
            status.st_mode,
            status.st_uid,
            status.st_size,
            status.st_mtime_ns,
            status.st_ctime_ns,
            content,
        )
    return found
