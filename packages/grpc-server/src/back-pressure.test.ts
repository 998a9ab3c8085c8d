import { setTimeout as delay } from "node:timers/promises";
import {
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
  status,
} from "@grpc/grpc-js";
import { describe, expect, it } from "vitest";
import { emptyMessages, openRawCall, statusOf, uploadRaw } from "../test/raw-call.ts";
import { retainedBytes } from "../test/retained-bytes.ts";
import { envelope, serveFixture } from "../test/serve-fixture.ts";

/** The count once it has stood still for a while, however busy the machine is, or is beyond `most`. */
async function settled(count: () => number, most: number): Promise<number> {
  for (;;) {
    const before = count();
    await delay(200);
    if ((before > 0 && count() === before) || count() > most) {
      return count();
    }
  }
}

describe("a client stream", () => {
  const path = "/fixtures.FixtureService/ClientStream";

  it("F13: of 1,000,000 messages is read in bounded memory", async () => {
    const count = 1_000_000;
    let received = 0;
    let peakBytes = 0;
    const { port } = await serveFixture({
      async clientStream(requests) {
        const startBytes = retainedBytes();
        for await (const _ of requests) {
          received += 1;
          if (received % 100_000 === 0) {
            peakBytes = Math.max(peakBytes, retainedBytes() - startBytes);
          }
        }
        return envelope({});
      },
    });
    const upload = uploadRaw(port, path, count);
    expect(await upload.grpcStatus).toBe("0");
    expect(received).toBe(count);
    expect(peakBytes).toBeLessThan(4 * 1024 * 1024);
  });

  it("F14: stalls its sender when the handler does not read", async () => {
    const reading = Promise.withResolvers<void>();
    let received = 0;
    const { port } = await serveFixture({
      async clientStream(requests) {
        await reading.promise;
        for await (const _ of requests) {
          received += 1;
        }
        return envelope({});
      },
    });
    const count = 1_000_000;
    const upload = uploadRaw(port, path, count);
    await delay(200);
    // The window of HTTP/2 (64 KiB) and what this process holds back of its own.
    expect(upload.sent() * 5).toBeLessThan(1024 * 1024);
    reading.resolve();
    expect(await upload.grpcStatus).toBe("0");
    expect(received).toBe(count);
  });
});

describe("a server stream", () => {
  it.each([
    ["messages of 64 KiB", 64 * 1024, 8],
    // 256 in the window, and as many as fit into the 64 KiB that HTTP/2 lets through unread.
    ["empty messages", 0, 256 + 65_535 / 5 + 256],
  ])(
    "A18: produces no more %s than the window holds, when its caller stops reading",
    async (_, size, most) => {
      let produced = 0;
      const payload = Buffer.alloc(size);
      const { port } = await serveFixture({
        async *serverStream() {
          for (;;) {
            produced += 1;
            yield envelope({ payload });
          }
        },
      });
      const stream = openRawCall(port, "/fixtures.FixtureService/ServerStream");
      stream.end(emptyMessages(1));
      const stalledAt = await settled(() => produced, most);
      expect(stalledAt).toBeGreaterThan(0);
      expect(stalledAt).toBeLessThanOrEqual(most);
      stream.resume();
      await expect.poll(() => produced).toBeGreaterThan(stalledAt);
    },
  );

  it("F11: ends its handler at once when an interceptor ends the call, while its caller reads nothing", async () => {
    const calls: ServerInterceptingCallInterface[] = [];
    const intercept: ServerInterceptor = (_method, call) => {
      calls.push(call);
      return new ServerInterceptingCall(call);
    };
    let produced = 0;
    const { port, server } = await serveFixture(
      {
        async *serverStream() {
          for (;;) {
            produced += 1;
            yield envelope({ payload: Buffer.alloc(64 * 1024) });
          }
        },
      },
      { interceptors: [intercept] },
    );
    const stream = openRawCall(port, "/fixtures.FixtureService/ServerStream");
    const code = statusOf(stream);
    stream.end(emptyMessages(1));
    await settled(() => produced, 8);
    calls[0]?.sendStatus({ code: status.UNAUTHENTICATED, details: "expired", metadata: null });
    await expect.poll(() => server.inFlight).toBe(0);
    stream.resume();
    expect(await code).toBe(status.UNAUTHENTICATED);
  });
});
