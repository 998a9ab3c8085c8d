import { readFileSync } from "node:fs";
import { credentials, type Interceptor } from "@grpc/grpc-js";
import { bearerToken } from "@grpc-kit/grpc-interceptors/client";
import { callKinds } from "@grpc-kit/testing";
import { FixtureServiceService } from "@grpc-kit/testing/fixtures";
import { describe, expect, it } from "vitest";
import { createCertificates, hasOpenssl } from "../certificates.ts";
import { serveStandard } from "../interceptors/serve-standard.ts";
import { failureOf, stubOf } from "../serve.ts";
import { callKind, fixtureStub } from "./fixture-stub.ts";
import { handlersThat } from "./handlers-that.ts";

const getToken = () => ({ token: "t0ken" });

describe("bearerToken with a stub", () => {
  it.skipIf(!hasOpenssl)("sends the token over TLS with every kind of call", async () => {
    const path = createCertificates();
    const seen: unknown[] = [];
    const { port } = await serveStandard(
      handlersThat(({ metadata }) => seen.push(...metadata.get("authorization"))),
      {},
      { tls: { certFile: path("server.pem"), keyFile: path("server.key") } },
    );
    const secure = credentials.createSsl(readFileSync(path("ca.pem")));
    const stub = fixtureStub(port, {
      interceptors: [bearerToken({ target: `localhost:${port}`, credentials: secure, getToken })],
      channel: { credentials: { caFile: path("ca.pem"), serverName: "localhost" } },
    });
    for (const kind of callKinds) {
      expect(await failureOf(callKind(stub, kind, ["hi"]))).toBe("OK");
    }
    expect(seen).toEqual(callKinds.map(() => "Bearer t0ken"));
  });

  it("is refused without TLS when it is made", () => {
    const options = { target: "items:50051", credentials: credentials.createInsecure(), getToken };
    expect(() => bearerToken(options)).toThrow(
      new TypeError(
        "target must be a loopback address or have TLS, unless allowPlaintext is set, got items:50051",
      ),
    );
  });

  it.each(callKinds)("sends the token without TLS to this machine: %s", async (kind) => {
    const seen: unknown[] = [];
    const { port } = await serveStandard(
      handlersThat(({ metadata }) => seen.push(...metadata.get("authorization"))),
    );
    const stub = fixtureStub(port, { interceptors: [localToken(port)] });
    expect(await failureOf(callKind(stub, kind, ["hi"]))).toBe("OK");
    expect(seen).toEqual(["Bearer t0ken"]);
  });

  it.each(callKinds)("sends nothing without TLS to another target: %s", async (kind) => {
    const { port, lines } = await serveStandard();
    // It leads to the same server.
    const other = `0.0.0.0:${port}`;
    const stub = stubOf(FixtureServiceService, other, { interceptors: [localToken(port)] });
    await expect(callKind(stub, kind, ["hi"])).rejects.toThrow(
      new TypeError(
        `credentials must not be sent without TLS, and the channel to ${other} has none`,
      ),
    );
    expect(await failureOf(callKind(fixtureStub(port), kind, ["hi"]))).toBe("OK");
    await expect.poll(() => lines.length).toBe(1);
  });
});

function localToken(port: number): Interceptor {
  const insecure = credentials.createInsecure();
  return bearerToken({ target: `127.0.0.1:${port}`, credentials: insecure, getToken });
}
