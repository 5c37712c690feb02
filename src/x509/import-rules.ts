/**
 * What makes a certificate unfit for a server although it can be read: what MinIO, or a client that matters, refuses. Each
 * rule looks at one thing; the first that fails is the one that is told.
 */
import { judgeHost } from "../model/host-rules.ts";
import { maxValiditySeconds } from "../model/duration.ts";
import type { Note } from "../model/plan.ts";
import { printable, shellQuote } from "../model/text.ts";
import { addressOctets } from "./address.ts";
import { certificateText, commonNameOf, type ImportedCertificate } from "./import-certificate.ts";
import { keyProblem } from "./import-key-rules.ts";
import { parserProblem } from "./import-parser-rules.ts";
import { refusal } from "./import-place.ts";
import { oids } from "./oids.ts";

interface Problem {
  /** Goes on from "the certificate …". */
  what: string;
  hint?: string[];
}

type Rule = (certificate: ImportedCertificate, at: number) => Problem | null;

const algorithms: Record<string, string> = {
  "1.2.840.113549.1.1.4": "MD5",
  "1.2.840.113549.1.1.2": "MD2",
  "1.2.840.113549.1.1.5": "SHA-1",
  "1.2.840.10045.4.1": "SHA-1",
  "1.2.840.10040.4.3": "SHA-1",
  "1.3.14.3.2.29": "SHA-1",
};
const good = [
  "1.2.840.113549.1.1.11",
  "1.2.840.113549.1.1.12",
  "1.2.840.113549.1.1.13",
  "1.2.840.113549.1.1.10", // RSASSA-PSS
  "1.2.840.10045.4.3.2",
  "1.2.840.10045.4.3.3",
  "1.2.840.10045.4.3.4",
  "1.3.101.112", // Ed25519
];
/** RFC 7633 4.1 */
const tlsFeature = "1.3.6.1.5.5.7.1.24";

const validity: Rule = ({ facts }, at) => {
  const now = `now is ${iso(at)}`;
  if (at >= facts.notAfter) return { what: `expired on ${iso(facts.notAfter)}; ${now}` };
  if (at >= facts.notBefore) return null;
  return {
    what: `is not valid before ${iso(facts.notBefore)}; ${now}`,
    hint: ["is the clock right? $ timedatectl status"],
  };
};

const wellFormed: Rule = ({ der, fields, extensions }) => {
  if (fields.version !== 3 && fields.extensions.length > 0)
    return { what: `has extensions but is of version ${fields.version}` };
  // Go 1.23 and later (crypto/x509: x509negativeserial).
  if ((fields.serialNumber[0] ?? 0) >= 0x80) return { what: "has a negative serial number, which Go refuses" };
  const unread = parserProblem(der, fields);
  if (unread !== null) return { what: `${unread}, which Go does not read: MinIO would not start` };
  const [unknown] = extensions.unknownCritical;
  return unknown === undefined ? null : { what: `has a critical extension that clients do not know (${unknown})` };
};

const signature: Rule = ({ fields: { signatureAlgorithm: oid } }) => {
  if (good.includes(oid)) return null;
  const old = Object.hasOwn(algorithms, oid) ? algorithms[oid] : undefined;
  if (old !== undefined) return { what: `is signed with ${old}, which Go, Python and browsers refuse` };
  return { what: `is signed with an algorithm (${oid}) that Go does not know` };
};

const key: Rule = ({ facts }) => {
  const problem = keyProblem(facts.keyAlgorithm);
  return problem === null ? null : { what: `is for a key that ${problem.what}`, hint: problem.hint("KEY") };
};

const notCa: Rule = (certificate) => {
  const usage = certificate.extensions.keyUsage;
  const ca = certificate.facts.ca;
  if (!ca && usage?.bits.includes("keyCertSign") !== true) return null;
  const what = ca ? "is that of a CA (cA TRUE)" : "may sign certificates (keyCertSign) without being a CA's";
  return {
    what: `${what}; rustls, NSS and strict clients refuse it as a server's`,
    hint: anew(certificate, "have a certificate for the server issued by it, or make one"),
  };
};

const names: Rule = (certificate) => {
  const { subjectAltName } = certificate.facts;
  if (subjectAltName.length === 0) {
    return {
      what: "has no subjectAltName with a DNS name or an address; Go, and so mc and MinIO, ignores the common name",
      hint: anew(certificate, "have it issued anew with a subjectAltName, or make one"),
    };
  }
  const address = subjectAltName.find(({ type, value }) => type === "dNSName" && addressOctets(value) !== null);
  if (address === undefined) return null;
  return {
    what: `has the address ${printable(address.value, 60)} as a dNSName instead of an iPAddress; Go never matches it`,
    hint: anew(certificate, "have it issued anew, or make one"),
  };
};

