import { status } from "@grpc/grpc-js";
import { expect } from "vitest";
import { errorToStatus } from "../src/index.ts";

/** What must not be told to a caller. */
export const secret = "S3CR3T";

/** The name of the code that the error becomes, once it is sure that nothing tells the secret. */
export function codeOf(error: unknown): string {
  const sent = errorToStatus(error);
  const bytes = sent.metadata
    ?.get("grpc-status-details-bin")
    .map((value) => value.toString("latin1"));
  expect(sent.details + String(bytes)).not.toContain(secret);
  return status[sent.code] as string;
}

/** What `work` throws, or rejects with. */
export async function thrownBy(work: () => unknown): Promise<unknown> {
  try {
    await work();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}
