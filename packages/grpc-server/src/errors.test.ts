import { Metadata, status } from "@grpc/grpc-js";
import { StatusError } from "@grpc-kit/grpc-status";
import { type CallKind, callFixture, callKinds, type Outcome } from "@grpc-kit/testing";
import { describe, expect, it, vi } from "vitest";
import { envelope, type FixtureHandlers, serveFixture } from "../test/serve-fixture.ts";
import type { CallContext } from "./call-context.ts";

type Fault = (context: CallContext) => unknown;

/** Handlers that fail at once, in the way of an async function or generator. */
function failing(fault: Fault): FixtureHandlers {
  return {
    unary: async (_request, context) => {
      throw fault(context);
    },
    // biome-ignore lint/correctness/useYield: it fails before it comes to that.
    async *serverStream(_request, context) {
      throw fault(context);
    },
    clientStream: async (_requests, context) => {
      throw fault(context);
    },
    // biome-ignore lint/correctness/useYield: it fails before it comes to that.
    async *bidi(_requests, context) {
      throw fault(context);
    },
  };
}

/** Handlers that throw when they are called, which an async function cannot do. */
function throwing(fault: Fault): FixtureHandlers {
  const fail = (_request: unknown, context: CallContext): never => {
    throw fault(context);
  };
  return { unary: fail, serverStream: fail, clientStream: fail, bidi: fail };
}

const notFound = () => new StatusError(status.NOT_FOUND, "no item 7");
const secret = "S3CR3T";

const unknownFaults: readonly (readonly [string, Fault])[] = [
  ["an Error", () => new Error(secret)],
  ["a rejected string", () => secret],
  ["null", () => null],
  ["undefined", () => undefined],
  ["an error with a number as its code", () => Object.assign(new Error(secret), { code: 11000 })],
  ["an error that looks like OK", () => Object.assign(new Error(secret), { code: 0, details: "" })],
  ["another service's error", () => Object.assign(new Error(secret), notFoundFields())],
];

function notFoundFields() {
  return { code: status.NOT_FOUND, details: secret, metadata: new Metadata() };
}

async function outcomesOf(handlers: FixtureHandlers): Promise<[Outcome, unknown[]][]> {
  const { client, errors } = await serveFixture(handlers);
  const outcomes: [Outcome, unknown[]][] = [];
  for (const kind of callKinds) {
    const outcome = await callFixture(client, kind).outcome;
    outcomes.push([outcome, errors.splice(0)]);
  }
  return outcomes;
}

describe.each([
  ["rejects", failing],
  ["throws at once", throwing],
])("a handler that %s", (_name, handlersThat) => {
  it("C1 C2: with a StatusError gives its status to the caller, in all kinds of call", async () => {
    for (const [outcome, errors] of await outcomesOf(handlersThat(notFound))) {
      expect(outcome).toMatchObject({ code: status.NOT_FOUND, details: "no item 7", messages: [] });
      expect(errors).toEqual([]);
    }
  });

  it.each(unknownFaults)(
    "C2 C3: with %s is INTERNAL, and only onError is told",
    async (_, fault) => {
      for (const [outcome, errors] of await outcomesOf(handlersThat(fault))) {
        expect(outcome).toMatchObject({ code: status.INTERNAL, details: "internal error" });
        expect(JSON.stringify(outcome.trailers.toJSON())).not.toContain(secret);
        expect(errors).toHaveLength(1);
      }
    },
  );

  it("fails before the first message without headers, so that clients may retry", async () => {
    for (const [{ headers }] of await outcomesOf(handlersThat(notFound))) {
      expect(headers).toBeUndefined();
    }
  });

  it("B13 L14 L16: may say anything at all in its details", async () => {
    const texts = ["bad \ud800", "🦊".slice(0, 1), "a\nb\r\0\u001b[31m", "x".repeat(1_000_000), ""];
    const { client } = await serveFixture(
      handlersThat((context) => {
        const text = texts[Number(context.metadata.get("x-text")[0])] ?? "";
        return new StatusError(status.ABORTED, text);
      }),
    );
    for (const kind of callKinds) {
      for (const index of texts.keys()) {
        const metadata = new Metadata();
        metadata.set("x-text", String(index));
        const outcome = await callFixture(client, kind, { metadata, deadline: Date.now() + 1_000 })
          .outcome;
        expect(outcome.code).toBe(status.ABORTED);
      }
    }
  });
});

describe("a generator that throws", () => {
  it.each<CallKind>(["serverStream", "bidi"])(
    "after its third message gives the messages and then the status: %s",
    async (kind) => {
      async function* threeAndThrow() {
        yield envelope({ index: 1n });
        yield envelope({ index: 2n });
        yield envelope({ index: 3n });
        throw notFound();
      }
      const { client } = await serveFixture({ serverStream: threeAndThrow, bidi: threeAndThrow });
      const outcome = await callFixture(client, kind).outcome;
      expect(outcome.messages.map(({ index }) => index)).toEqual([1n, 2n, 3n]);
      expect(outcome).toMatchObject({ code: status.NOT_FOUND, details: "no item 7" });
    },
  );
});

