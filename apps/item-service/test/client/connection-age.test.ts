import { setTimeout as delay } from "node:timers/promises";
import {
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
} from "@grpc/grpc-js";
import { type CallKind, callKinds } from "@grpc-kit/testing";
import { Envelope, FixtureServiceService } from "@grpc-kit/testing/fixtures";
import { describe, expect, it, onTestFinished } from "vitest";
import { serveStandard } from "../interceptors/serve-standard.ts";
import { callKind, type FixtureStub, fixtureStub } from "./fixture-stub.ts";
import { handlersThat } from "./handlers-that.ts";

/** Calls all methods, four calls of each kind at a time, until it is stopped. */
function startLoad(stub: FixtureStub) {
  const failures: string[] = [];
  let calls = 0;
  let isStopped = false;
  const goOn = async (kind: CallKind): Promise<void> => {
    while (!isStopped) {
      await callKind(stub, kind, ["a", "b"]).catch((error) => failures.push(`${kind}: ${error}`));
      calls += 1;
    }
  };
  const running = Promise.all([1, 2, 3, 4].flatMap(() => callKinds.map(goOn)));
  const stop = async () => {
    isStopped = true;
    await running;
    return { calls, failures };
  };
  return { stop };
}

/** Calls until the server has seen 20 connections; how it went with retries, and without. */
async function callWhileConnectionsAge(port: number, peers: ReadonlySet<string>) {
  const channel = { reconnectBackoff: { initialMs: 50, maxMs: 50 } };
  const loads = [{}, { retry: false } as const].map((options) =>
    startLoad(fixtureStub(port, { ...options, channel })),
  );
  await expect.poll(() => peers.size, { timeout: 60_000 }).toBeGreaterThan(20);
  return Promise.all(loads.map((load) => load.stop()));
}

// Some calls outlive the age of their connection.
const workMs = () => (Math.random() < 0.01 ? 400 : Math.random() * 10);

describe("G7: when connections get too old", () => {
  it("no call to a grpc-server is lost, with retries and without", async () => {
    const peers = new Set<string>();
    const { port } = await serveStandard(
      handlersThat(async ({ peer }) => {
        peers.add(peer);
        await delay(workMs());
      }),
      {},
      { connections: { maxAgeMs: 200 }, maxConcurrentRpcs: 1_000 },
    );
    const [retrying, sentOnce] = await callWhileConnectionsAge(port, peers);
    expect([retrying?.failures, sentOnce?.failures]).toEqual([[], []]);
  }, 90_000);

  it("no call to a server of grpc-js alone is lost, with retries", async () => {
    const peers = new Set<string>();
    const server = new Server({
      "grpc.max_connection_age_ms": 200,
      "grpc.max_connection_age_grace_ms": 10_000,
    });
    server.addService(FixtureServiceService, {
      unary(call: ServerUnaryCall<Envelope, Envelope>, callback: sendUnaryData<Envelope>) {
        peers.add(call.getPeer());
        setTimeout(() => callback(null, call.request), workMs());
      },
      serverStream(call: ServerWritableStream<Envelope, Envelope>) {
        setTimeout(() => {
          call.write(call.request);
          call.end();
        }, workMs());
      },
      clientStream(
        call: ServerReadableStream<Envelope, Envelope>,
        callback: sendUnaryData<Envelope>,
      ) {
        call.on("end", () => callback(null, Envelope.create())).resume();
      },
      bidi(call: ServerDuplexStream<Envelope, Envelope>) {
        call.on("end", () => call.end()).resume();
      },
    });
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      );
    });
    onTestFinished(() => server.forceShutdown());
    const [retrying] = await callWhileConnectionsAge(port, peers);
    expect(retrying?.failures).toEqual([]);
  }, 90_000);
});
