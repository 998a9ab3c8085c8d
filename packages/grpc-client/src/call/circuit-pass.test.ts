import { status } from "@grpc/grpc-js";
import { runInCall } from "@grpc-kit/grpc-context";
import { Envelope } from "@grpc-kit/testing/fixtures";
import { describe, expect, it } from "vitest";
import { serveFixture } from "../../test/fixture-server.ts";
import { type FixtureStubOptions, outcomeOf } from "../../test/fixture-stub.ts";
import { openStub } from "../../test/open-stub.ts";
import { servedCall } from "../../test/served-call.ts";

const wait = Envelope.create({ text: "wait" });

/** Calls of a server that never answers, and the states of the circuits that they leave behind. */
async function startCalls(options: FixtureStubOptions = {}) {
  const server = await serveFixture();
  const { stub, factory } = openStub(server.target, { retry: false, ...options });
  const open = () => factory.circuits().filter(({ state }) => state !== "CLOSED");
  return { server, stub, open };
}

describe("a circuit, of calls that had no time", () => {
  it("stays closed when callers allow less than a server may need", async () => {
    const { server, stub, open } = await startCalls();
    for (let count = 0; count < 6; count += 1) {
      const { code } = await outcomeOf(stub.unary(wait, { timeoutMs: 20 }));
      expect(code).toBe(status.DEADLINE_EXCEEDED);
    }
    expect(server.calls).toBeGreaterThan(0);
    expect(open()).toEqual([]);
  });

  it("stays closed when the calls being served have no more", async () => {
    const { stub, open } = await startCalls();
    for (let count = 0; count < 6; count += 1) {
      const served = servedCall({ deadline: Date.now() + 60 });
      const { code } = await runInCall(served, () => outcomeOf(stub.unary(wait)));
      expect(code).toBe(status.DEADLINE_EXCEEDED);
    }
    expect(open()).toEqual([]);
  });

  it("opens when they had what is usual for the method", async () => {
    const { stub, open } = await startCalls({ methods: { unary: { timeoutMs: 20 } } });
    for (let count = 0; count < 5; count += 1) {
      await outcomeOf(stub.unary(wait));
    }
    expect(open()).toMatchObject([{ path: "/fixtures.FixtureService/Unary", state: "OPEN" }]);
  });

  it("stays closed when streams are quiet until their end", async () => {
    const { stub, open } = await startCalls({ circuitBreaker: { threshold: 1 } });
    const { code } = await outcomeOf(stub.serverStream(wait, { timeoutMs: 1_100 }));
    expect(code).toBe(status.DEADLINE_EXCEEDED);
    expect(open()).toEqual([]);
  });
});
