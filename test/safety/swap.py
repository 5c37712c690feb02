# Exchanges names with a bait, again and again, as another user: swap.py UID BAIT PATTERN…
import ctypes, glob, os, random, sys, time

uid, bait, patterns = int(sys.argv[1]), sys.argv[2].encode(), sys.argv[3:]
os.setgroups([])
os.setgid(uid)
os.setuid(uid)
renameat2 = ctypes.CDLL(None).renameat2
AT_FDCWD, RENAME_EXCHANGE = -100, 2


def exchange(name):
    return renameat2(AT_FDCWD, name, AT_FDCWD, bait, RENAME_EXCHANGE) == 0


print("ready", flush=True)
while True:
    for pattern in patterns:
        for name in glob.glob(pattern) if "*" in pattern else [pattern]:
            if exchange(name.encode()):
                time.sleep(random.random() * 0.003)
                exchange(name.encode())
            # mostly as it was: a run shall get somewhere before it is led astray
            time.sleep(random.random() ** 3 * 0.1)
