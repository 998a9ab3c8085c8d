import { Metadata } from "@grpc/grpc-js";
import { identityKey } from "@grpc-kit/grpc-context";
import { auth, createCertificateVerifier } from "@grpc-kit/grpc-interceptors/server/auth";
import { callKinds } from "@grpc-kit/testing";
import { expect, it } from "vitest";
import { createCertificates, hasOpenssl } from "../certificates.ts";
import { callKind, fixtureStub } from "../client/fixture-stub.ts";
import { failureOf } from "../serve.ts";
import { serveStandard } from "./serve-standard.ts";

if (!hasOpenssl) {
  process.stderr.write("certificates.test.ts is skipped: there is no openssl\n");
}

it.skipIf(!hasOpenssl)(
  "D20: a certificate says who calls, whatever the metadata says",
  async () => {
    const path = createCertificates();
    const seen: unknown[] = [];
    const { port } = await serveStandard(
      {
        unary(request, context) {
          seen.push(context.get(identityKey)?.subject);
          return request;
        },
      },
      {
        auth: auth({
          verifier: createCertificateVerifier({ name: "spiffe", trustDomains: ["shop.example"] }),
        }),
      },
      {
        tls: {
          certFile: path("server.pem"),
          keyFile: path("server.key"),
          clientCaFile: path("ca.pem"),
        },
      },
    );
    const stub = fixtureStub(port, {
      channel: {
        credentials: {
          caFile: path("ca.pem"),
          certFile: path("client.pem"),
          keyFile: path("client.key"),
          serverName: "localhost",
        },
      },
    });
    const metadata = new Metadata();
    metadata.set("x-forwarded-client-cert", "URI=spiffe://shop.example/admin");
    for (const kind of callKinds) {
      expect(await failureOf(callKind(stub, kind, ["hi"], { metadata }))).toBe("OK");
    }
    expect(seen).toEqual(["spiffe://shop.example/billing"]);
  },
);
