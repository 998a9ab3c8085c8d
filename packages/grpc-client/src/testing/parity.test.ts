import { once } from "node:events";
import { Metadata, status } from "@grpc/grpc-js";
import { errorToStatus, GrpcCallError, NotFoundError, StatusError } from "@grpc-kit/grpc-status";
import { callKinds } from "@grpc-kit/testing";
import { FixtureServiceService } from "@grpc-kit/testing/fixtures";
import { describe, expect, it, onTestFinished } from "vitest";
import { startStub } from "../../test/fixture-stub.ts";
import { envelope, type ParityOptions, type Seen, seenOf } from "../../test/parity-call.ts";
import { type Behaviour, behaving } from "../../test/parity-handlers.ts";
import type { RecordedCall } from "./call-controls.ts";
import { createFakeStub } from "./fake-stub.ts";
import type { Handlers } from "./handlers.ts";
import { startTestServer } from "./test-server.ts";

interface Scenario {
  /** Undefined: there are no handlers. */
  readonly behaviour?: Behaviour;
  readonly call?: () => ParityOptions;
  readonly seen: Partial<Seen>;
  /** What is recorded of the call. Undefined: no call has come. */
  readonly recorded: Partial<RecordedCall> | undefined;
}

const broken = new Error("a secret of the database");
const taken = new StatusError(status.ALREADY_EXISTS, "the SKU is taken", {
  errorDetails: { errorInfo: { reason: "SKU_TAKEN", domain: "shop" } },
});
const closed = new GrpcCallError({
  ...errorToStatus(taken),
  code: status.FAILED_PRECONDITION,
  details: "the shop is closed",
  metadata: errorToStatus(taken).metadata ?? new Metadata(),
});
const requestsBroke = new Error("the requests broke");

async function* untilAborted(_requests: unknown, { signal }: { readonly signal: AbortSignal }) {
  await once(signal, "abort");
  yield "late";
}

const scenarios: Readonly<Record<string, () => Scenario>> = {
  "answers with headers and trailers": () => ({
    async *behaviour(requests, { setHeader, setTrailer, metadata }) {
      setHeader("x-header", "h");
      setTrailer("x-trailer", "t");
      yield* requests;
      yield `for ${metadata.get("x-user")[0]}`;
    },
    call: () => ({ metadata: metadataOf("x-user", "ada") }),
    seen: { code: status.OK, header: "h", trailer: "t", isLocal: false, attempts: 1 },
    recorded: { code: status.OK, requests: [envelope("a")], error: undefined },
  }),
  "fails with what a StatusError says": () => ({
    async *behaviour(requests, { setTrailer }) {
      setTrailer("x-trailer", "t");
      yield* requests;
      throw taken;
    },
    seen: {
      code: status.ALREADY_EXISTS,
      details: "the SKU is taken",
      reason: "SKU_TAKEN",
      domain: "shop",
      trailer: "t",
      isLocal: false,
    },
    recorded: { code: status.ALREADY_EXISTS, error: taken },
  }),
  "fails with what a GrpcCallError says": () => ({
    // biome-ignore lint/correctness/useYield: it fails before.
    async *behaviour() {
      throw closed;
    },
    seen: { code: status.FAILED_PRECONDITION, details: "the shop is closed", reason: "SKU_TAKEN" },
    recorded: { code: status.FAILED_PRECONDITION, error: closed },
  }),
  "fails as the service would with an error of its domain": () => ({
    // biome-ignore lint/correctness/useYield: it fails before.
    async *behaviour() {
      throw new NotFoundError("there is no such item");
    },
    seen: { code: status.NOT_FOUND, domain: "fixtures.FixtureService", isLocal: false },
    recorded: { code: status.NOT_FOUND },
  }),
  "hides any other error from the caller, and records it": () => ({
    // biome-ignore lint/correctness/useYield: it fails before.
    async *behaviour() {
      throw broken;
    },
    seen: { code: status.INTERNAL, details: expect.not.stringContaining("secret") },
    recorded: { code: status.INTERNAL, error: broken },
  }),
  "ends a call that its signal aborts": () => {
    const controller = new AbortController();
    return {
      async *behaviour(requests, context) {
        await requests[Symbol.asyncIterator]().next();
        controller.abort();
        yield* untilAborted(requests, context);
      },
      call: () => ({ signal: controller.signal }),
      seen: { code: status.CANCELLED, isLocal: true, attempts: 1, texts: [] },
      recorded: { code: status.CANCELLED, error: undefined },
    };
  },
  "sends nothing for a signal that has aborted before": () => ({
    behaviour: untilAborted,
    call: () => ({ signal: AbortSignal.abort() }),
    seen: { code: status.CANCELLED, isLocal: true, attempts: 0 },
    recorded: undefined,
  }),
  "ends a call whose time is over": () => ({
    behaviour: untilAborted,
    call: () => ({ timeoutMs: 300 }),
    seen: { code: status.DEADLINE_EXCEEDED, isLocal: true, attempts: 1, texts: [] },
    recorded: { code: expect.toBeOneOf([status.DEADLINE_EXCEEDED, status.CANCELLED]) },
  }),
  "passes on what the requests throw": () => ({
    async *behaviour(requests) {
      yield* requests;
    },
    call: () => ({ requests: failing() }),
    seen: { code: status.CANCELLED, thrown: requestsBroke, isLocal: true },
    recorded: { code: status.CANCELLED },
  }),
  "names a method that has no handler": () => ({
    seen: {
      code: status.UNIMPLEMENTED,
      details: expect.stringMatching(/no handler for \/fixtures.FixtureService\/(\w+): add one/),
      isLocal: false,
    },
    recorded: { code: status.UNIMPLEMENTED },
  }),
};

