/**
 * An independent DER reader for tests: shares no code with src/x509, and shows a value the way a person would write it down.
 * SEQUENCE and SET are arrays, [n] is { n: … }, everything else a short text.
 */
export type Shown = string | Shown[] | { [tag: string]: Shown };

const names: Record<string, string> = {
  "2.5.4.3": "CN",
  "2.5.4.10": "O",
  "2.5.4.11": "OU",
  "2.5.29.14": "subjectKeyIdentifier",
  "2.5.29.15": "keyUsage",
  "2.5.29.17": "subjectAltName",
  "2.5.29.19": "basicConstraints",
  "2.5.29.30": "nameConstraints",
  "2.5.29.35": "authorityKeyIdentifier",
  "2.5.29.37": "extKeyUsage",
  "1.3.6.1.5.5.7.3.1": "serverAuth",
  "1.2.840.10045.2.1": "ecPublicKey",
  "1.2.840.10045.3.1.7": "prime256v1",
  "1.3.132.0.34": "secp384r1",
  "1.2.840.10045.4.3.2": "ecdsa-with-SHA256",
  "1.2.840.10045.4.3.3": "ecdsa-with-SHA384",
  "1.2.840.113549.1.1.1": "rsaEncryption",
  "1.2.840.113549.1.1.11": "sha256WithRSAEncryption",
  "1.3.101.112": "Ed25519",
};

export function show(der: Uint8Array): Shown {
  const { value, rest } = take([...der]);
  if (rest.length > 0) throw new Error(`${rest.length} octets after the value`);
  return value;
}

function take(octets: number[]): { value: Shown; rest: number[] } {
  const tag = octets[0] ?? fail("no tag");
  let length = octets[1] ?? fail("no length");
  let at = 2;
  if (length > 127) {
    const count = length - 128;
    length = 0;
    for (; at < 2 + count; at++) length = length * 256 + (octets[at] ?? fail("length cut off"));
    // DER: the shortest form, no leading zero.
    if (length < 128 || length < 256 ** (count - 1)) fail("length not minimal");
  }
  if (at + length > octets.length) fail("contents cut off");
  return { value: showContents(tag, octets.slice(at, at + length)), rest: octets.slice(at + length) };
}

function showContents(tag: number, contents: number[]): Shown {
  const hex = Buffer.from(contents).toString("hex");
  const text = Buffer.from(contents).toString("utf8");
  if (tag === 0x30 || tag === 0x31) return elements(contents);
  if (tag >= 0xa0) return { [String(tag - 0xa0)]: elements(contents) };
  if (tag >= 0x80) return { [String(tag - 0x80)]: hex };
  switch (tag) {
    case 0x01:
      return hex === "ff" ? "TRUE" : hex === "00" ? "FALSE" : fail("BOOLEAN");
    case 0x02:
      return `INTEGER ${hex}`;
    case 0x03:
      return `BITS ${contents[0]} ${hex.slice(2)}`;
    case 0x04:
      return `OCTETS ${hex}`;
    case 0x05:
      return contents.length === 0 ? "NULL" : fail("NULL");
    case 0x06:
      return oidText(contents);
    case 0x0c:
      return `UTF8 ${text}`;
    case 0x13:
      return `PRINTABLE ${text}`;
    case 0x17:
      return `UTCTime ${text}`;
    case 0x18:
      return `GeneralizedTime ${text}`;
    default:
      return fail(`tag ${tag}`);
  }
}

function elements(contents: number[]): Shown[] {
  const shown: Shown[] = [];
  for (let left = contents; left.length > 0;) {
    const { value, rest } = take(left);
    shown.push(value);
    left = rest;
  }
  return shown;
}

function oidText(contents: number[]): string {
  const arcs = [0];
  for (const octet of contents) {
    arcs.push((arcs.pop() ?? 0) * 128 + (octet & 127));
    if (octet < 128) arcs.push(0);
  }
  const [first = 0, ...others] = arcs.slice(0, -1);
  const root = Math.min(2, Math.floor(first / 40));
  const oid = [root, first - root * 40, ...others].join(".");
  return names[oid] ?? oid;
}

function fail(what: string): never {
  throw new Error(`not DER: ${what}`);
}

/** The pieces of a certificate; extensions as `name: [criticality, shown value]`. */
export interface ShownCertificate {
  version: Shown;
  serialNumber: string;
  signature: Shown;
  issuer: Shown;
  validity: Shown;
  subject: Shown;
  spki: Shown;
  order: string[];
  extensions: Record<string, { critical: boolean; value: Shown }>;
  signatureAlgorithm: Shown;
}

export function showCertificate(der: Uint8Array): ShownCertificate {
  const [tbs, signatureAlgorithm] = show(der) as [Shown[], Shown, Shown];
  if (tbs.length !== 8) throw new Error(`tbsCertificate has ${tbs.length} elements`);
  const [version, serialNumber, signature, issuer, validity, subject, spki, tagged] = tbs as [
    Shown,
    string,
    Shown,
    Shown,
    Shown,
    Shown,
    Shown,
    { 3: [Shown[][]] },
  ];
  const list = tagged[3][0].map((extension) => {
    const octets = extension.at(-1) as string;
    return {
      name: extension[0] as string,
      critical: extension.length === 3 && extension[1] === "TRUE",
      value: show(Buffer.from(octets.slice("OCTETS ".length), "hex")),
    };
  });
  const extensions = Object.fromEntries(list.map(({ name, critical, value }) => [name, { critical, value }]));
  const order = list.map(({ name }) => name);
  return { version, serialNumber, signature, issuer, validity, subject, spki, order, extensions, signatureAlgorithm };
}
