import * as fc from "fast-check";
import { expect, test } from "vitest";
import { defaultValiditySeconds, parseDuration, parseValidity } from "../../src/model/duration.ts";

test.each([
  ["90d", 7_776_000],
  ["2160h", 7_776_000],
  ["8760h0m0s", 31_536_000],
  ["1h30m", 5400],
  ["1d12h", 129_600],
  ["1.5h", 5400],
  ["1.h", 3600],
  ["1.13h", 4068],
  ["0.1d", 8640],
  ["+5m", 300],
  ["1s", 1],
  ["1999ms", 1],
  ["60000000us", 60],
  ["60000000µs", 60],
  ["1m1s1ms1us1ns", 61],
])("%s is %d seconds", (text, seconds) => {
  expect(parseDuration(text)).toBe(seconds);
});

test.each<[string, string, string?]>([
  ["", "is not a duration"],
  ["d", "is not a duration"],
  ["90", "has no unit", "for days use 90d"],
  ["0", "is not a duration"],
  ["0d", "is not longer than zero"],
  ["-90d", "is not longer than zero"],
  ["999ms", "is not longer than zero"],
  ["1y", "is not a duration", "use 365d"],
  ["12 weeks", "is not a duration", "use 84d"],
  ["90 d", "is not a duration"],
  ["90D", "is not a duration"],
  ["1e3d", "is not a duration"],
  ["0x10d", "is not a duration"],
  ["1..5h", "is not a duration"],
  [".h", "is not a duration"],
  ["1h-5m", "is not a duration"],
  ["Infinityd", "is not a duration"],
  ["NaN", "is not a duration"],
  ["1d\n", "is not a duration"],
  ["1d".repeat(60), "is not a duration"],
])("%j: %s", (text, problem, hint) => {
  expect(() => parseDuration(text, "CERT_SETUP_DURATION")).toThrow(
    expect.objectContaining({
      code: "duration-invalid",
      exitStatus: 2,
      message: expect.stringMatching(`^CERT_SETUP_DURATION .* ${problem}$`),
      ...(hint && { hint: [hint] }),
    }),
  );
});

test.each([
  ["5m", 300],
  ["397d", 34_300_800],
  ["825d", 71_280_000],
])("validity %s", (text, seconds) => {
  expect(parseValidity(text)).toBe(seconds);
});

test.each([
  ["4m59s", "--duration 4m59s is shorter than 5 minutes"],
  ["825d1s", "--duration 825d1s is longer than 825 days, the most that Apple's systems accept, from a private CA too"],
  ["999999999999999999999d", "--duration 999999999999999999999d is longer than 825 days"],
])("validity %s is refused", (text, message) => {
  expect(() => parseValidity(text)).toThrow(expect.objectContaining({ message: expect.stringContaining(message) }));
});

test("the default is within the bounds", () => expect(parseValidity("90d")).toBe(defaultValiditySeconds));

test("any order of whole units adds up", () => {
  const unit = { d: 86_400, h: 3600, m: 60, s: 1 };
  const part = fc.tuple(
    fc.integer({ min: 1, max: 5000 }),
    fc.constantFrom(...(Object.keys(unit) as (keyof typeof unit)[])),
  );
  expect(() =>
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 6 }), (parts) => {
        const text = parts.map(([count, name]) => `${count}${name}`).join("");
        return parseDuration(text) === parts.reduce((sum, [count, name]) => sum + count * unit[name], 0);
      }),
      { numRuns: 2_000 },
    ),
  ).not.toThrow();
});