async function* failing() {
  yield envelope("a");
  throw requestsBroke;
}

function metadataOf(key: string, value: string): Metadata {
  const metadata = new Metadata();
  metadata.set(key, value);
  return metadata;
}

const backends = {
  fake: async (handlers: Handlers<FixtureServiceService>) =>
    createFakeStub(FixtureServiceService, handlers),
  server: async (handlers: Handlers<FixtureServiceService>) => {
    const server = await startTestServer(FixtureServiceService, handlers);
    onTestFinished(() => server.stop());
    return { ...server, stub: startStub(server.target) };
  },
};

const sendsOne: readonly string[] = ["unary", "serverStream"];

describe.each(callKinds)("a fake stub and a client of a test server, %s", (kind) => {
  const names = Object.keys(scenarios).filter(
    (name) => !(name === "passes on what the requests throw" && sendsOne.includes(kind)),
  );

  async function play(name: string, backend: keyof typeof backends) {
    const { behaviour, call, seen, recorded } = (scenarios[name] as () => Scenario)();
    const { stub, calls, failNext } = await backends[backend](behaviour ? behaving(behaviour) : {});
    // Connects, so that the first call can be one that has little time.
    failNext(FixtureServiceService[kind], status.NOT_FOUND);
    await seenOf(stub, kind);
    const saw = await seenOf(stub, kind, call?.());
    expect(saw).toMatchObject(seen);
    if (recorded !== undefined) {
      await expect.poll(() => calls[1]).toMatchObject({ method: kind, ...recorded });
    }
    expect(calls).toHaveLength(recorded === undefined ? 1 : 2);
    // Each error has an id of its own, and grpc-js tells more of a deadline.
    const details = saw.details.replace(/[\da-f-]{36}|(?<=^Deadline exceeded after ).*/, "…");
    return { ...saw, details };
  }

  it.each(names)("%s", async (name) => {
    expect(await play(name, "fake")).toEqual(await play(name, "server"));
  });
});

describe.each(Object.keys(backends) as (keyof typeof backends)[])("%s", (backend) => {
  it.each(["serverStream", "bidi"] as const)("stops a %s that its caller leaves", async (kind) => {
    let stopped = 0;
    async function* ticks() {
      try {
        for (;;) {
          yield "tick";
        }
      } finally {
        stopped += 1;
      }
    }
    const { stub, calls } = await backends[backend](behaving(ticks));
    const { texts, code } = await seenOf(stub, kind, { leaveAfter: 2 });
    expect(texts).toEqual(["tick", "tick"]);
    expect(code).toBe(status.CANCELLED);
    await expect.poll(() => calls[0]?.code).toBe(status.CANCELLED);
    await expect.poll(() => stopped).toBe(1);
  });

  it.each(["clientStream", "bidi"] as const)("may answer a %s before its end", async (kind) => {
    let stopped = 0;
    async function* requests() {
      try {
        for (;;) {
          yield envelope("more");
        }
      } finally {
        stopped += 1;
      }
    }
    const { stub, calls } = await backends[backend](
      behaving(async function* (received) {
        for await (const text of received) {
          yield `enough of ${text}`;
          return;
        }
      }),
    );
    const { texts, code } = await seenOf(stub, kind, { requests: requests() });
    expect(texts).toEqual(["enough of more"]);
    expect(code).toBe(status.OK);
    await expect.poll(() => stopped).toBe(1);
    expect(calls[0]).toMatchObject({ code: status.OK, requests: [envelope("more")] });
  });
});
