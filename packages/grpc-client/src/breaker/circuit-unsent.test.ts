import { credentials, status } from "@grpc/grpc-js";
import { Envelope } from "@grpc-kit/testing/fixtures";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { serveFixture } from "../../test/fixture-server.ts";
import { openStub } from "../../test/open-stub.ts";
import type { CallOptions } from "../stub/call-options.ts";

const request = Envelope.create();
const timeoutMs = 30_000;

function tokenThatFails(code: status | undefined): CallOptions {
  const error = Object.assign(new Error("no token"), { code });
  return { credentials: credentials.createFromMetadataGenerator((_, done) => done(error)) };
}

async function start() {
  // The clock of circuits alone.
  vi.useFakeTimers({ toFake: ["performance"] });
  onTestFinished(() => void vi.useRealTimers());
  const server = await serveFixture({
    unary: (_call, callback) => callback({ code: status.UNAVAILABLE, details: "ill" }),
  });
  const changes: string[] = [];
  const { stub } = openStub(server.target, {
    retry: false,
    circuitBreaker: { threshold: 1, timeoutMs },
    observer: { onCircuitChange: ({ to }) => changes.push(to) },
    channel: { maxSendMessageBytes: 1_000 },
  });
  return { server, stub, changes };
}

describe.each<[string, Envelope, CallOptions]>([
  ["whose credentials have none", request, tokenThatFails(undefined)],
  ["whose credentials are UNAVAILABLE", request, tokenThatFails(status.UNAVAILABLE)],
  ["that is too large", Envelope.create({ text: "x".repeat(2_000) }), {}],
])("a call %s", (_name, unsent, options) => {
  it("is refused here, and opens no circuit", async () => {
    const { server, stub, changes } = await start();
    await expect(stub.unary(unsent, options)).rejects.toMatchObject({ local: true });
    expect([changes, server.calls]).toEqual([[], 0]);
  });

  it("closes no circuit, and lets the next one try", async () => {
    const { server, stub, changes } = await start();
    await expect(stub.unary(request)).rejects.toThrow("ill");
    vi.advanceTimersByTime(timeoutMs);
    await expect(stub.unary(unsent, options)).rejects.toMatchObject({ local: true });
    expect([changes, server.calls]).toEqual([["OPEN", "HALF_OPEN"], 1]);
    await expect(stub.unary(request)).rejects.toThrow("ill");
    expect(changes).toEqual(["OPEN", "HALF_OPEN", "OPEN"]);
  });
});
