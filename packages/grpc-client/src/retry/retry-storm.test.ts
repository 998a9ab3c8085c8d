import { status } from "@grpc/grpc-js";
import { callFixture } from "@grpc-kit/testing";
import { describe, expect, it } from "vitest";
import {
  type Answer,
  connectClient,
  ok,
  serveAttempts,
  unavailable,
} from "../../test/serve-attempts.ts";
import type { RetryOptions } from "../client-options.ts";

const callCount = 1_200;
const lanes = 40;

async function outage(throttling: RetryOptions["throttling"]) {
  let answer: Answer = unavailable;
  const { port, attempts } = await serveAttempts(() => answer);
  const client = connectClient(port, {
    retry: { backoffBaseMs: 1, maxBackoffMs: 1, ...(throttling !== undefined && { throttling }) },
  });
  const call = () => callFixture(client, "unary").outcome;
  const lane = async (): Promise<void> => {
    for (let count = 0; count < callCount / lanes; count += 1) {
      expect((await call()).code).toBe(status.UNAVAILABLE);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return {
    amplification: attempts.length / callCount,
    attempts,
    call,
    answerWith: (next: Answer) => {
      answer = next;
    },
  };
}

describe("throttling", () => {
  it("L24, F4: keeps an outage from becoming a storm, and lets retries come back after it", async () => {
    const { amplification, attempts, call, answerWith } = await outage(undefined);
    expect(amplification).toBeLessThanOrEqual(1.1);

    // From no tokens, a tenth for each success; more than half of 100 must be left after a failure.
    answerWith(ok);
    for (let count = 0; count < 530; count += 1) {
      expect((await call()).code).toBe(status.OK);
    }
    answerWith(unavailable);
    const before = attempts.length;
    await call();
    expect(attempts.length - before).toBeGreaterThan(1);
  });

  it("L24: is what keeps it so", async () => {
    const { amplification } = await outage(false);
    expect(amplification).toBe(4);
  });
});