const usages: Rule = ({ extensions: { extKeyUsage, keyUsage } }) => {
  if (extKeyUsage !== null && !extKeyUsage.purposes.includes(oids.serverAuth)) {
    return { what: "has an extKeyUsage without serverAuth: it is not for servers (RFC 5280 4.2.1.12)" };
  }
  if (keyUsage === null || keyUsage.bits.includes("digitalSignature")) return null;
  return { what: "has a keyUsage without digitalSignature, which every handshake of TLS 1.3 needs (RFC 8446 4.4.2.2)" };
};

const stapling: Rule = ({ fields }) => {
  if (!fields.extensions.some(({ oid }) => oid === tlsFeature)) return null;
  return {
    what: "demands OCSP stapling (RFC 7633, must-staple), and MinIO does not staple",
    hint: ["ask the CA for one without must-staple"],
  };
};

const ofCa: Rule = ({ facts, extensions }) => {
  if (!facts.ca) return { what: "is in the chain as an issuer, but is not that of a CA (cA FALSE)" };
  if (extensions.keyUsage?.bits.includes("keyCertSign") === false) {
    return { what: "is in the chain as an issuer, but its keyUsage has no keyCertSign" };
  }
  return null;
};

const leafRules: Rule[] = [wellFormed, key, notCa, names, validity, usages, signature, stapling];
const issuerRules: Rule[] = [wellFormed, key, ofCa, validity, signature];

/** The end entity certificate. Throws CertSetupError("import-invalid"). `at`: milliseconds since the epoch. */
export function assertFitForServer(certificate: ImportedCertificate, at: number): void {
  assertRules(leafRules, certificate, at);
}

/** An intermediate certificate. Throws CertSetupError("import-invalid"). */
export function assertFitForChain(certificate: ImportedCertificate, at: number): void {
  assertRules(issuerRules, certificate, at);
}

function assertRules(rules: Rule[], certificate: ImportedCertificate, at: number): void {
  for (const rule of rules) {
    const problem = rule(certificate, at);
    if (problem === null) continue;
    const { place, facts } = certificate;
    const subject = facts.subject === "" ? "" : ` of ${printable(facts.subject, 120)}`;
    throw refusal(
      place,
      `the certificate${subject} ${problem.what}`,
      problem.hint ?? anew(certificate, "have it issued anew, or make one"),
    );
  }
}

/** What works with some clients and not with others. */
export function remarks(certificate: ImportedCertificate): Note[] {
  const { facts, extensions, fields } = certificate;
  const notes: Note[] = [];
  const note = (code: string, what: string): void => {
    notes.push({ code, message: `${certificateText(certificate)} ${what}` });
  };
  if (facts.keyAlgorithm === "Ed25519") note("ed25519", "is for an Ed25519 key; browsers, NSS and mbedTLS refuse it");
  if (facts.notAfter - facts.notBefore > maxValiditySeconds * 1000) {
    note(
      "validity-long",
      "is valid for more than 825 days; Apple's systems refuse it (https://support.apple.com/103769)",
    );
  }
  // An empty Name is SEQUENCE {}: two octets.
  if (fields.subject.length === 2 && extensions.subjectAltName?.critical === false) {
    note(
      "subject-empty",
      "has an empty subject and a subjectAltName that is not critical; Java refuses it (RFC 5280 4.2.1.6)",
    );
  }
  const odd = facts.subjectAltName.filter((name) => name.type === "dNSName" && "problem" in judgeHost(name.value));
  if (odd.length > 0) {
    const list = odd.slice(0, 3).map(({ value }) => `"${printable(value, 80)}"`);
    note("name-unmatched", `has names that some or all clients never match: ${list.join(", ")}`);
  }
  return notes;
}

/** `$ cert-setup --host …` with the names that the certificate has, or seems to mean. */
function anew(certificate: ImportedCertificate, words: string): string[] {
  const common = commonNameOf(certificate);
  const values = certificate.facts.subjectAltName.map(({ value }) => value);
  const hosts = (values.length > 0 ? values : common === null ? [] : [common]).slice(0, 20).flatMap(hostOf);
  return [
    `${words}:`,
    `$ cert-setup --host ${hosts.length === 0 ? "NAMES" : shellQuote([...new Set(hosts)].join(","))}`,
  ];
}

function hostOf(value: string): string[] {
  const verdict = judgeHost(value);
  return "name" in verdict ? [verdict.name.value] : [];
}

function iso(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d+Z$/, "Z");
}
