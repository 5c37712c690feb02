/** The way to what a PKCS #12 file holds: node-forge reads it in a worker thread, within bounds of time and memory. */
import { Worker } from "node:worker_threads";
import { programPath } from "../model/program.ts";
import type { Secret } from "../model/secret.ts";
import { shellQuote } from "../model/text.ts";
import type { EncodedCertificate, EncodedKey } from "./import-items.ts";
import { refusal, refusalOf, type Place } from "./import-place.ts";
import type { Pkcs12Contents, Pkcs12Task } from "./import-pkcs12-reader.ts";

/** Java writes 10,000 iterations, OpenSSL 2,048: tens of milliseconds. */
const patienceMs = 15_000;
const mostMegabytes = 256;
/** keytool and OpenSSL write one key and a chain. */
const mostEntries = 64;

/** Throws CertSetupError: "passphrase-needed", "passphrase-wrong", "import-invalid". */
export async function readPkcs12File(
  der: Buffer,
  file: string,
  passphrase: Secret<string> | null,
): Promise<(EncodedKey | EncodedCertificate)[]> {
  const place: Place = { file, line: null };
  // forge reads on where a value ends early; a file begins as a SEQUENCE or is no PKCS #12.
  if (der[0] !== 0x30) throw notPkcs12(place, der);
  const contents = await inWorker({ der, passphrase: passphrase?.reveal() ?? null });
  if (contents.kind === "unreadable") {
    throw refusal(place, `it is no PKCS #12 file, or one that ${contents.what}`, [
      `$ openssl pkcs12 -legacy -info -noout -in ${shellQuote(file)}`,
    ]);
  }
  if (contents.kind === "passphrase-wrong") {
    if (passphrase !== null) {
      throw refusalOf("passphrase-wrong", place, "the passphrase does not open the PKCS #12 file", [
        `try it by hand: $ openssl pkcs12 -legacy -noout -in ${shellQuote(file)}`,
      ]);
    }
    const hint = ["give its passphrase in a file that only you can read: --passphrase-file F"];
    throw refusalOf("passphrase-needed", place, "the PKCS #12 file is encrypted and no passphrase is given", hint);
  }
  const { privateKeys, certificates } = contents;
  if (privateKeys.length + certificates.length > mostEntries) {
    throw refusal(place, `it holds ${privateKeys.length + certificates.length} entries, more than ${mostEntries}`);
  }
  return [
    ...privateKeys.map((key) => ({
      kind: "key" as const,
      place,
      encoding: "pkcs8" as const,
      der: Buffer.from(key),
      wrapped: null,
    })),
    ...certificates.map((certificate) => ({ kind: "certificate" as const, place, der: Buffer.from(certificate) })),
  ];
}

function notPkcs12(place: Place, bytes: Buffer): Error {
  const pem = bytes.includes("-----BEGIN ");
  return refusal(place, pem ? "it is PEM, not PKCS #12" : "it is not PKCS #12", [
    pem
      ? `give it by --cert and --key, not by --pkcs12`
      : `$ openssl pkcs12 -legacy -info -noout -in ${shellQuote(place.file)}`,
  ]);
}

function inWorker(task: Pkcs12Task): Promise<Pkcs12Contents> {
  return new Promise((resolve, reject) => {
    let answer: Pkcs12Contents = { kind: "unreadable", what: "cannot be read in the memory that it may take" };
    const worker = new Worker(programPath("import-pkcs12-main"), {
      workerData: task,
      env: {},
      execArgv: [],
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: mostMegabytes },
    });
    const timer = setTimeout(() => {
      answer = { kind: "unreadable", what: `takes more than ${patienceMs / 1000} seconds to decrypt` };
      void worker.terminate();
    }, patienceMs);
    worker.on("message", (contents: Pkcs12Contents) => (answer = contents));
    worker.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "ERR_WORKER_OUT_OF_MEMORY") reject(error);
    });
    worker.on("exit", () => {
      clearTimeout(timer);
      resolve(answer);
    });
  });
}