describe("a handler that returns what cannot be sent", () => {
  const wrongs: readonly unknown[] = [undefined, null, 7, { index: "one" }];

  it.each(callKinds)("is INTERNAL, and onError has the cause: %s", async (kind) => {
    for (const wrong of wrongs) {
      const one = () => wrong as never;
      const { client, errors } = await serveFixture({
        unary: one,
        clientStream: one,
        serverStream: one,
        async *bidi() {
          yield wrong as never;
        },
      });
      const outcome = await callFixture(client, kind).outcome;
      expect(outcome.code).toBe(status.INTERNAL);
      expect(errors).toHaveLength(1);
    }
  });

  it("runs the generator's finally", async () => {
    let cleanedUp = false;
    const { client } = await serveFixture({
      async *serverStream() {
        try {
          yield envelope({});
          yield null as never;
        } finally {
          cleanedUp = true;
        }
      },
    });
    const outcome = await callFixture(client, "serverStream").outcome;
    expect(outcome.code).toBe(status.INTERNAL);
    expect(cleanedUp).toBe(true);
  });

  it("is RESOURCE_EXHAUSTED when a message is too large", async () => {
    const { client } = await serveFixture(
      { unary: () => envelope({ payload: Buffer.alloc(2_000) }) },
      { channelOptions: { "grpc.max_send_message_length": 1_000 } },
    );
    const outcome = await callFixture(client, "unary").outcome;
    expect(outcome.code).toBe(status.RESOURCE_EXHAUSTED);
  });
});

describe("the end of a call", () => {
  it("C6: is decided once: what a generator does after a failed send changes nothing", async () => {
    const { client, errors } = await serveFixture({
      async *serverStream() {
        try {
          yield null as never;
        } finally {
          // biome-ignore lint/correctness/noUnsafeFinally: this is what careless code does.
          throw new Error("thrown late");
        }
      },
    });
    const { code } = await callFixture(client, "serverStream").outcome;
    expect(code).toBe(status.INTERNAL);
    await expect.poll(() => errors.map(String)).toContain("Error: thrown late");
  });

  it("reports no answer that comes too late, only faults", async () => {
    const { client, errors } = await serveFixture({
      async unary(_request, { signal }) {
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        setTimeout(() => errors.push("the end"), 50);
        throw new StatusError(status.NOT_FOUND, "no such thing");
      },
    });
    const outcome = callFixture(client, "unary", { deadline: Date.now() + 100 }).outcome;
    expect((await outcome).code).toBe(status.DEADLINE_EXCEEDED);
    await expect.poll(() => errors).toContain("the end");
    expect(errors.map(String)).toEqual(["the end"]);
  });

  it("survives an onError that throws", async () => {
    const stderr = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    const { client } = await serveFixture(
      failing(() => new Error("boom")),
      {
        onError: () => {
          throw new Error("the logger is broken");
        },
      },
    );
    for (const kind of callKinds) {
      const { code } = await callFixture(client, kind).outcome;
      expect(code).toBe(status.INTERNAL);
      const written = stderr.mock.calls.splice(0).join("");
      expect(written).toMatch(/Error: boom.*Error: the logger is broken/s);
    }
  });
});

describe("metadata that a handler sets", () => {
  it("is sent with the first message and with the status", async () => {
    const { client } = await serveFixture({
      async *serverStream(request, context) {
        context.setHeader("x-page", "1");
        yield request;
        context.setTrailer("next-page-token", "abc");
        context.setTrailer("digest-bin", new Uint8Array([1, 2]));
      },
    });
    const { headers, trailers } = await callFixture(client, "serverStream").outcome;
    expect(headers?.get("x-page")).toEqual(["1"]);
    expect(trailers.get("next-page-token")).toEqual(["abc"]);
    expect(trailers.get("digest-bin")).toEqual([Buffer.from([1, 2])]);
  });

  it.each(callKinds)("goes with an error as well, below the error's own: %s", async (kind) => {
    const { client, errors } = await serveFixture(
      failing((context) => {
        context.setTrailer("x-big", "x".repeat(200_000));
        context.setTrailer("x-a", "context");
        context.setTrailer("x-b", "context");
        const metadata = new Metadata();
        metadata.set("x-b", "error");
        return new StatusError(status.ABORTED, "no", { metadata });
      }),
    );
    const { trailers } = await callFixture(client, kind).outcome;
    expect([trailers.get("x-a"), trailers.get("x-b")]).toEqual([["context"], ["error"]]);
    expect(errors.map(String).join()).toContain("dropped x-big");
  });

  it("C9: is dropped and reported when it cannot be sent, and the call is answered", async () => {
    const { client, errors } = await serveFixture({
      unary(request, context) {
        context.setTrailer("x-name", "line\nbreak 🦊");
        context.setTrailer("x-bytes-bin", "text");
        context.setTrailer("x-big", "x".repeat(200_000));
        context.setTrailer("x-kept", "yes");
        return request;
      },
    });
    const { code, trailers } = await callFixture(client, "unary").outcome;
    expect(code).toBe(status.OK);
    expect(trailers.toJSON()).toMatchObject({ "x-kept": ["yes"] });
    expect(Object.keys(trailers.toJSON())).not.toContain("x-big");
    expect(errors).toHaveLength(3);
  });

  it("must not be the protocol's own", async () => {
    const { client, errors } = await serveFixture({
      unary(request, context) {
        context.setTrailer("grpc-status", "0");
        return request;
      },
    });
    const { code } = await callFixture(client, "unary").outcome;
    expect(code).toBe(status.INTERNAL);
    expect(String(errors[0])).toContain('got "grpc-status"');
  });
});
