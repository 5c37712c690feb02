import { descriptorsOf, linkOf, readBounded } from "./proc.ts";

/** A TCP socket in state LISTEN. `address` is `0.0.0.0` or `::` when it listens on all of them. */
export interface Listener {
  address: string;
  port: number;
}

interface Row extends Listener {
  inode: string;
}

/** Every listening TCP socket of the network namespace that the process lives in. They come first in these files. */
function listenersAround(pid: number): Row[] {
  const rows: Row[] = [];
  for (const name of ["tcp", "tcp6"]) {
    const text = readBounded(`/proc/${pid}/net/${name}`, 1 << 20)?.toString("latin1") ?? "";
    for (const line of text.split("\n").slice(1)) {
      const fields = line.trim().split(/\s+/);
      const [address, port] = (fields[1] ?? "").split(":");
      // 0A is TCP_LISTEN (include/net/tcp_states.h).
      if (fields[3] !== "0A" || address === undefined || port === undefined) continue;
      rows.push({ address: decodeAddress(address), port: parseInt(port, 16), inode: fields[9] ?? "" });
    }
  }
  return rows;
}

/** The listening sockets that a process holds; null if its descriptors may not be read. */
export function listenersOf(pid: number, descriptors = descriptorsOf(pid)): Listener[] | null {
  if (descriptors === null) return null;
  const mine = listenersAround(pid).filter((row) => descriptors.socketInodes.has(row.inode));
  return mine.map(({ address, port }) => ({ address, port }));
}

/**
 * The listener of this very process on a port, as seen from our own network: a handshake with its address and port
 * reaches no other process. null: it has none, or its descriptors may not be read, or it lives in another network
 * namespace (a container), or another socket shares the port (SO_REUSEPORT, which MinIO sets).
 */
export function soleListener(pid: number, port: number): Listener | null {
  const descriptors = descriptorsOf(pid);
  if (descriptors === null || linkOf(pid, "ns/net") !== linkOf("self", "ns/net")) return null;
  const rows = listenersAround(pid).filter((row) => row.port === port);
  const mine = rows.filter((row) => descriptors.socketInodes.has(row.inode));
  const others = rows.filter((row) => !descriptors.socketInodes.has(row.inode));
  const sole = mine.find((row) => !others.some((other) => overlaps(row.address, other.address)));
  return sole === undefined ? null : { address: sole.address, port: sole.port };
}

function overlaps(one: string, other: string): boolean {
  return one === other || one === "::" || other === "::" || one === "0.0.0.0" || other === "0.0.0.0";
}

/** The address to connect to in order to reach a listener on the same machine. A dual-stack `::` also takes IPv4. */
export function reachableAddress(listener: Listener): string {
  return listener.address === "0.0.0.0" || listener.address === "::" ? "127.0.0.1" : listener.address;
}

/** Addresses are written as 32-bit words in the byte order of the machine; every Linux that runs Node is little-endian
 *  but s390x. */
function decodeAddress(hex: string): string {
  const bytes = Buffer.from(hex, "hex");
  if (littleEndian()) bytes.swap32();
  if (bytes.length === 4) return bytes.join(".");
  const mapped = bytes.subarray(0, 10).every((byte) => byte === 0) && bytes.readUInt16BE(10) === 0xffff;
  if (mapped) return bytes.subarray(12).join(".");
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16));
  // The WHATWG serialiser compresses as RFC 5952 does.
  return new URL(`http://[${groups.join(":")}]/`).hostname.slice(1, -1);
}

function littleEndian(): boolean {
  return new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
}
