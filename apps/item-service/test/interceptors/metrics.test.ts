import { randomUUID } from "node:crypto";
import { connect } from "node:http2";
import { Metadata, status } from "@grpc/grpc-js";
import { statusCodeInfo } from "@grpc-kit/grpc-status";
import { type CallKind, callFixture, callKinds, createFixtureClient } from "@grpc-kit/testing";
import { frame } from "@grpc-kit/testing/bench";
import type { FixtureServiceClient } from "@grpc-kit/testing/fixtures";
import { constantFrom, sample, tuple } from "fast-check";
import { expect, it, onTestFinished } from "vitest";
import { type FixtureHandlers, serveStandard, sumsOf } from "./serve-standard.ts";

const endings = ["ok", "error", "cancel", "deadline", "reset", "refused", "unknown"] as const;
type Ending = (typeof endings)[number];

const methodOf: Readonly<Record<CallKind, string>> = {
  unary: "Unary",
  serverStream: "ServerStream",
  clientStream: "ClientStream",
  bidi: "Bidi",
};

/** What to do when the handler of a call has begun to hang, by the text of its request. */
const onHang = new Map<string, () => void>();

/** Does what the text of the request says; what hangs ends when its call does. */
async function obey(text: string, signal: AbortSignal): Promise<void> {
  if (text === "error") {
    throw new Error("as asked");
  }
  if (text !== "ok") {
    onHang.get(text)?.();
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
  }
}

const handlers: FixtureHandlers = {
  async unary(request, { signal }) {
    await obey(request.text, signal);
    return request;
  },
  async *serverStream(request, { signal }) {
    await obey(request.text, signal);
    yield request;
  },
  async clientStream(requests, { signal }) {
    let last: unknown;
    for await (const request of requests) {
      await obey(request.text, signal);
      last = request;
    }
    return last as never;
  },
  async *bidi(requests, { signal }) {
    for await (const request of requests) {
      await obey(request.text, signal);
      yield request;
    }
  },
};

it("Property 12: the metrics have every call once, as its caller saw it (7.1)", async () => {
  const total = 10_000;
  const { port, registry } = await serveStandard(
    handlers,
    {},
    { maxMetadataBytes: 600, maxConcurrentRpcs: 1_000, onError: () => {} },
  );
  const address = `127.0.0.1:${port}`;
  // nghttp2 cuts a connection on which a thousand streams are reset at once.
  const clients = Array.from({ length: 8 }, () => createFixtureClient(address));
  onTestFinished(() => {
    for (const client of clients) {
      client.close();
    }
  });
  const large = new Metadata();
  large.set("x-large", "x".repeat(600));
  // Without a deadline on the caller's side, whose reset could reach the server before its own.
  const hurried = new Metadata();
  hurried.set("grpc-timeout", "100m");
  const truth = new Map<string, number>();
  const count = (method: string, code: status): void => {
    const key = `${method} ${statusCodeInfo(code).goName}`;
    truth.set(key, (truth.get(key) ?? 0) + 1);
  };

  async function make(client: FixtureServiceClient, kind: CallKind, ending: Ending): Promise<void> {
    const method = methodOf[kind];
    switch (ending) {
      case "ok":
      case "error": {
        const call = callFixture(client, kind, { requests: [{ text: ending }] });
        return count(method, (await call.outcome).code);
      }
      case "cancel": {
        const [text, hangs] = untilHanging();
        const call = callFixture(client, kind, { requests: [{ text }], keepOpen: true });
        await hangs;
        call.cancel();
        return count(method, (await call.outcome).code);
      }
      case "deadline": {
        const options = { requests: [{ text: "hang" }], metadata: hurried, deadline: Infinity };
        return count(method, (await callFixture(client, kind, options).outcome).code);
      }
      case "reset":
        await cutConnection(port, method);
        return count(method, status.CANCELLED);
      case "refused": {
        const { code } = await callFixture(client, kind, { metadata: large }).outcome;
        expect(code).toBe(status.RESOURCE_EXHAUSTED);
        return count(method, code);
      }
      case "unknown":
        return count("unknown", await callUnknown(client));
    }
  }

  const plan = sample(tuple(constantFrom(...callKinds), constantFrom(...endings)), total).values();
  const lane = async (client: FixtureServiceClient): Promise<void> => {
    for (const [kind, ending] of plan) {
      await make(client, kind, ending);
    }
  };
  await Promise.all([...clients, ...clients, ...clients, ...clients].map(lane));

  const handled = () => sumsOf(registry, "grpc_server_handled_total");
  await expect.poll(handled, { timeout: 10_000 }).toEqual(truth);
  const byMethod = new Map<string, number>();
  for (const [key, calls] of truth) {
    const method = key.split(" ")[0] ?? "";
    byMethod.set(method, (byMethod.get(method) ?? 0) + calls);
  }
  expect(await sumsOf(registry, "grpc_server_started_total")).toEqual(byMethod);
  expect(await sumsOf(registry, "grpc_server_handling_seconds")).toEqual(byMethod);
  expect([...byMethod.values()].reduce((sum, calls) => sum + calls, 0)).toBe(total);
  const inFlight = await sumsOf(registry, "grpckit_server_calls_in_flight");
  expect(new Set(inFlight.values())).toEqual(new Set([0]));
}, 180_000);

/** A request that hangs, and when it does: from then on it is beyond doubt how its call ends. */
function untilHanging(): readonly [text: string, hangs: Promise<void>] {
  const text = randomUUID();
  const hangs = new Promise<void>((resolve) => onHang.set(text, resolve));
  return [text, hangs];
}

async function cutConnection(port: number, method: string): Promise<void> {
  const [text, hangs] = untilHanging();
  const session = connect(`http://127.0.0.1:${port}`);
  const stream = session.request({
    ":method": "POST",
    ":path": `/fixtures.FixtureService/${method}`,
    "content-type": "application/grpc",
    te: "trailers",
  });
  stream.on("error", () => {});
  stream.end(frame({ text }));
  await hangs;
  session.destroy();
}

function callUnknown(client: FixtureServiceClient): Promise<status> {
  return new Promise((resolve) => {
    const nothing = () => Buffer.alloc(0);
    client.makeUnaryRequest("/no.Such/Method", nothing, nothing, undefined, (error) =>
      resolve(error?.code ?? status.OK),
    );
  });
}
