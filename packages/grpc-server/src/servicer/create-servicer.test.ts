import { setTimeout as delay } from "node:timers/promises";
import { Metadata, status } from "@grpc/grpc-js";
import { type Identity, identityKey, loggerKey } from "@grpc-kit/grpc-context";
import { callFixture, callKinds } from "@grpc-kit/testing";
import { type Envelope, FixtureServiceService } from "@grpc-kit/testing/fixtures";
import { type AwilixContainer, asFunction, asValue, createContainer } from "awilix";
import { describe, expect, expectTypeOf, it, vi } from "vitest";
import { intercept } from "../../test/intercept.ts";
import { retainedBytes } from "../../test/retained-bytes.ts";
import { echo, envelope, serveFixture } from "../../test/serve-fixture.ts";
import type { CallContext } from "../call-context.ts";
import { createGrpcServer } from "../create-server.ts";
import { createServicer, type ServicerOptions } from "./create-servicer.ts";
import type { CallCradle, ScopedContext, ScopedHandlers } from "./scoped-handlers.ts";

interface Cradle extends CallCradle {
  /** Closed with its scope. */
  readonly session: { readonly bytes: Buffer };
  readonly missing: never;
  readonly greet: (name: string) => string;
}

type Context = ScopedContext<Cradle>;
type Scoped = ScopedHandlers<FixtureServiceService, Cradle>;

const service = FixtureServiceService;

/** A container that counts the sessions that it opens and closes. */
function createSessions() {
  const count = { opened: 0, closed: 0 };
  const container = createContainer<Cradle>({ injectionMode: "PROXY", strict: true });
  container.register({
    session: asFunction(() => {
      count.opened += 1;
      return { bytes: Buffer.alloc(50_000) };
    })
      .scoped()
      .disposer(() => {
        count.closed += 1;
      }),
    greet: asFunction(({ identity, logger }: CallCradle) => (name: string) => {
      logger?.info({ name }, "greet");
      return `hello ${name} from ${identity?.subject ?? "nobody"}`;
    }).scoped(),
  });
  return { container, count };
}

/** Handlers of all kinds that do the same, once the first request is there. */
function handlersOf(run: (context: Context) => Promise<Envelope>): Scoped {
  return {
    unary: (_request, context) => run(context),
    async *serverStream(_request, context) {
      yield await run(context);
    },
    async clientStream(requests, context) {
      for await (const _request of requests) {
        break;
      }
      return run(context);
    },
    async *bidi(requests, context) {
      for await (const _request of requests) {
        yield await run(context);
        return;
      }
    },
  };
}

function untilAborted({ signal }: CallContext): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason));
  });
}

