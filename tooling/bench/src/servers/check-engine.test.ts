import { Server, status } from "@grpc/grpc-js";
import { fixtureService, listen } from "@grpc-kit/testing/bench";
import {
  Envelope,
  type FixtureServiceServer,
  FixtureServiceService,
} from "@grpc-kit/testing/fixtures";
import { describe, expect, it, onTestFinished } from "vitest";
import { checkEngine } from "./check-engine.ts";

async function check(
  faults: Partial<Pick<FixtureServiceServer, "unary" | "serverStream">>,
): Promise<void> {
  const server = new Server();
  server.addService(FixtureServiceService, { ...fixtureService, ...faults });
  onTestFinished(() => server.forceShutdown());
  await checkEngine({ name: "broken", port: await listen(server) }, {});
}

describe("checkEngine", () => {
  it("lets through what answers as it should", async () => {
    await expect(check({})).resolves.toBeUndefined();
  });

  it("refuses an engine that fails", async () => {
    const broken = check({
      unary: (_call, callback) => callback({ code: status.INTERNAL, details: "oh" }),
    });
    await expect(broken).rejects.toThrow("broken answers unary with INTERNAL oh");
  });

  it("refuses an engine that loses a message", async () => {
    const broken = check({
      serverStream(call) {
        call.write(Envelope.create({ payload: call.request.payload }));
        call.end();
      },
    });
    await expect(broken).rejects.toThrow("broken answers serverStream with OK");
  });

  it("refuses an engine that answers with something else", async () => {
    const broken = check({
      unary: (_call, callback) => callback(null, Envelope.create({ text: "something else" })),
    });
    await expect(broken).rejects.toThrow("broken answers unary with OK");
  });
});
