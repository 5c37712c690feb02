// A server that cannot read the new key goes on with the old pair; so do the files, and it is said why.

import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { freePort, homeOf, report, servedLeaf, startMinio, stopServers } from "../helpers/minio.ts";
import { withCondition, withPrograms } from "../helpers/programs.ts";
import { temporaryDirectory } from "../helpers/run.ts";
import { snapshot } from "../helpers/snapshot.ts";

afterEach(stopServers);

const serverUid = 1500;
const wrongUid = 1501;

withPrograms(
  "minio",
  "mc",
  "aws",
  "curl",
)("a pair that the server rejects", () => {
  withCondition(
    process.getuid?.() === 0,
    "a server of another user",
    "it takes root",
  )("of another user", () => {
    test("the pair before is put back and served; without the mistake all is well again", async () => {
      const top = temporaryDirectory(0o755);
      const certsDir = join(top, "certs");
      mkdirSync(certsDir, { mode: 0o755 });
      const home = join(top, "root");
      const place = ["--host", "localhost", "--certs-dir", certsDir];
      const first = await report([...place, "--owner", `${serverUid}:${serverUid}`], { home });
      expect(first).toMatchObject({ status: 0, outcome: "applied" });
      const port = await freePort();
      const ca = readFileSync(first.trustAnchor?.path ?? "", "utf8");
      const server = await startMinio({ home: homeOf(serverUid), port, certsDir, uid: serverUid });
      expect(await servedLeaf(port, ca)).toBe(first.sha256);

      // The second round with a previous generation, and with a CA that is new.
      let expected = first.sha256;
      for (const wrong of [[], ["--new-ca"]]) {
        const before = content(certsDir);
        const failed = await report([...place, "--force", "--owner", `${wrongUid}:${wrongUid}`, ...wrong], { home });
        expect(failed).toMatchObject({ status: 4, exitStatus: 4, outcome: "failed" });
        const [error] = failed.errors;
        expect(error?.code).toBe("proof-failed");
        expect(error?.message).toContain("the server does not serve the new pair");
        expect(error?.changed).toBe("the previous pair is back in place, and served");
        expect(error?.hint[0]).toContain(`(pid ${server.pid}) runs as uid ${serverUid}`);
        expect(error?.hint[0]).toContain(`--owner ${serverUid}:${serverUid}`);
        expect(content(certsDir)).toEqual(before);
        expect(await servedLeaf(port, ca)).toBe(expected);
        expect(server.alive()).toBe(true);
        expect(await report(["status", "--certs-dir", certsDir], { home })).toMatchObject({ status: 0, warnings: [] });

        const right = await report([...place, "--force"], { home });
        expect(right).toMatchObject({ status: 0, changed: true, endpoint: { state: "served" }, warnings: [] });
        expect(await servedLeaf(port, ca)).toBe(right.sha256);
        expect(right.sha256).not.toBe(expected);
        expected = right.sha256;
      }
    });
  });
});

/** Links that were put back are new ones, with the same target. */
function content(directory: string): unknown {
  return Object.entries(snapshot(directory)).map(([name, { inode, modified, ...rest }]) =>
    rest.kind === "link" ? [name, rest] : [name, { inode, modified, ...rest }],
  );
}
