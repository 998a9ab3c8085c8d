import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  CallCredentials,
  Metadata,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type sendUnaryData,
} from "@grpc/grpc-js";
import { callKinds } from "@grpc-kit/testing";
import { Envelope, FixtureServiceService } from "@grpc-kit/testing/fixtures";
import { describe, expect, it, onTestFinished } from "vitest";
import { type FixtureStub, outcomeOf } from "../../test/fixture-stub.ts";
import { openStub } from "../../test/open-stub.ts";
import { serveStreams } from "../../test/serve-streams.ts";
import { createClientFactory } from "../client-factory.ts";
import type { CallOptions } from "../stub/call-options.ts";

const request = Envelope.create();

function make(stub: FixtureStub, kind: (typeof callKinds)[number], options: CallOptions) {
  return kind === "clientStream" || kind === "bidi"
    ? outcomeOf(stub[kind]([request], options))
    : outcomeOf(stub[kind](request, options));
}

/** Credentials, and how often they have been asked for. */
function countedCredentials() {
  const asked: string[] = [];
  const credentials = CallCredentials.createFromMetadataGenerator((_options, callback) => {
    asked.push("once");
    const metadata = new Metadata();
    metadata.set("authorization", "Bearer t0ken");
    callback(null, metadata);
  });
  return { credentials, asked };
}

describe("credentials of a call without TLS", () => {
  it.each(callKinds)("arrive at a server on the same machine: %s", async (kind) => {
    const { target, streams } = await serveStreams((stream) => {
      stream.http2.on("end", () => {
        stream.send({});
        stream.end();
      });
    });
    const port = target.slice(target.lastIndexOf(":"));
    for (const local of [target, `localhost${port}`, `dns:///localhost${port}`, `ipv4:${target}`]) {
      const { stub } = openStub(local);
      const { credentials, asked } = countedCredentials();
      expect(await make(stub, kind, { credentials })).toMatchObject({ code: 0 });
      expect(asked).toHaveLength(1);
      expect(streams.at(-1)?.headers.authorization).toBe("Bearer t0ken");
    }
  });

  it.each(callKinds)(
    "are refused to others, before they are asked for and anything is sent: %s",
    async (kind) => {
      const { target, streams } = await serveStreams();
      const port = target.slice(target.lastIndexOf(":"));
      const others = [
        ["10.0.0.1:50051"],
        "items:50051",
        "dns:///items.example.com:50051",
        `localhost.example.com${port}`,
        `0.0.0.0${port}`,
        "127.example.com:50051",
        [target, "10.0.0.1:50051"],
        `ipv4:${target},10.0.0.1:50051`,
      ];
      for (const other of others) {
        const factory = createClientFactory({
          defaultStreamTimeoutMs: 5_000,
          circuitBreaker: { threshold: 1 },
        });
        onTestFinished(() => factory.close({ graceMs: 0 }));
        const channel = factory.createChannel(other, { credentials: "insecure" });
        const stub = factory.createStub(FixtureServiceService, channel);
        const { credentials, asked } = countedCredentials();
        await expect(make(stub, kind, { credentials })).rejects.toThrow(
          new TypeError(
            `credentials must not be sent without TLS, and the channel to ${channel.target} has none`,
          ),
        );
        expect([asked.length, channel.openCalls, channel.connections]).toEqual([0, 0, 0]);
        expect(factory.circuits().map(({ state }) => state)).not.toContain("OPEN");
      }
      expect(streams).toHaveLength(0);
    },
  );

  it("arrive at a server with a socket of Unix", async () => {
    const folder = mkdtempSync(join(tmpdir(), "grpc-kit-credentials-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const target = `unix:${join(folder, "socket")}`;
    const seen: unknown[] = [];
    const { path, requestDeserialize, responseSerialize } = FixtureServiceService.unary;
    const server = new Server();
    const answer = (call: ServerUnaryCall<Envelope, Envelope>, send: sendUnaryData<Envelope>) => {
      seen.push(...call.metadata.get("authorization"));
      send(null, call.request);
    };
    server.register(path, answer, responseSerialize, requestDeserialize, "unary");
    onTestFinished(() => server.forceShutdown());
    await new Promise<void>((resolve, reject) => {
      server.bindAsync(target, ServerCredentials.createInsecure(), (error) =>
        error === null ? resolve() : reject(error),
      );
    });
    await openStub(target).stub.unary(request, countedCredentials());
    expect(seen).toEqual(["Bearer t0ken"]);
  });
});
