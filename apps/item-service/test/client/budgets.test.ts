import { Metadata, status } from "@grpc/grpc-js";
import { currentCall } from "@grpc-kit/grpc-context";
import { requestId } from "@grpc-kit/grpc-interceptors/client";
import type { CallContext } from "@grpc-kit/grpc-server";
import { callKinds } from "@grpc-kit/testing";
import { describe, expect, it } from "vitest";
import { failureOf } from "../serve.ts";
import { callKind } from "./fixture-stub.ts";
import { handlersThat } from "./handlers-that.ts";
import { serveTwo } from "./two-services.ts";

/** Handlers whose first call is answered, the others once they have ended, and all these calls. */
function waiting() {
  const contexts: CallContext[] = [];
  const handlers = handlersThat((context) => {
    if (contexts.push(context) > 1) {
      return new Promise((resolve) => context.signal.addEventListener("abort", resolve));
    }
    return undefined;
  });
  return { contexts, handlers };
}

const leftOf = ({ deadline }: { readonly deadline: number }) => deadline - Date.now();

describe.each(callKinds)("a call that is made while a call is served: %s", (kind) => {
  it("has less time than that one, which keeps some to answer in", async () => {
    const left: number[] = [];
    const look = (call: { readonly deadline: number } = { deadline: Number.NaN }) =>
      left.push(leftOf(call));
    const { stub } = await serveTwo(handlersThat(look), {}, () => look(currentCall()));
    await callKind(stub, kind, ["hi"], { timeoutMs: 20_000 });
    const [atA = 0, atB = 0] = left;
    expect(left).toHaveLength(2);
    expect(atA).toBeLessThanOrEqual(20_000);
    // A twentieth is kept. What the machine takes is gone at B as well.
    expect(atB).toBeLessThanOrEqual(atA * 0.95 + 1);
    expect(atB).toBeGreaterThan(0);
  });

  it("is cancelled when that one is", async () => {
    const { contexts, handlers } = waiting();
    const { stub, a, b } = await serveTwo(handlers);
    await callKind(stub, kind, ["hi"]);
    const abort = new AbortController();
    const call = failureOf(callKind(stub, kind, ["hi"], { signal: abort.signal }));
    await expect.poll(() => contexts.length).toBe(2);
    expect(contexts[1]?.signal.aborted).toBe(false);
    abort.abort();
    expect(await call).toMatch(/^CANCELLED/);
    await expect.poll(() => contexts[1]?.signal.aborted).toBe(true);
    await expect.poll(() => a.server.stats.inFlight + b.server.stats.inFlight).toBe(0);
  });

  it("ends when the time of that one is over", async () => {
    const { contexts, handlers } = waiting();
    const { stub, a, b } = await serveTwo(handlers, { defaultTimeoutMs: 3_600_000 });
    // Connects.
    await callKind(stub, kind, ["hi"]);
    await expect(callKind(stub, kind, ["hi"], { timeoutMs: 1_000 })).rejects.toMatchObject({
      code: status.DEADLINE_EXCEEDED,
    });
    await expect.poll(() => a.server.stats.inFlight + b.server.stats.inFlight).toBe(0);
    expect(contexts.map(({ signal }) => signal.aborted)).toEqual([false, true]);
  });

  it("has the id of that one's request", async () => {
    const ids: unknown[] = [];
    const handlers = handlersThat(({ metadata }) => ids.push(...metadata.get("x-request-id")));
    const { stub } = await serveTwo(handlers, { interceptors: [requestId()] });
    const metadata = new Metadata();
    metadata.set("x-request-id", "order-4711");
    await callKind(stub, kind, ["hi"], { metadata });
    expect(ids).toEqual(["order-4711"]);
  });
});
