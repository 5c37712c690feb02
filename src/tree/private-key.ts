/**
 * What can be said of a private key without showing it: does MinIO read this file, and which public key belongs to it.
 * MinIO's own reader (internal/config/certs.go) takes exactly one PEM block and nothing behind it.
 */
import { createHash, createPrivateKey, createPublicKey } from "node:crypto";

export type KeyState = { kind: "readable"; spkiSha256: string } | { kind: "unreadable"; problem: string };

const begin = "-----BEGIN ";

export function keyState(text: string): KeyState {
  const unreadable = (problem: string): KeyState => ({ kind: "unreadable", problem });
  if (text.trim() === "") return unreadable("it is empty");
  if (text.charCodeAt(0) === 0xfeff) return unreadable("it begins with a byte order mark");
  const start = text.indexOf(begin);
  if (start < 0) return unreadable("it holds no PEM block");
  const labelEnd = text.indexOf("-----", start + begin.length);
  if (labelEnd < 0 || labelEnd - start > 80) return unreadable("its PEM block has no end");
  const label = text.slice(start + begin.length, labelEnd);
  if (label === "ENCRYPTED PRIVATE KEY") return unreadable("it is encrypted (PKCS #8), which MinIO cannot read");
  if (label === "EC PARAMETERS") return unreadable("it begins with EC PARAMETERS, which MinIO refuses (minio#8106)");
  if (label !== "PRIVATE KEY" && !label.endsWith(" PRIVATE KEY")) return unreadable(`it holds a ${label.slice(0, 40)}`);
  const end = text.indexOf(`-----END ${label}-----`, labelEnd);
  if (end < 0) return unreadable("its PEM block has no end");
  const rest = text.slice(end + label.length + "-----END -----".length).replace(/^[ \t]*(\r?\n)?/, "");
  if (rest !== "") return unreadable("something follows the key block, which MinIO refuses (minio#7698)");
  if (text.slice(labelEnd, end).includes("DEK-Info:")) return unreadable("it is encrypted (RFC 1423)");
  try {
    const spki = createPublicKey(createPrivateKey(text)).export({ type: "spki", format: "der" });
    return { kind: "readable", spkiSha256: createHash("sha256").update(spki).digest("hex") };
  } catch {
    return unreadable("its key cannot be decoded");
  }
}
