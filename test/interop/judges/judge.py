"""Judges certificates as Python 3.13 does by default. Lines in: id, root, chain, key, host, parted by tabs.

Lines out: id, host, "ok" or why not.
"""

import ssl
import sys


def judge(root, chain, key, host):
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(chain, key)
    client = ssl.create_default_context(cafile=root)
    client.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        client.wrap_bio(to_client, to_server, server_hostname=host),
        server.wrap_bio(to_server, to_client, server_side=True),
    ]
    done = set()
    while len(done) < 2:
        for end in ends:
            try:
                end.do_handshake()
                done.add(end)
            except ssl.SSLWantReadError:
                pass


for line in sys.stdin:
    name, root, chain, key, host = line.rstrip("\n").split("\t")
    try:
        judge(root, chain, key, host)
        verdict = "ok"
    except (ssl.SSLError, OSError) as error:
        verdict = str(error)
    print(name, host, verdict, sep="\t")
