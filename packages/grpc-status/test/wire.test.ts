import { once } from "node:events";
import { connect, createServer, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { Metadata, Server, ServerCredentials, type StatusObject, status } from "@grpc/grpc-js";
import { callFixture, createFixtureClient } from "@grpc-kit/testing";
import { FixtureServiceService } from "@grpc-kit/testing/fixtures";
import fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import { encodeErrorDetails, errorToStatus, StatusError, toCallError } from "../src/index.ts";
import { encodeStatusDetails } from "../src/status-details.ts";

/** A server of grpc-js alone, each of whose calls ends with the next status; the port that it is on. */
async function serve(nextStatus: () => Partial<StatusObject>): Promise<number> {
  const server = new Server();
  server.addService(FixtureServiceService, {
    unary: (_call: unknown, callback: (status: Partial<StatusObject>) => void) =>
      callback(nextStatus()),
  });
  onTestFinished(() => server.forceShutdown());
  return new Promise((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) =>
      error === null ? resolve(port) : reject(error),
    );
  });
}

/** What a call is answered with, before anything makes sense of it: raw names and values in turn. */
async function rawAnswer(port: number): Promise<readonly string[]> {
  const session = connect(`http://127.0.0.1:${port}`);
  const stream = session.request({
    ":method": "POST",
    ":path": FixtureServiceService.unary.path,
    "content-type": "application/grpc+proto",
    te: "trailers",
  });
  stream.end(Buffer.alloc(5));
  const [, , rawHeaders] = (await once(stream, "response")) as [unknown, unknown, string[]];
  await once(stream.resume(), "close");
  session.close();
  return rawHeaders;
}

describe("a status on a server of grpc-js alone", () => {
  it("B13: is within 8 KiB as HTTP/2 counts it, and full of what fits", async () => {
    const fieldViolations = Array.from({ length: 200 }, (_, index) => ({
      field: `items[${index}].name`,
      description: "must have 1 to 200 characters, got 0",
    }));
    const details = ["no", "世".repeat(400), "x".repeat(1_000_000)];
    const port = await serve(() => {
      const errorDetails = { badRequest: { fieldViolations } };
      return errorToStatus(new StatusError(status.ABORTED, details.pop() ?? "", { errorDetails }));
    });
    while (details.length > 0) {
      const pairs = await rawAnswer(port);
      const bytes =
        pairs.reduce((sum, text) => sum + Buffer.byteLength(text), 0) + (pairs.length / 2) * 32;
      expect(bytes).toBeLessThanOrEqual(8_192);
      expect(bytes).toBeGreaterThan(7_800);
    }
  });

  it("B9: is read whatever bytes its details are", async () => {
    const anything = fc.uint8Array({ maxLength: 300 });
    const sent: { bytes: Uint8Array; detail: Uint8Array }[] = [];
    const port = await serve(() => {
      const { bytes = Buffer.of(), detail = Buffer.of() } = sent.pop() ?? {};
      const metadata = new Metadata();
      metadata.set("grpc-status-details-bin", Buffer.from(bytes));
      metadata.set("error-detail-bin", Buffer.from(detail));
      return { code: status.NOT_FOUND, details: "gone", metadata };
    });
    const client = createFixtureClient(`127.0.0.1:${port}`);
    onTestFinished(() => client.close());
    await fc.assert(
      fc.asyncProperty(anything, anything, async (bytes, detail) => {
        sent.push({ bytes, detail });
        const { code, details, trailers } = await callFixture(client, "unary").outcome;
        const fields = { code, details, metadata: trailers };
        const error = toCallError(Object.assign(new Error(details), fields));
        expect([error.code, error.details]).toEqual([status.NOT_FOUND, "gone"]);
      }),
      { numRuns: 300 },
    );
  });
});

describe("the details that a server of another language sends", () => {
  const bytes = encodeStatusDetails(status.NOT_FOUND, "gone", [
    ...encodeErrorDetails({ errorInfo: { reason: "ITEM_GONE" } }),
  ]);
  const padded = Buffer.from(bytes).toString("base64");

  it.each<[string, string | string[], string | undefined]>([
    ["with padding", padded, "ITEM_GONE"],
    ["without padding, as Go does", padded.replace(/=+$/, ""), "ITEM_GONE"],
    ["twice", [padded, padded], "ITEM_GONE"],
    ["after others that cannot be read", ["/w==", padded], undefined],
    ["as text that is no base64", "💥", undefined],
  ])("can come %s", async (_name, value, reason) => {
    const server = createServer();
    server.on("stream", (stream: ServerHttp2Stream) => {
      const headers = {
        ":status": 200,
        "content-type": "application/grpc+proto",
        "grpc-status": "5",
        "grpc-message": "gone",
        "grpc-status-details-bin": value,
      };
      stream.respond(headers, { endStream: true });
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    const client = createFixtureClient(`127.0.0.1:${(server.address() as AddressInfo).port}`);
    onTestFinished(() => {
      client.close();
      server.close();
    });
    const { code, details, trailers } = await callFixture(client, "unary").outcome;
    const error = toCallError(
      Object.assign(new Error(details), { code, details, metadata: trailers }),
    );
    expect([error.code, error.reason]).toEqual([status.NOT_FOUND, reason]);
  });
});
