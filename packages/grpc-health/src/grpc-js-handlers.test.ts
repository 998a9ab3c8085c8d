import { promisify } from "node:util";
import { Server, ServerCredentials, status } from "@grpc/grpc-js";
import { HealthService } from "@grpc-kit/generated-protos/grpc/health/v1";
import { describe, expect, it, onTestFinished } from "vitest";
import { checkError, createClient, watch } from "../test/serve-health.ts";
import { openStalledWatch } from "../test/stalled-watch.ts";
import { toServerStream, toUnary } from "./grpc-js-handlers.ts";
import type { HealthHandlers } from "./health-handlers.ts";

async function serve({ check, watch }: Pick<HealthHandlers, "check" | "watch">): Promise<string> {
  const server = new Server();
  server.addService(HealthService, {
    check: toUnary(check, "test"),
    watch: toServerStream(watch, "test"),
    list: () => {},
  });
  const bind = promisify(server.bindAsync.bind(server));
  const port = await bind("127.0.0.1:0", ServerCredentials.createInsecure());
  onTestFinished(() => server.forceShutdown());
  return `127.0.0.1:${port}`;
}

function fail(): never {
  throw new Error("planted");
}

describe("handlers for a bare grpc-js server", () => {
  it("ends a call with INTERNAL, and not with the error's text, when a handler throws", async () => {
    const address = await serve({
      check: fail,
      async *watch() {
        yield { status: 1 };
        fail();
      },
    });
    const client = createClient(address);
    onTestFinished(() => client.close());
    const internal = { code: status.INTERNAL, details: "internal error" };
    expect(await checkError(client, "")).toMatchObject(internal);
    const { events, status: ended } = watch(client, "");
    expect(await ended).toMatchObject(internal);
    expect(events).toEqual(["SERVING", "ended 13"]);
  });

  it("lets a generator end when the connection breaks in the middle of a write", async () => {
    let written = 0;
    let hasEnded = false;
    const address = await serve({
      check: fail,
      async *watch(_request, { signal }) {
        try {
          while (!signal.aborted) {
            written++;
            yield { status: 1 };
          }
        } finally {
          hasEnded = true;
        }
      },
    });
    const { socket } = openStalledWatch(address);
    await expect.poll(() => written).toBe(1);
    // It waits for the first message, and offers no second one.
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect([written, hasEnded]).toEqual([1, false]);
    socket.resetAndDestroy();
    await expect.poll(() => hasEnded).toBe(true);
    expect(written).toBe(1);
  });
});
