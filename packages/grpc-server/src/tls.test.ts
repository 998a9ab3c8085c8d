import { readFileSync } from "node:fs";
import { credentials, ServerInterceptingCall, type ServerInterceptor, status } from "@grpc/grpc-js";
import { callFixture } from "@grpc-kit/testing";
import { certificateMaker } from "@grpc-kit/testing/certificates";
import { FixtureServiceClient } from "@grpc-kit/testing/fixtures";
import { afterAll, describe, expect, it, onTestFinished } from "vitest";
import { serveFixture } from "../test/serve-fixture.ts";
import { createGrpcServer } from "./create-server.ts";

const maker = certificateMaker();
afterAll(() => maker.close());
const authority = maker.authority("authority");
const own = maker.certificate("server", { by: authority });
const ada = maker.certificate("ada", { by: authority });

function clientOf(target: string, isNamed: boolean): FixtureServiceClient {
  const pair = isNamed ? [readFileSync(ada.keyFile), readFileSync(ada.certFile)] : [];
  const channel = credentials.createSsl(readFileSync(authority.certFile), ...pair);
  const client = new FixtureServiceClient(target, channel, {
    "grpc.ssl_target_name_override": "localhost",
    "grpc.use_local_subchannel_pool": 1,
  });
  onTestFinished(() => client.close());
  return client;
}

describe("tls", () => {
  it.each([
    ["the client's certificate", { ...own, clientCaFile: authority.certFile }, true, "ada"],
    ["nobody, if none is asked for", own, true, undefined],
    ["nobody, without one", own, false, undefined],
  ])("tells interceptors who calls: %s", async (_name, tls, isNamed, subject) => {
    let seen: unknown;
    const whoCalls: ServerInterceptor = (_method, call) => {
      seen = call.getAuthContext().sslPeerCertificate?.subject.CN;
      return new ServerInterceptingCall(call);
    };
    const { port } = await serveFixture(
      {},
      { tls, insecure: undefined as never, interceptors: [whoCalls] },
    );
    const client = clientOf(`127.0.0.1:${port}`, isNamed);
    expect((await callFixture(client, "unary").outcome).code).toBe(status.OK);
    expect(seen).toBe(subject);
  });

  it("keeps the server from starting when the files are missing or do not belong together", async () => {
    const start = (tls: typeof own) =>
      createGrpcServer({ host: "127.0.0.1", port: 0, tls }).start();
    await expect(start({ ...own, certFile: "/no/such.pem" })).rejects.toThrow(
      "ENOENT: no such file or directory, open '/no/such.pem'",
    );
    await expect(start({ ...own, keyFile: ada.keyFile })).rejects.toThrow(
      `${own.certFile} and ${ada.keyFile} must be a certificate and its key`,
    );
  });
});
