/** Certificates of every shape and key, in files, for programs that are not ours to judge. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { keyAlgorithms, type KeyAlgorithm, type NameConstraints } from "../../src/model/certified-key.ts";
import type { GeneralName } from "../../src/model/names.ts";
import { issueLeaf, issueRoot, issueSelfSigned } from "../../src/x509/certificate.ts";
import { generateKey, privateKeyPem, type SigningKey } from "../../src/x509/keys.ts";
import { deriveConstraints } from "../../src/x509/name-constraints.ts";
import { encodePem } from "../../src/x509/pem.ts";
import { loadParentDomain } from "../../src/x509/public-suffix.ts";
import { endEntityValidity, rootValidity } from "../../src/x509/validity.ts";

/** Paths of PEM files. */
export interface Pair {
  id: string;
  root: string;
  chain: string;
  key: string;
  /** Hosts to connect to. */
  hosts: string[];
}

export const generalName = (value: string): GeneralName => ({
  type: /^[\d.]+$|:/.test(value) ? "iPAddress" : "dNSName",
  value,
});

/** Shape, names in the certificate, hosts to try. */
const shapes: [string, string[], string[]][] = [
  ["commonName", ["minio.example.net", "10.0.0.5", "localhost", "::1"], ["minio.example.net", "10.0.0.5", "::1"]],
  ["empty subject", [`${"m".repeat(60)}.example.net`, "10.0.0.5"], [`${"m".repeat(60)}.example.net`, "10.0.0.5"]],
  ["wildcard", ["*.minio.example.net", "minio.example.net"], ["a.minio.example.net", "minio.example.net"]],
  ["addresses only", ["192.168.7.9", "8.8.8.8"], ["192.168.7.9", "8.8.8.8"]],
  ["IPv6", ["fd00::5", "2001:db8::1", "minio"], ["fd00::5", "2001:db8::1", "minio"]],
];

export interface Pki {
  /** To be accepted. */
  good: Pair[];
  /** Certificates that are their own issuers. */
  selfSigned: Pair[];
  /** Names outside of the root's constraints. */
  outside: Pair[];
  /** To be refused by everybody. */
  bad: Pair[];
}

export async function makePki(directory: string): Promise<Pki> {
  const now = Date.now();
  const pki: Pki = { good: [], selfSigned: [], outside: [], bad: [] };
  const keys = new Map<KeyAlgorithm, SigningKey>();
  for (const algorithm of keyAlgorithms) keys.set(algorithm, await generateKey(algorithm));
  const p256 = keys.get("P-256") as SigningKey;
  const rootKeys = [await generateKey("P-384"), await generateKey("P-256"), keys.get("RSA-3072"), keys.get("Ed25519")];
  const [rootKey] = rootKeys as [SigningKey];

  let files = 0;
  const pair = (id: string, key: SigningKey, hosts: string[], root: Buffer, chain: Buffer): Pair => {
    const path = (name: string, text: string): string => {
      const file = join(directory, `${files}-${name}`);
      writeFileSync(file, text, { mode: 0o600 });
      return file;
    };
    files += 1;
    return {
      id,
      root: path("root.pem", encodePem("CERTIFICATE", root)),
      chain: path("chain.pem", encodePem("CERTIFICATE", chain)),
      key: path("key.pem", privateKeyPem(key).reveal()),
      hosts,
    };
  };
  const makeRoot = (key: SigningKey, constraints: NameConstraints | null): Buffer =>
    issueRoot({ key, constraints, ...rootValidity(now) });
  const makeLeaf = (key: SigningKey, names: string[], issuer: SigningKey, certificate: Buffer): Buffer => {
    const validity = endEntityValidity(now, 90 * 86400);
    return issueLeaf({ key, names: names.map(generalName), issuer: { certificate, key: issuer }, ...validity });
  };
  const constraintsFor = async (names: string[]): Promise<NameConstraints> => {
    const general = names.map(generalName);
    return deriveConstraints(general, await loadParentDomain(general));
  };

  for (const [algorithm, key] of keys) {
    for (const [shape, names, hosts] of shapes) {
      const constrained = makeRoot(rootKey, await constraintsFor(names));
      const unconstrained = makeRoot(rootKey, null);
      for (const [kind, root] of Object.entries({ constrained, unconstrained })) {
        const id = `${algorithm}, ${shape}, ${kind}`;
        pki.good.push(pair(id, key, hosts, root, makeLeaf(key, names, rootKey, root)));
      }
      const validity = endEntityValidity(now, 90 * 86400);
      const own = issueSelfSigned({ key, names: names.map(generalName), ...validity });
      pki.selfSigned.push(pair(`${algorithm}, ${shape}, self-signed`, key, hosts, own, own));
    }
  }
  const [, names, hosts] = shapes[0] as [string, string[], string[]];
  for (const issuer of rootKeys as SigningKey[]) {
    const root = makeRoot(issuer, await constraintsFor(names));
    pki.good.push(pair(`${issuer.algorithm} root`, p256, hosts, root, makeLeaf(p256, names, issuer, root)));
  }

  // An unconstrained twin of the root signs what the root itself must not.
  const constrained = makeRoot(rootKey, await constraintsFor(["minio.example.net", "10.0.0.5"]));
  const twin = makeRoot(rootKey, null);
  for (const name of ["minio.example.org", "example.net.evil.example", "notexample.net", "172.16.0.1", "fd00::1"]) {
    const leaf = makeLeaf(p256, [name], rootKey, twin);
    pki.outside.push(pair(`outside: ${name}`, p256, [name], constrained, leaf));
  }

  const good = makeLeaf(p256, ["minio.example.net", "10.0.0.5"], rootKey, constrained);
  const stranger = makeRoot(await generateKey("P-384"), null);
  pki.bad.push(pair("wrong hosts", p256, ["minio2.example.net", "10.0.0.6", "::1"], constrained, good));
  pki.bad.push(pair("another root", p256, ["minio.example.net"], stranger, good));
  return pki;
}
