import { CertSetupError } from "../../model/errors.ts";
import { defaultValiditySeconds, parseValidity } from "../../model/duration.ts";
import { parseHosts } from "../../model/names.ts";
import { parseStartDate } from "../../model/start-date.ts";
import type { InstallRequest, IssuerSpec, Surroundings } from "../../model/request.ts";
import { readAddress, readEndpoint, readKeyAlgorithm, readOwner, readStateDir, readTarget } from "../readings.ts";
import type { Values } from "../values.ts";
import { everywhere } from "./command.ts";
import type { Command } from "./command.ts";

export const generate = {
  summary: "issue a certificate, install it, prove that the server serves it",
  synopsis: "--host NAMES [OPTIONS]",
  examples: [
    {
      command: "cert-setup --host minio.example.net,10.0.0.5",
      does: "private CA and certificate, put where the MinIO of this machine reads them",
    },
    {
      command: "cert-setup --host minio.example.net --dry-run",
      does: "the same, only shown",
    },
    {
      command: "sudo cert-setup --host s3.example.net -S /etc/minio/certs --owner minio",
      does: "for a server that runs as another user",
    },
    {
      command: "cert-setup generate --out . --host localhost,127.0.0.1",
      does: "only cert.pem and key.pem, in place of `go run generate_cert.go`",
    },
  ],
  options: [
    "host",
    "exact",
    "key-type",
    "duration",
    "start-date",
    "rsa-bits",
    "ecdsa-curve",
    "ed25519",
    "ca",
    "out",
    "self-signed",
    "unconstrained-ca",
    "new-ca",
    "target",
    "certs-dir",
    "owner",
    "endpoint",
    "address",
    "state-dir",
    "force",
    "check",
    ...everywhere,
  ],
  request(values: Values, around: Surroundings): InstallRequest {
    const hosts = values.list("host");
    if (hosts.length === 0) {
      throw new CertSetupError("usage", "no --host is given: a certificate needs the names of the server", {
        hint: ["$ cert-setup --host minio.example.net,10.0.0.5", "$ cert-setup --help"],
      });
    }
    if (values.flag("ca")) throw noAuthority();
    const duration = values.value("duration");
    const startDate = values.value("start-date");
    return {
      command: "generate",
      source: {
        kind: "generated",
        names: parseHosts(hosts, { exact: values.flag("exact") }),
        keyAlgorithm: readKeyAlgorithm(values),
        validitySeconds:
          duration === null ? defaultValiditySeconds : parseValidity(duration.text.trim(), duration.from),
        ...(startDate === null ? {} : { notBefore: parseStartDate(startDate.text.trim(), startDate.from) }),
        issuer: readIssuer(values),
      },
      target: readTarget(values, around, readOwner(values.value("owner"))),
      endpoint: readEndpoint(values.value("endpoint")),
      force: values.flag("force"),
      listenAddress: readAddress(values.value("address")),
      stateDir: readStateDir(values, around),
    };
  },
} as const satisfies Command;

function noAuthority(): CertSetupError {
  return new CertSetupError(
    "usage",
    "--ca belongs to --out: a server's certificate is no certificate authority here, rustls and NSS refuse one that is",
    { hint: ["leave out --ca: a private CA is made anyway, beside the certificate", "or add --out DIR"] },
  );
}

function readIssuer(values: Values): IssuerSpec {
  if (values.flag("self-signed")) return { kind: "itself" };
  return { kind: "private-ca", constrained: !values.flag("unconstrained-ca"), another: values.flag("new-ca") };
}
