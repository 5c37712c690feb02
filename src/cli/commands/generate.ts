import { CertSetupError } from "../../model/errors.ts";
import { defaultValiditySeconds, parseValidity } from "../../model/duration.ts";
import { parseHosts } from "../../model/names.ts";
import type { InstallRequest, IssuerSpec, Surroundings } from "../../model/request.ts";
import { readAddress, readEndpoint, readKeyType, readOwner, readStateDir, readTarget } from "../readings.ts";
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
  ],
  options: [
    "host",
    "exact",
    "key-type",
    "duration",
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
    const duration = values.value("duration");
    return {
      command: "generate",
      source: {
        kind: "generated",
        names: parseHosts(hosts, { exact: values.flag("exact") }),
        keyAlgorithm: readKeyType(values.value("key-type")),
        validitySeconds:
          duration === null ? defaultValiditySeconds : parseValidity(duration.text.trim(), duration.from),
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

function readIssuer(values: Values): IssuerSpec {
  if (values.flag("self-signed")) return { kind: "itself" };
  return { kind: "private-ca", constrained: !values.flag("unconstrained-ca"), another: values.flag("new-ca") };
}
