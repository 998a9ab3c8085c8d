import { status } from "@grpc/grpc-js";
import { Envelope } from "@grpc-kit/testing/fixtures";
import { expect, it, onTestFinished, vi } from "vitest";
import { serveFixture } from "../../test/fixture-server.ts";
import { startStub } from "../../test/fixture-stub.ts";

it("an observer that throws neither holds up a call nor keeps its circuit as it was", async () => {
  const emitWarning = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
  onTestFinished(() => emitWarning.mockRestore());
  const server = await serveFixture({
    unary: (_call, callback) => callback({ code: status.UNAVAILABLE, details: "ill" }),
  });
  const stub = startStub(server.target, {
    circuitBreaker: { threshold: 1 },
    retry: false,
    observer: {
      onCircuitChange({ to }) {
        throw new Error(`broken by ${to}`);
      },
    },
  });
  const call = stub.unary(Envelope.create());
  await expect(call).rejects.toMatchObject({ details: "ill", local: false });
  expect(emitWarning.mock.calls.flat()).toEqual([expect.stringContaining("broken by OPEN")]);
  await expect(stub.unary(Envelope.create())).rejects.toMatchObject({ reason: "CIRCUIT_OPEN" });
  expect(server.calls).toBe(1);
});
