import { status } from "@grpc/grpc-js";
import { Envelope } from "@grpc-kit/testing/fixtures";
import { expect, it } from "vitest";
import { serveFixture } from "./fixture-server.ts";
import { outcomeOf, startStub } from "./fixture-stub.ts";

const rounds = 60;
const doomedOfRound = 50;
const goodOfRound = 10;

// nghttp2 ends a connection whose client has reset 1,000 streams and then more than 33 in a second.
it("L23/F10: callers who cancel or time out hurt no other call, and never see INTERNAL", async () => {
  const connections = new Set<string>();
  const server = await serveFixture({ onCall: (call) => connections.add(call.getPeer()) });
  const stub = startStub(server.target, {
    // Timeouts this short say nothing of the server, but a circuit would take them for failures.
    circuitBreaker: false,
    // More than four times the calls of a connection, since all of them fail with it, another is ended soon, and callers
    // who give up give nothing back.
    retry: { throttling: { maxTokens: 400 } },
  });
  const doomed = new Map<status, number>();
  const good: status[] = [];
  const wait = Envelope.create({ text: "wait" });
  const callInVain = async (index: number): Promise<void> => {
    const options =
      index % 2 === 0
        ? { timeoutMs: 20 }
        : { timeoutMs: 30_000, signal: AbortSignal.timeout(1 + (index % 20)) };
    const { code } = await outcomeOf(stub.unary(wait, options));
    doomed.set(code, (doomed.get(code) ?? 0) + 1);
  };
  const call = async (): Promise<void> => {
    const { code } = await outcomeOf(stub.unary(Envelope.create(), { timeoutMs: 30_000 }));
    good.push(code);
  };
  for (let round = 0; round < rounds; round += 1) {
    await Promise.all([
      ...Array.from({ length: doomedOfRound }, (_, index) => callInVain(index)),
      ...Array.from({ length: goodOfRound }, call),
    ]);
  }
  // Otherwise this has shown nothing.
  expect(connections.size).toBeGreaterThan(1);
  expect(doomed.get(status.INTERNAL)).toBeUndefined();
  expect(doomed.get(status.CANCELLED)).toBeGreaterThan(1_000);
  expect(doomed.get(status.DEADLINE_EXCEEDED)).toBeGreaterThan(1_000);
  expect(good).toEqual(Array(rounds * goodOfRound).fill(status.OK));
}, 60_000);
