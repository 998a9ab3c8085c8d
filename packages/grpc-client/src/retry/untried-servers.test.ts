import { Envelope } from "@grpc-kit/testing/fixtures";
import { expect, it } from "vitest";
import { type FixtureStubOptions, startStub } from "../../test/fixture-stub.ts";
import { type AttemptServer, ok, serveAttempts, unavailable } from "../../test/serve-attempts.ts";

const quick = { backoffBaseMs: 1, maxBackoffMs: 1, throttling: false } as const;
const hedging = { delayMs: 60_000 };
const callCount = 60;
// None is left out meanwhile.
const channel = { outlierDetection: { intervalMs: 600_000 } };

/** Three servers that fail every call but an empty one, all of which are connected. */
async function start(options: FixtureStubOptions) {
  const servers = [await serve(), await serve(), await serve()];
  const targets = servers.map(({ port }) => `127.0.0.1:${port}`);
  const stub = startStub(targets, { circuitBreaker: false, channel, ...options });
  const isConnected = async (): Promise<boolean> => {
    await stub.unary(Envelope.create());
    return servers.every(({ attempts }) => attempts.length > 0);
  };
  await expect.poll(isConnected, { timeout: 15_000 }).toBe(true);
  return { servers, stub };
}

function serve(): Promise<AttemptServer> {
  return serveAttempts(({ requests: [request] }) => (request?.text === "" ? ok : unavailable));
}

it.each<[string, number, FixtureStubOptions]>([
  ["retries", 2, { retry: { ...quick, maxRetries: 1 } }],
  ["retries", 3, { retry: { ...quick, maxRetries: 2 } }],
  ["retries", 4, { retry: { ...quick, maxRetries: 3 } }],
  ["copies", 2, { retry: quick, methods: { unary: { hedging } } }],
  ["copies", 3, { retry: quick, methods: { unary: { hedging: { ...hedging, maxAttempts: 3 } } } }],
  ["copies", 5, { retry: quick, methods: { unary: { hedging: { ...hedging, maxAttempts: 5 } } } }],
])(
  "F4: %s go to servers that have not had the call: of %d attempts",
  async (_what, most, options) => {
    const { servers, stub } = await start(options);
    const names = Array.from({ length: callCount }, (_, index) => String(index));
    // At once: all their attempts are in between each other's.
    const calls = names.map((text) => stub.unary(Envelope.create({ text })));
    for (const call of await Promise.allSettled(calls)) {
      expect(call).toMatchObject({ status: "rejected", reason: { attempts: most } });
    }
    for (const name of names) {
      const counts = servers.map(
        ({ attempts }) =>
          attempts.filter(({ requests: [request] }) => request?.text === name).length,
      );
      expect(counts.filter((count) => count > 0)).toHaveLength(Math.min(most, servers.length));
      expect(counts.reduce((sum, count) => sum + count)).toBe(most);
    }
  },
);
