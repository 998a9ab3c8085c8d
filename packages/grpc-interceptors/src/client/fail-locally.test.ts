import { Writable } from "node:stream";
import { type Interceptor, type ServiceError, status } from "@grpc/grpc-js";
import { type CallKind, callFixture, callKinds } from "@grpc-kit/testing";
import type { Envelope, FixtureServiceClient } from "@grpc-kit/testing/fixtures";
import { describe, expect, it } from "vitest";
import { serveArrivals } from "../../test/client-arrivals.ts";
import { envelope } from "../../test/serve-fixture.ts";
import { clientInterceptor } from "./client-hook.ts";
import { failLocally } from "./fail-locally.ts";

const refuse: Interceptor = () => failLocally(status.ABORTED, "not today");

/** All that a call's caller is told, in order; ends when nothing more comes. */
async function eventsOf(client: FixtureServiceClient, kind: CallKind): Promise<string[]> {
  const events: string[] = [];
  const settle = (error: ServiceError | null, reply?: Envelope): void => {
    events.push(`callback ${error?.code} ${reply}`);
  };
  const call = {
    unary: () => client.unary(envelope({}), settle),
    serverStream: () => client.serverStream(envelope({})),
    clientStream: () => client.clientStream(settle),
    bidi: () => client.bidi(),
  }[kind]();
  call.on("error", ({ code }: ServiceError) => events.push(`error ${code}`));
  call.on("metadata", () => events.push("metadata"));
  call.on("end", () => events.push("end"));
  call.on("data", () => events.push("data"));
  const ended = new Promise((resolve) => call.once("status", resolve));
  call.on("status", ({ code }) => events.push(`status ${code}`));
  call.on("finish", () => events.push("finish"));
  if (call instanceof Writable) {
    for (let count = 0; count < 100; count += 1) {
      call.write(envelope({}));
    }
    call.end();
  }
  call.cancel();
  await ended;
  await new Promise((resolve) => setTimeout(resolve, 20));
  return events;
}

describe("failLocally", () => {
  it.each(callKinds)("ends a call with one status, and sends nothing: %s", async (kind) => {
    const { client, arrivals } = await serveArrivals([refuse]);
    const { code, details, messages, headers } = await callFixture(client, kind).outcome;
    expect([code, details, messages, headers]).toEqual([10, "not today", [], undefined]);
    expect(arrivals).toEqual([]);
  });

  it.each([
    ["unary", ["callback 10 undefined", "status 10"]],
    ["serverStream", ["error 10", "status 10", "end"]],
    ["clientStream", ["callback 10 undefined", "status 10", "finish"]],
    ["bidi", ["error 10", "status 10", "end", "finish"]],
  ] as const)("tells the caller once, and takes what it writes: %s", async (kind, expected) => {
    const { client } = await serveArrivals([refuse]);
    expect((await eventsOf(client, kind)).sort()).toEqual([...expected].sort());
  });

  it.each(callKinds)("is seen by the interceptors outside of it, once: %s", async (kind) => {
    const ends: unknown[] = [];
    const watch = clientInterceptor(() => ({ onEnd: (end) => ends.push(end) }));
    const { client } = await serveArrivals([watch, refuse]);
    await callFixture(client, kind).outcome;
    expect(ends).toMatchObject([{ code: status.ABORTED, messagesReceived: 0 }]);
  });
});
