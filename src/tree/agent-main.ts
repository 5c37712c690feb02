/**
 * Program of the child that root starts as the owner of a certs directory: one request on stdin, one answer on stdout.
 * It holds nothing that the owner may not have: the owner can read this process.
 */
import { readFileSync, writeSync } from "node:fs";
import { type AgentRequest, attend } from "./agent.ts";

process.umask(0o077);
const answer = Buffer.from(JSON.stringify(attend(JSON.parse(readFileSync(0, "utf8")) as AgentRequest)));
for (let at = 0; at < answer.length;) at += writeSync(1, answer, at);
