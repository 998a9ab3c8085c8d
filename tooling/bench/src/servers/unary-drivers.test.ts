import { Server, type ServerUnaryCall, type sendUnaryData, status } from "@grpc/grpc-js";
import { fixtureService, listen } from "@grpc-kit/testing/bench";
import { type Envelope, FixtureServiceService } from "@grpc-kit/testing/fixtures";
import { describe, expect, it, onTestFinished } from "vitest";
import { h2loadVersion } from "./h2load.ts";
import { unaryByH2load, unaryByNode } from "./unary-drivers.ts";

const hasH2load = h2loadVersion() !== undefined;
if (!hasH2load) {
  process.stderr.write(
    "tests with h2load are skipped, since it is not installed: apt-get install nghttp2-client\n",
  );
}

/** Serves unary calls, the last of so many with an error, and counts them. */
async function serve(failAt = Number.POSITIVE_INFINITY) {
  const seen = { port: 0, calls: 0, peers: new Set<string>() };
  const server = new Server();
  server.addService(FixtureServiceService, {
    ...fixtureService,
    unary(call: ServerUnaryCall<Envelope, Envelope>, callback: sendUnaryData<Envelope>) {
      seen.calls += 1;
      seen.peers.add(call.getPeer());
      if (seen.calls === failAt) {
        callback({ code: status.RESOURCE_EXHAUSTED, details: "no" });
      } else {
        callback(null, call.request);
      }
    },
  });
  onTestFinished(() => server.forceShutdown());
  seen.port = await listen(server);
  return seen;
}

describe.each([
  { name: "unaryByNode", unary: unaryByNode, isThere: true },
  { name: "unaryByH2load", unary: unaryByH2load, isThere: hasH2load },
])("$name", ({ unary, isThere }) => {
  it.skipIf(!isThere)("makes all calls, over a connection for each 32 in flight", async () => {
    const seen = await serve();
    await unary(seen, 64, 640);
    expect(seen.calls).toBe(640);
    expect(seen.peers.size).toBe(2);
  });

  it.skipIf(!isThere)("fails when one call of many does", async () => {
    const seen = await serve(50);
    await expect(unary(seen, 8, 80)).rejects.toThrow(/must (end|be answered) with/);
  });
});
