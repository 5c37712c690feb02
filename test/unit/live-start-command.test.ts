import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { shellQuote, startCommand, type StartOptions } from "../../src/live/start-command.ts";

describe("startCommand", () => {
  const none = { server: null, unit: null, certsDir: "/c", isDefaultDir: false, listenAddress: null };
  const byHand = { uid: 1000, command: ["/usr/bin/minio", "server", "/d{1...4}"], cwd: "/srv", unit: null };
  const relative = { ...byHand, command: ["minio", "server", "--certs-dir", "c d", "/d"] };
  test.each<[string, Partial<StartOptions>, string]>([
    ["nothing known", {}, "minio server --certs-dir /c ~/minio-data"],
    ["the default directory", { isDefaultDir: true }, "minio server ~/minio-data"],
    ["an address", { isDefaultDir: true, listenAddress: ":443" }, "minio server --address :443 ~/minio-data"],
    ["a directory with a blank", { certsDir: "/c d" }, "minio server --certs-dir '/c d' ~/minio-data"],
    ["a unit", { unit: { name: "minio.service" } }, "sudo systemctl restart minio"],
    ["its own unit", { server: { ...byHand, unit: "silo.service" } }, "sudo systemctl restart silo"],
    [
      "a server, perhaps of the unit",
      { server: { uid: 1000, command: byHand.command }, unit: { name: "minio.service" } },
      "sudo systemctl restart minio",
    ],
    [
      "started by hand beside a unit",
      { server: byHand, unit: { name: "minio.service" } },
      "/usr/bin/minio server '/d{1...4}'",
    ],
    ["by another user", { server: { ...byHand, uid: 7 } }, "sudo -u '#7' -- /usr/bin/minio server '/d{1...4}'"],
    ["by root", { server: { ...byHand, uid: 0 } }, "sudo -- /usr/bin/minio server '/d{1...4}'"],
    ["relative paths", { server: relative }, "cd /srv && minio server --certs-dir 'c d' /d"],
    [
      "relative paths of another user",
      { server: { ...relative, uid: 7 } },
      `sudo -u '#7' -- sh -c 'cd /srv && minio server --certs-dir '\\''c d'\\'' /d'`,
    ],
    [
      "remote volumes are not relative",
      { server: { ...byHand, command: ["minio", "server", "https://n{1...4}/d"] } },
      "minio server 'https://n{1...4}/d'",
    ],
    [
      "an option instead of a program",
      { server: { ...byHand, uid: 7, command: ["-uroot", "/tmp/evil", "server"] } },
      "minio server --certs-dir /c ~/minio-data",
    ],
    [
      "an assignment instead of a program",
      { server: { ...byHand, uid: 7, command: ["A=b", "/tmp/evil", "server"] } },
      "minio server --certs-dir /c ~/minio-data",
    ],
    [
      "text that hides itself",
      { server: { ...byHand, command: ["minio", "server", "/d\u202e"] } },
      "minio server --certs-dir /c ~/minio-data",
    ],
  ])("%s", (_, options, command) => expect(startCommand({ ...none, ...options }, 1000)).toBe(command));
});

describe("shellQuote", () => {
  const words = [
    "",
    "a",
    "a b",
    "it's",
    "''",
    "$HOME",
    "`id`",
    "$(id)",
    "a;b",
    "a&b|c>d",
    "*",
    "~",
    "~root",
    "#",
    "!x",
    "\\",
    '"',
    "{a,b}",
    "-n",
    "é",
  ];
  test.each(words)("sh gets %s back", (word) => {
    const { stdout } = spawnSync("sh", ["-c", `printf '%s.' ${shellQuote(word)}`], { encoding: "utf8" });
    expect(stdout).toBe(`${word}.`);
  });
  test.each(["a\nb", "\u001b[0m", "\u009b", "a\u202eb", "a\u200bb", "\u2028", "\u0000", "\ud800", "\u{e0041}"])(
    "refuses %j",
    (word) => expect(() => shellQuote(word)).toThrow(/^not printable/),
  );
});
