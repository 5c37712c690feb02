import { describe, expect, test } from "vitest";
import { portOf, readConfigFile, readServerCommand } from "../../src/live/command-line.ts";

describe("readServerCommand", () => {
  const nothing = {
    certsDir: null,
    configDir: null,
    config: null,
    address: null,
    consoleAddress: null,
    volumes: ["/d"],
  };
  test.each<[string, object | null]>([
    ["minio server /d", {}],
    ["minio server --certs-dir /c /d", { certsDir: "/c" }],
    ["minio server --certs-dir=/c /d", { certsDir: "/c" }],
    ["minio server -certs-dir /c /d", { certsDir: "/c" }],
    ["minio server -S /c /d", { certsDir: "/c" }],
    ["minio server --S=/c /d", { certsDir: "/c" }],
    ["minio server -S=/c /d", { certsDir: "/c" }],
    ["minio server -S= /d", { certsDir: "" }],
    ["minio server /d -S /c", { certsDir: "/c" }],
    ["minio -S /c server /d", { certsDir: "/c" }],
    ["minio -S /a server /d -S /b", { certsDir: "/b" }],
    ["minio server -S /a /d -S /b", { certsDir: "/b" }],
    ["minio server -C /c /d", { configDir: "/c" }],
    ["minio --config-dir=/c server /d", { configDir: "/c" }],
    ["minio server --config /c.yaml /d", { config: "/c.yaml" }],
    ["minio server --address :443 --console-address :9001 /d", { address: ":443", consoleAddress: ":9001" }],
    ["minio --quiet --json server --anonymous /d", {}],
    ["minio server --ftp address=:8021 /d", {}],
    ["minio server /d -- -S /c", { volumes: ["/d", "-S", "/c"] }],
    ["minio server /d - /e", { volumes: ["/d", "-", "/e"] }],
    ["minio server --address", { address: null, volumes: [] }],
    ["minio server --constructor /x /d", {}],
    ["minio --certs-dir server update", null],
    ["minio update server", null],
    ["minio", null],
    ["", null],
  ])("%s", (line, expected) => {
    expect(readServerCommand(line.split(" "))).toEqual(expected === null ? null : { ...nothing, ...expected });
  });
});

describe("readConfigFile", () => {
  test.each<[string, string | null]>([
    ["certs-dir: /c", "/c"],
    ["version: v2\ncerts-dir: /c # here\naddress: :1", "/c"],
    ["certs-dir:   '/c d'   # here", "/c d"],
    ['"certs-dir" : "/c#d"', "/c#d"],
    ["certs-dir: /c#d\r\n", "/c#d"],
    ["certs-dir:", null],
    ["certs-dir: # nothing", null],
    ["certs-dir: null", null],
    ['certs-dir: ""', null],
    ["options:\n  certs-dir: /c", null],
    ["# certs-dir: /c", null],
    ["my-certs-dir: /c", null],
    ["", null],
  ])("%j", (text, certsDir) => expect(readConfigFile(text).certsDir).toBe(certsDir));

  test("address", () => expect(readConfigFile('address: ":9000"\n').address).toBe(":9000"));
});

test.each([
  [":9000", 9000],
  ["10.0.0.5:443", 443],
  ["[::1]:9000", 9000],
  ["minio.example.net:1", 1],
  [":https", null],
  [":0", null],
  [":65536", null],
  ["9000", null],
])("the port of %s is %s", (address, port) => expect(portOf(address)).toBe(port));
