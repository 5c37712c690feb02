import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { homeOf, lookUpGroup, lookUpUser } from "../../src/live/users.ts";
import { CertSetupError } from "../../src/model/errors.ts";
import { temporaryDirectory } from "../helpers/run.ts";

const root = temporaryDirectory();
mkdirSync(join(root, "etc"));
writeFileSync(
  join(root, "etc", "passwd"),
  "root:x:0:0:root:/root:/bin/sh\nminio-user:x:991:988::/home/minio-user:/sbin/nologin\n+nis\nbroken:x::1:\nnohome:x:7:8:::\n",
);
writeFileSync(join(root, "etc", "group"), "root:x:0:\ncerts:x:988:minio-user\n");

describe("lookUpUser", () => {
  test.each<[string | number, object]>([
    ["minio-user", { name: "minio-user", uid: 991, gid: 988, home: "/home/minio-user" }],
    [991, { name: "minio-user", uid: 991, gid: 988, home: "/home/minio-user" }],
    ["991", { name: "minio-user", uid: 991, gid: 988, home: "/home/minio-user" }],
    ["nohome", { name: "nohome", uid: 7, gid: 8, home: null }],
    ["4242", { name: "4242", uid: 4242, gid: null, home: null }],
    [4_294_967_294, { name: "4294967294", uid: 4_294_967_294, gid: null, home: null }],
  ])("%s", (name, user) => expect(lookUpUser(name, root)).toEqual(user));

  test.each([
    ["nobody-here", "no such user: nobody-here"],
    ["broken", "no such user: broken"],
    ["+nis", 'not a user name: "+nis"'],
    ["4294967295", "user number 4294967295 is larger than 4294967294"],
    ["99999999999999999999", "user number 99999999999999999999 is larger than 4294967294"],
    [-1, 'not a user name: "-1"'],
    [1.5, 'not a user name: "1.5"'],
    ["", 'not a user name: ""'],
    ["-n", 'not a user name: "-n"'],
    ["a b", 'not a user name: "a b"'],
    ["../x", 'not a user name: "../x"'],
    ["Root", 'not a user name: "Root"'],
    ["a\n", 'not a user name: "a\\n"'],
    ["a".repeat(33), `not a user name: "${"a".repeat(33)}"`],
  ])("refuses %j", (name, message) => {
    const error = thrown(() => lookUpUser(name, root));
    expect(error).toMatchObject({ code: "owner-invalid", message });
  });

  test("asks the user data base of this machine", () => {
    expect(lookUpUser("root")).toMatchObject({ name: "root", uid: 0, gid: 0 });
    expect(thrown(() => lookUpUser("no-such-user-1")).hint[0]).toBe("$ getent passwd");
    expect(homeOf(0)).toBe(lookUpUser("root").home);
    expect(homeOf(4_000_000_001)).toBeNull();
  });
});

describe("lookUpGroup", () => {
  test("by name and number", () => {
    expect(lookUpGroup("certs", root)).toEqual({ name: "certs", gid: 988 });
    expect(lookUpGroup(988, root)).toEqual({ name: "certs", gid: 988 });
    expect(lookUpGroup("12", root)).toEqual({ name: "12", gid: 12 });
    expect(thrown(() => lookUpGroup("minio-user", root)).message).toBe("no such group: minio-user");
  });
});

function thrown(act: () => unknown): CertSetupError {
  try {
    act();
  } catch (error) {
    if (error instanceof CertSetupError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}
