import { setTimeout as delay } from "node:timers/promises";
import { InterceptingCall, type Interceptor, type StatusObject, status } from "@grpc/grpc-js";
import { callKinds } from "@grpc-kit/testing";
import { Envelope } from "@grpc-kit/testing/fixtures";
import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { type FixtureStub, outcomeOf } from "../../test/fixture-stub.ts";
import { openStub } from "../../test/open-stub.ts";
import { type ServedStream, serveStreams } from "../../test/serve-streams.ts";
import type { CallOptions, CallStatus } from "../stub/call-options.ts";
import { isCircuitOpen } from "./circuit-open.ts";

type Kind = (typeof callKinds)[number];

const { CANCELLED, OK, UNAVAILABLE } = status;
const request = Envelope.create();
const timeoutMs = 30_000;

// The clock of circuits alone, which stands still: how busy the machine is opens and closes none.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance"] });
  onTestFinished(() => void vi.useRealTimers());
});

function make(stub: FixtureStub, kind: Kind, options: CallOptions = {}) {
  return kind === "clientStream" || kind === "bidi"
    ? stub[kind]([request], options)
    : stub[kind](request, options);
}

/** Remembers how calls end, as an interceptor for logs or metrics does. */
function watching() {
  const started: string[] = [];
  const ended: StatusObject[] = [];
  const interceptor: Interceptor = (options, next) =>
    new InterceptingCall(next(options), {
      start(metadata, listener, go) {
        started.push(options.method_definition.path);
        go(metadata, {
          ...listener,
          onReceiveStatus(received: StatusObject) {
            ended.push(received);
            listener.onReceiveStatus(received);
          },
        });
      },
    });
  return { interceptor, started, ended };
}

/** Starts calls some time later, as one that waits for a token does. */
const late: Interceptor = (options, next) =>
  new InterceptingCall(next(options), {
    start(metadata, listener, go) {
      void delay(5).then(() => go(metadata, listener));
    },
  });

async function start(
  onStream: (stream: ServedStream, position: number) => void,
  interceptors: readonly Interceptor[],
) {
  const server = await serveStreams(onStream);
  const changes: string[] = [];
  const open = openStub(server.target, {
    retry: false,
    circuitBreaker: { threshold: 1, timeoutMs },
    interceptors,
    observer: { onCircuitChange: ({ to }) => changes.push(to) },
  });
  return { ...open, server, changes };
}

const failing = (stream: ServedStream): void => stream.end(UNAVAILABLE);

function answer(stream: ServedStream): void {
  stream.send({});
  stream.end();
}

describe.each(callKinds)("interceptors of calls that a circuit refuses: %s", (kind) => {
  it.each([
    ["at once", []],
    ["later", [late]],
  ])("see each once, with what its caller is told, if it is started %s", async (_when, more) => {
    const { interceptor, started, ended } = watching();
    const { stub, channel, server } = await start(failing, [interceptor, ...more]);
    const told: CallStatus[] = [];
    const onStatus = (one: CallStatus): number => told.push(one);
    for (let call = 0; call < 3; call += 1) {
      expect((await outcomeOf(make(stub, kind, { onStatus }))).code).toBe(UNAVAILABLE);
    }
    expect(started).toHaveLength(3);
    expect(ended.map(({ code }) => code)).toEqual([UNAVAILABLE, UNAVAILABLE, UNAVAILABLE]);
    expect(told.map(({ local, attempts }) => [local, attempts])).toEqual([
      [false, 1],
      [true, 0],
      [true, 0],
    ]);
    for (const refused of [ended[1], ended[2], told[1], told[2]]) {
      expect(refused?.details).toMatch(/^not sent: .* circuit is open/);
    }
    expect(server.streams).toHaveLength(1);
    expect(channel.openCalls).toBe(0);
  });
});

describe("a circuit behind interceptors that take their time", () => {
  it("G19: lets one of 50 calls try, and closes with its success", async () => {
    const answers = { with: failing };
    const { stub, server, changes } = await start((stream) => answers.with(stream), [late]);
    await outcomeOf(stub.unary(request));
    vi.advanceTimersByTime(timeoutMs);
    let held: ServedStream | undefined;
    answers.with = (stream) => {
      held = stream;
    };
    let refused = 0;
    const calls = Array.from({ length: 50 }, () =>
      stub.unary(request).catch((error: unknown) => {
        refused += isCircuitOpen(error) ? 1 : 0;
      }),
    );
    await expect.poll(() => [refused, server.streams.length]).toEqual([49, 2]);
    answers.with = answer;
    if (held !== undefined) {
      answer(held);
    }
    await Promise.all(calls);
    expect((await outcomeOf(stub.unary(request))).code).toBe(OK);
    expect(changes).toEqual(["OPEN", "HALF_OPEN", "CLOSED"]);
  });

  it("is not entered by a call that ends before they start it", async () => {
    const { stub, changes } = await start(
      (stream, position) => (position === 0 ? failing(stream) : answer(stream)),
      [late],
    );
    await outcomeOf(stub.unary(request));
    vi.advanceTimersByTime(timeoutMs);
    const abort = new AbortController();
    const gone = outcomeOf(stub.unary(request, { signal: abort.signal }));
    abort.abort();
    expect((await gone).code).toBe(CANCELLED);
    // The place of the one that may try is free, also after the other would have been started.
    await delay(50);
    expect((await outcomeOf(stub.unary(request))).code).toBe(OK);
    expect(changes).toEqual(["OPEN", "HALF_OPEN", "CLOSED"]);
  });

  it("refuses a call for which it has opened since the caller made it", async () => {
    const ready = Promise.withResolvers<void>();
    let calls = 0;
    const holdingFirst: Interceptor = (options, next) =>
      new InterceptingCall(next(options), {
        start(metadata, listener, go) {
          calls += 1;
          void (calls === 1 ? ready.promise : delay(5)).then(() => go(metadata, listener));
        },
      });
    const { stub, server } = await start(failing, [holdingFirst]);
    const first = expect(stub.unary(request)).rejects.toSatisfy(isCircuitOpen);
    expect((await outcomeOf(stub.unary(request))).code).toBe(UNAVAILABLE);
    ready.resolve();
    await first;
    expect(server.streams).toHaveLength(1);
  });

  it("hears nothing of calls that they answer themselves", async () => {
    const refusing: Interceptor = (options, next) =>
      new InterceptingCall(next(options), {
        start(metadata, listener) {
          void delay(5).then(() =>
            listener.onReceiveStatus({ code: UNAVAILABLE, details: "no token", metadata }),
          );
        },
        sendMessage() {},
        halfClose() {},
      });
    const { stub, factory, server } = await start(answer, [refusing]);
    for (let call = 0; call < 5; call += 1) {
      await expect(stub.unary(request)).rejects.toThrow("UNAVAILABLE: no token");
    }
    expect(server.streams).toHaveLength(0);
    expect(factory.circuits().every(({ state }) => state === "CLOSED")).toBe(true);
  });
});