describe.each(callKinds)("the scope of a %s call", (kind) => {
  it.each<[string, status, (context: Context) => Promise<Envelope>]>([
    ["success", status.OK, async () => envelope({})],
    ["an error", status.INTERNAL, () => Promise.reject(new Error("no"))],
    ["a deadline", status.DEADLINE_EXCEEDED, untilAborted],
    ["a name that is not there", status.INTERNAL, async ({ resolve }) => resolve("missing")],
  ])("is disposed of once after %s", async (_ending, code, run) => {
    const { container, count } = createSessions();
    const handlers = handlersOf(async (context) => {
      expect(context.resolve("session")).toBe(context.resolve("session"));
      return run(context);
    });
    const { client } = await serveFixture(createServicer(container, service, handlers));
    const options = code === status.DEADLINE_EXCEEDED ? { deadline: Date.now() + 300 } : {};
    expect((await callFixture(client, kind, options).outcome).code).toBe(code);
    await expect.poll(() => count).toEqual({ opened: 1, closed: 1 });
  });

  it("is disposed of once after the caller has cancelled", async () => {
    const { container, count } = createSessions();
    const started = Promise.withResolvers<void>();
    const handlers = handlersOf((context) => {
      context.resolve("session");
      started.resolve();
      return untilAborted(context);
    });
    const { client } = await serveFixture(createServicer(container, service, handlers));
    const call = callFixture(client, kind, { keepOpen: true });
    await started.promise;
    expect(count).toEqual({ opened: 1, closed: 0 });
    call.cancel();
    await expect.poll(() => count).toEqual({ opened: 1, closed: 1 });
  });

  it("is kept for a handler that works on after the caller has cancelled", async () => {
    const { container, count } = createSessions();
    const [started, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let closedWhileAtWork: number | undefined;
    const handlers = handlersOf(async (context) => {
      context.signal.addEventListener("abort", () => goOn.resolve());
      started.resolve();
      await goOn.promise;
      await delay(20);
      context.resolve("session");
      closedWhileAtWork = count.closed;
      return envelope({});
    });
    const { client } = await serveFixture(createServicer(container, service, handlers));
    const call = callFixture(client, kind, { keepOpen: true });
    await started.promise;
    call.cancel();
    await expect.poll(() => count).toEqual({ opened: 1, closed: 1 });
    expect(closedWhileAtWork).toBe(0);
  });

  it("has ended with the call: nothing more is resolved from it", async () => {
    const { container } = createSessions();
    let kept: Context | undefined;
    const handlers = handlersOf(async (context) => {
      kept = context;
      return envelope({});
    });
    const { client } = await serveFixture(createServicer(container, service, handlers));
    await callFixture(client, kind).outcome;
    expect(() => kept?.resolve("session")).toThrow(
      /^session must be resolved before \/fixtures.FixtureService\/\w+ has ended$/,
    );
  });

  it("leaves nothing behind after 1,000 calls", async () => {
    const { container, count } = createSessions();
    const handlers = handlersOf(async ({ resolve }) => {
      const { bytes } = resolve("session");
      return envelope({ count: String(bytes.length) as never });
    });
    const { client } = await serveFixture(createServicer(container, service, handlers));
    const callMany = async (calls: number) => {
      for (let done = 0; done < calls; done += 50) {
        await Promise.all(Array.from({ length: 50 }, () => callFixture(client, kind).outcome));
      }
    };
    await callMany(200);
    const before = retainedBytes();
    await callMany(1_000);
    expect(count).toEqual({ opened: 1_200, closed: 1_200 });
    // Of the 50 MB that the sessions had. What the last calls held is let go of a little later.
    await expect.poll(() => retainedBytes() - before).toBeLessThan(5_000_000);
  }, 30_000);
});

describe("createServicer", () => {
  const greet: Scoped = {
    ...echo,
    unary: ({ text }, { resolve }) => envelope({ text: resolve("greet")(text) }),
  };
  const ada: Identity = { subject: "ada", scopes: [], claims: {} };
  const ask = async (container: AwilixContainer<Cradle>, values: ReadonlyMap<symbol, unknown>) => {
    const metadata = new Metadata();
    const setValues = intercept(
      {},
      {
        onReceiveMetadata: (received, next) => {
          received.setOpaque("grpc-kit.call-values", new Map(values));
          next(received);
        },
      },
    );
    const handlers = createServicer(container, service, greet);
    const { client } = await serveFixture(handlers, { interceptors: [setValues] });
    const call = callFixture(client, "unary", { metadata, requests: [{ text: "you" }] });
    return (await call.outcome).messages[0]?.text;
  };

  it("brings the identity and the logger of the call to the use case", async () => {
    const logger = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };
    const values = new Map<symbol, unknown>([
      [identityKey, ada],
      [loggerKey, logger],
    ]);
    expect(await ask(createSessions().container, values)).toBe("hello you from ada");
    expect(logger.info).toHaveBeenCalledExactlyOnceWith({ name: "you" }, "greet");
  });

  it("falls back to what the container has, and then to undefined", async () => {
    const { container } = createSessions();
    expect(await ask(container, new Map())).toBe("hello you from nobody");
    container.register("identity", asValue({ ...ada, subject: "guest" }));
    expect(await ask(container, new Map())).toBe("hello you from guest");
    expect(await ask(container, new Map([[identityKey, ada]]))).toBe("hello you from ada");
  });

  it("takes a use case that was swapped in the container", async () => {
    const { container } = createSessions();
    container.register(
      "greet",
      asValue((name: string) => `bye ${name}`),
    );
    expect(await ask(container, new Map())).toBe("bye you");
  });

  it("gives the use case the context of the call, and each call its own", async () => {
    const { container } = createSessions();
    const contexts = new Set<CallContext>();
    const handlers = handlersOf(async (context) => {
      expect(context.resolve("callContext")).toBe(context);
      contexts.add(context);
      return envelope({});
    });
    const { client } = await serveFixture(createServicer(container, service, handlers));
    const calls = callKinds.map((kind) => callFixture(client, kind).outcome);
    expect((await Promise.all(calls)).map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    expect(contexts.size).toBe(4);
  });

  it("calls handlers of a class on their instance", async () => {
    class Greeter {
      readonly text = "from a class";
      readonly serverStream = echo.serverStream;
      readonly clientStream = echo.clientStream;
      readonly bidi = echo.bidi;
      unary(): Envelope {
        return envelope({ text: this.text });
      }
    }
    const handlers = createServicer(createSessions().container, service, new Greeter());
    const { client } = await serveFixture(handlers);
    const { messages } = await callFixture(client, "unary").outcome;
    expect(messages[0]?.text).toBe("from a class");
  });

  it("leaves handlers that are missing or too many for addService to refuse", () => {
    const { container } = createSessions();
    const { unary, ...rest } = echo;
    const serve = (handlers: object) => {
      const given = createServicer(container, service, handlers as Scoped);
      return () => createGrpcServer({ insecure: true }).addService(service, given);
    };
    expect(serve(rest)).toThrow('must have a function "unary"');
    expect(serve({ ...echo, unray: unary })).toThrow('got "unray"');
  });

  it("knows the types of names and messages", () => {
    const { container } = createSessions();
    createServicer(container, service, {
      unary(request, { resolve, deadline }) {
        expectTypeOf(request).toEqualTypeOf<Envelope>();
        expectTypeOf(deadline).toEqualTypeOf<number>();
        expectTypeOf(resolve("greet")).toEqualTypeOf<(name: string) => string>();
        // @ts-expect-error: not a name of the container
        expect(() => resolve("gret")).toThrow();
        return request;
      },
      serverStream: (request) => [request],
      clientStream(requests) {
        expectTypeOf(requests).toEqualTypeOf<AsyncIterable<Envelope>>();
        return envelope({});
      },
      bidi: (requests) => requests,
    });
    // @ts-expect-error: the answer is of another type
    const wrong: Scoped["unary"] = () => 7;
    expect(wrong).toBeTypeOf("function");
  });

  it("refuses an onDisposeError that is no function", () => {
    const options = { onDisposeError: "stderr" } as unknown as ServicerOptions;
    expect(() => createServicer(createSessions().container, service, echo, options)).toThrow(
      new TypeError("onDisposeError must be a function, got 'stderr'"),
    );
  });
});
