import type { X509Certificate } from "node:crypto";
import type { Socket } from "node:net";
import type { Pem } from "../model/certified-key.ts";
import { systemReason } from "../model/errors.ts";

export interface HandshakeOptions {
  /** What to connect to: a name or an address. */
  host: string;
  port: number;
  /** The name or address that the certificate has to be for; a name is also sent as SNI. null: any will do. */
  serverName: string | null;
  /** The only roots that count; never those of the system. null: only look, authorize nothing. */
  trust: readonly Pem[] | null;
  /** Bound for everything: look-up, connection, handshake, and a second connection that asks for plain HTTP. */
  timeoutMilliseconds: number;
}

export interface TlsHandshake {
  kind: "tls";
  /** DER of the served end entity certificate. */
  certificate: Buffer;
  /** Its SHA-256, lower-case hex. */
  sha256: string;
  /** DER, end entity first, as the server sent it; at most 16. */
  chain: Buffer[];
  /** Milliseconds since the epoch. */
  notBefore: number;
  notAfter: number;
  /** As Node words it: `DNS:a.example, IP Address:10.0.0.5`; empty without the extension. */
  subjectAltName: string;
  /** For example `TLSv1.3`. */
  protocol: string;
  cipher: string;
  /** The chain ends in `trust`, is valid now, and names `serverName`. */
  authorized: boolean;
  /** OpenSSL's code, for example CERT_HAS_EXPIRED, or HOSTNAME_MISMATCH; null if authorized, or if `trust` is null. */
  authorizationError: string | null;
}

export type Handshake = TlsHandshake | { kind: "plain" } | { kind: "unreachable"; problem: string };

/**
 * One TLS handshake, nothing sent afterwards. Never throws for what the other side does. Certificate and texts are what the
 * peer sent, unchecked and raw: sanitise before printing.
 */
export async function handshake(options: HandshakeOptions): Promise<Handshake> {
  const deadline = performance.now() + options.timeoutMilliseconds;
  const result = await tlsHandshake(options, Math.ceil(options.timeoutMilliseconds * 0.7));
  if (result.kind === "tls") return result;
  const { problem } = result;
  // A server without TLS answers a ClientHello with text, hangs up, or waits for more: only its own words prove it plain.
  const left = deadline - performance.now();
  if (!result.connected || left <= 0) return { kind: "unreachable", problem };
  if (await speaksPlainHttp(options, left)) return { kind: "plain" };
  return { kind: "unreachable", problem };
}

type Attempt = TlsHandshake | { kind: "failed"; connected: boolean; problem: string };

async function tlsHandshake(options: HandshakeOptions, milliseconds: number): Promise<Attempt> {
  const [{ connect }, { isIP }] = await Promise.all([import("node:tls"), import("node:net")]);
  const serverName = options.serverName?.replace(/^\[|\]$/g, "") ?? null;
  const isAddress = serverName !== null && isIP(serverName) !== 0;
  return new Promise((resolve) => {
    let connected = false;
    const fail = (problem: string): void => finish({ kind: "failed", connected, problem });
    const finish = (attempt: Attempt): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(attempt);
    };
    const timer = setTimeout(() => fail(`no TLS handshake within ${milliseconds} ms`), milliseconds);
    const socket = connect({
      host: options.host,
      port: options.port,
      // RFC 6066 section 3: no literal addresses in server_name.
      servername: isAddress ? "" : (serverName ?? ""),
      // An empty list is not the default list: it means no roots at all, and saves loading those that Node brings.
      ca: [...(options.trust ?? [])],
      // Both verdicts are taken below: a certificate that does not pass is looked at, too.
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined,
    });
    socket.once("connect", () => (connected = true));
    socket.once("error", (error) => fail(tlsReason(error)));
    socket.once("close", () => fail("the connection was closed during the TLS handshake"));
    socket.once("secureConnect", () => {
      const leaf = socket.getPeerX509Certificate();
      if (leaf === undefined) return fail("the server sent no certificate");
      const error = socket.authorized ? nameError(leaf, serverName, isAddress) : rejection(socket);
      finish({
        kind: "tls",
        certificate: leaf.raw,
        sha256: leaf.fingerprint256.replaceAll(":", "").toLowerCase(),
        chain: chainOf(leaf),
        notBefore: Date.parse(leaf.validFrom),
        notAfter: Date.parse(leaf.validTo),
        subjectAltName: leaf.subjectAltName ?? "",
        protocol: socket.getProtocol() ?? "",
        cipher: socket.getCipher().name,
        authorized: options.trust !== null && error === null,
        authorizationError: options.trust === null ? null : error,
      });
    });
  });
}

function rejection(socket: { authorizationError: Error | string | null }): string {
  const error = socket.authorizationError;
  return error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? error.message) : String(error);
}

/** RFC 9525 section 2: the common name does not count. Go, rustls and browsers all see it so. */
function nameError(leaf: X509Certificate, serverName: string | null, isAddress: boolean): string | null {
  if (serverName === null) return null;
  const matches = isAddress
    ? leaf.checkIP(serverName)
    : leaf.checkHost(serverName, { subject: "never", partialWildcards: false });
  return matches === undefined ? "HOSTNAME_MISMATCH" : null;
}

function chainOf(leaf: X509Certificate): Buffer[] {
  const chain: Buffer[] = [];
  for (
    let each: X509Certificate | undefined = leaf;
    each !== undefined && chain.length < 16;
    each = each.issuerCertificate
  ) {
    if (chain.some((known) => known.equals(each?.raw ?? Buffer.alloc(0)))) break;
    chain.push(each.raw);
  }
  return chain;
}

/** OpenSSL's own words for a failed handshake; they are not the peer's. */
function tlsReason(error: Error): string {
  const { reason, library } = error as { reason?: string; library?: string };
  return library === "SSL routines" && reason !== undefined ? `TLS: ${reason}` : systemReason(error);
}

/** Asks for nothing in particular. A Go server with TLS on answers such a request too, in plain text: that is not it. */
async function speaksPlainHttp({ host, port }: HandshakeOptions, milliseconds: number): Promise<boolean> {
  const { connect } = await import("node:net");
  return new Promise((resolve) => {
    let answer = "";
    const socket: Socket = connect({ host, port });
    const finish = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(/^HTTP\/1\.[01] \d{3}/.test(answer) && !answer.includes("HTTP request to an HTTPS server"));
    };
    const timer = setTimeout(finish, milliseconds);
    socket.once("connect", () => socket.write("HEAD /minio/health/live HTTP/1.0\r\n\r\n"));
    socket.on("data", (data) => {
      answer += data.toString("latin1");
      // The text that tells a Go server with TLS on comes behind a status of 400.
      if (answer.length > 4096 || (answer.includes("\r\n") && !answer.startsWith("HTTP/1.0 400"))) finish();
    });
    socket.once("end", finish);
    socket.once("error", finish);
    socket.once("close", finish);
  });
}
