import { status } from "@grpc/grpc-js";
import { GrpcCallError } from "@grpc-kit/grpc-status";
import { callKinds } from "@grpc-kit/testing";
import { Envelope } from "@grpc-kit/testing/fixtures";
import { describe, expect, it } from "vitest";
import type { FixtureStub } from "../../test/fixture-stub.ts";
import { openStub } from "../../test/open-stub.ts";
import { serveStreams } from "../../test/serve-streams.ts";
import type { CallOptions } from "../stub/call-options.ts";

type Kind = (typeof callKinds)[number];

const request = Envelope.create();
const { ABORTED, UNAVAILABLE } = status;

function make(stub: FixtureStub, kind: Kind, options: CallOptions = {}) {
  return kind === "clientStream" || kind === "bidi"
    ? stub[kind]([request], options)
    : stub[kind](request, options);
}

async function whoAwaitsIt(stub: FixtureStub, kind: Kind, options: CallOptions = {}) {
  const call = make(stub, kind, options);
  if (call instanceof Promise) {
    await call;
  } else {
    for await (const _message of call) {
    }
  }
}

async function whoAsksForIt(...call: Parameters<typeof whoAwaitsIt>): Promise<void> {
  await whoAwaitsIt(...call);
}

async function errorOf(call: Promise<unknown>): Promise<Error> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof Error) {
    return error;
  }
  throw new Error("the call has not failed");
}

describe.each(callKinds)("the stack of an error of a %s call", (kind) => {
  it.each([
    ["a server", () => serveStreams((stream) => stream.end(ABORTED, { "grpc-message": "no" }))],
    ["nobody", () => ({ target: "127.0.0.1:1" })],
  ])("names who awaits it, and who awaits that one: of %s", async (_whose, serve) => {
    const { stub } = openStub((await serve()).target, { retry: false });
    const error = await errorOf(whoAsksForIt(stub, kind));
    expect(error).toBeInstanceOf(GrpcCallError);
    const [first, ...frames] = String(error.stack).split(/\n\s+at /);
    expect(first).toBe(`GrpcCallError: ${error.message}`);
    const names = frames.join("\n");
    expect(names).toMatch(/whoAwaitsIt .*with-caller-frames\.test\.ts:\d+/);
    expect(names).toMatch(/whoAsksForIt .*with-caller-frames\.test\.ts:\d+/);
    // Those of this package and of grpc-js would be the first to go where there is little room.
    expect(names).not.toMatch(/@grpc\/grpc-js|with-caller-frames\.ts/);
  });

  it.each(["onHeaders", "onStatus"] as const)("that %s throws is its own", async (where) => {
    const { target } = await serveStreams((stream) =>
      where === "onHeaders" ? stream.send() : stream.end(ABORTED),
    );
    const { stub } = openStub(target);
    const own = new Error("of the caller");
    const { stack } = own;
    const options = {
      [where]() {
        throw own;
      },
    };
    expect(await errorOf(whoAwaitsIt(stub, kind, options))).toBe(own);
    expect(own.stack).toBe(stack);
  });
});

it("names who reads on after a stream has failed", async () => {
  const { target } = await serveStreams((stream) => {
    stream.send({});
    stream.end(UNAVAILABLE);
  });
  const { stub } = openStub(target);
  const ended = Promise.withResolvers<void>();
  const stream = stub.serverStream(request, { onStatus: () => ended.resolve() });
  await stream.next();
  await ended.promise;
  async function whoReadsOn(): Promise<void> {
    await stream.next();
  }
  expect((await errorOf(whoReadsOn())).stack).toContain("whoReadsOn");
});

it.each(["clientStream", "bidi"] as const)(
  "an error of a call that the requests of a %s call come from names who read that one",
  async (kind) => {
    const source = openStub((await serveStreams((stream) => stream.end(ABORTED))).target).stub;
    const { stub } = openStub((await serveStreams()).target);
    async function* whatIsPassedOn(): AsyncGenerator<Envelope> {
      for await (const message of source.serverStream(request)) {
        yield message;
      }
    }
    const call = stub[kind](whatIsPassedOn());
    async function whoAwaitsBoth(): Promise<void> {
      await (call instanceof Promise ? call : call.next());
    }
    const error = await errorOf(whoAwaitsBoth());
    expect(error).toMatchObject({ code: ABORTED });
    expect(error.stack).toContain("whatIsPassedOn");
  },
);
