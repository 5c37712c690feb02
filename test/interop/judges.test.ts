import { beforeAll, expect, it } from "vitest";
import { withPrograms } from "../helpers/programs.ts";
import { temporaryDirectory } from "../helpers/run.ts";
import { makePki, type Pair, type Pki } from "./certificates.ts";
import { allJudges, type JudgeName, type Verdicts } from "./judges.ts";

let pki: Pki;
beforeAll(async () => {
  pki = await makePki(temporaryDirectory());
}, 120_000);

/** `ok` or `refused` for each, so that a difference shows which certificate and which host it is about. */
function expected(pairs: readonly Pair[], verdict: string): Verdicts {
  return Object.fromEntries(pairs.flatMap(({ id, hosts }) => hosts.map((host) => [`${id} → ${host}`, verdict])));
}

function refused(verdicts: Verdicts): Verdicts {
  return Object.fromEntries(Object.entries(verdicts).map(([key, text]) => [key, text === "ok" ? "ok" : "refused"]));
}

/** Where a judge does not say what all others say, and why. */
const different: Partial<Record<JudgeName, { outside?: "ok"; selfSigned?: "refused" }>> = {
  // Does not apply the name constraints of a trust anchor (RFC 5280 6.1.1 leaves it open).
  "Java PKIX": { outside: "ok" },
  // Takes only a CA certificate for an anchor.
  "GnuTLS": { selfSigned: "refused" },
};

for (const [name, { program, judge }] of Object.entries(allJudges)) {
  const { outside = "refused", selfSigned = "ok" } = different[name as JudgeName] ?? {};
  withPrograms(program)(`judged by ${name}`, { timeout: 300_000 }, () => {
    let verdicts: Verdicts;
    beforeAll(async () => {
      verdicts = await judge([...pki.good, ...pki.selfSigned, ...pki.outside, ...pki.bad]);
    }, 300_000);
    const about = (pairs: readonly Pair[]): Verdicts =>
      Object.fromEntries(Object.keys(expected(pairs, "")).map((key) => [key, verdicts[key] ?? "no verdict"]));

    it("accepts every shape with every key", () => {
      expect(about(pki.good)).toEqual(expected(pki.good, "ok"));
      expect(pki.good.length).toBeGreaterThan(60);
    });
    it(`self-signed ones: ${selfSigned}`, () => {
      const answers = about(pki.selfSigned);
      expect(selfSigned === "ok" ? answers : refused(answers)).toEqual(expected(pki.selfSigned, selfSigned));
    });
    it(`names outside of the constraints: ${outside}`, () => {
      expect(refused(about(pki.outside))).toEqual(expected(pki.outside, outside));
      // For that reason, and no other; certtool gives none.
      const reasons = Object.values(about(pki.outside)).filter((text) => text !== "ok" && name !== "GnuTLS");
      expect(reasons.filter((text) => !/permitted/.test(text))).toEqual([]);
    });
    it("refuses other hosts and other roots", () => {
      expect(refused(about(pki.bad))).toEqual(expected(pki.bad, "refused"));
    });
  });
}
