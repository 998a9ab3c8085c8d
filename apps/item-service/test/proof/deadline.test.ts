import { status } from "@grpc/grpc-js";
import { callKinds } from "@grpc-kit/testing";
import { describe, expect, it } from "vitest";
import { skusIn } from "./items-database.ts";
import { beginCall } from "./running-calls.ts";
import { serveWatched } from "./watched-items.ts";

describe.each(callKinds)("G18: a call that runs: %s", (kind) => {
  it("ends when the time that its caller gives is over", async () => {
    const items = await serveWatched();
    const call = await beginCall[kind](items, { timeoutMs: 2_000 });
    await expect.poll(() => items.service.inFlight).toBe(0);
    expect(await call.failure()).toMatchObject({ code: status.DEADLINE_EXCEEDED });
    await expect.poll(() => items.counted(call.method)).toMatchObject({ started: 1, inFlight: 0 });
    // Both have a clock. The caller's reset may arrive before the server's own has run down.
    const { handled } = await items.counted(call.method);
    expect([{ DeadlineExceeded: 1 }, { Canceled: 1 }]).toContainEqual(handled);
    await items.service.stop({ graceMs: 0 });
    expect(skusIn(items.databasePath)).toEqual(call.created);
  });

  it("ends when the time that the server allows is over, and its caller is told", async () => {
    const items = await serveWatched({ GRPC_SERVER_MAX_DEADLINE_MS: "3000" });
    const call = await beginCall[kind](items, { timeoutMs: 30_000 });
    await expect.poll(() => items.service.inFlight).toBe(0);
    expect(await call.failure()).toMatchObject({ code: status.DEADLINE_EXCEEDED, local: false });
    await expect
      .poll(() => items.counted(call.method))
      .toEqual({ started: 1, inFlight: 0, handled: { DeadlineExceeded: 1 } });
    expect(items.finished(call.method)).toMatchObject([{ "grpc.code": "DEADLINE_EXCEEDED" }]);
    await items.service.stop({ graceMs: 0 });
    expect(skusIn(items.databasePath)).toEqual(call.created);
  });
});
