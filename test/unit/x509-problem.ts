import { CertSetupError } from "../../src/model/errors.ts";

/** The message of the CertSetupError("certificate-invalid") that an action ends with. */
export function problem(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof CertSetupError && error.code === "certificate-invalid") return error.message;
    throw error;
  }
  return "no error";
}

/** Octets from hex digits and spaces. */
export const bytes = (hex: string): Buffer => Buffer.from(hex.replace(/ /g, ""), "hex");
