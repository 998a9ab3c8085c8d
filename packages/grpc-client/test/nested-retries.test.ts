import { status } from "@grpc/grpc-js";
import { StatusError } from "@grpc-kit/grpc-status";
import { Envelope, FixtureServiceService } from "@grpc-kit/testing/fixtures";
import { expect, it, onTestFinished } from "vitest";
import { type Handlers, startTestServer, type TestServer } from "../src/testing/index.ts";
import type { FixtureStub } from "./fixture-stub.ts";
import { openStub } from "./open-stub.ts";

async function serve(handlers: Handlers<FixtureServiceService>): Promise<TestServer> {
  const server = await startTestServer(FixtureServiceService, handlers);
  onTestFinished(() => server.stop());
  return server;
}

function call({ target }: TestServer, circuitBreaker?: false): FixtureStub {
  const { stub } = openStub(target, {
    retry: { backoffBaseMs: 1, maxBackoffMs: 1 },
    methods: { unary: { idempotent: true } },
    ...(circuitBreaker === false && { circuitBreaker }),
  });
  return stub;
}

it.each<[string, false | undefined]>([
  ["circuits and throttling", undefined],
  ["throttling alone", false],
])(
  "F5: retries in two tiers do not multiply while a third is down, by %s",
  async (_name, circuit) => {
    const calls = 200;
    const down = await serve({
      unary() {
        throw new StatusError(status.UNAVAILABLE, "down");
      },
    });
    const toDown = call(down, circuit);
    const between = await serve({
      async unary(request) {
        return await toDown.unary(request);
      },
    });
    const stub = call(between, circuit);
    for (let made = 0; made < calls; made += 1) {
      await expect(stub.unary(Envelope.create())).rejects.toMatchObject({
        code: status.UNAVAILABLE,
      });
    }
    expect(between.calls.length).toBeLessThanOrEqual(1.5 * calls);
    expect(down.calls.length).toBeLessThanOrEqual(1.5 * calls);
  },
);
