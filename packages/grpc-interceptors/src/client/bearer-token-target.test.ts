import { credentials, type Interceptor, Metadata, status } from "@grpc/grpc-js";
import { callFixture, callKinds } from "@grpc-kit/testing";
import { FixtureServiceClient } from "@grpc-kit/testing/fixtures";
import { describe, expect, it, onTestFinished } from "vitest";
import { serveArrivals } from "../../test/client-arrivals.ts";
import { makeTlsPair } from "../../test/client-tls.ts";
import { type BearerTokenOptions, bearerToken } from "./bearer-token.ts";

const local = { target: "127.0.0.1:50051", credentials: credentials.createInsecure() };

function localToken(
  getToken: BearerTokenOptions["getToken"],
  options: Partial<BearerTokenOptions> = {},
): Interceptor {
  return bearerToken({ ...local, getToken, ...options });
}

describe("bearerToken", () => {
  it("D19 goes over TLS", async () => {
    const tls = makeTlsPair();
    const { port, arrivals } = await serveArrivals([], { serverCredentials: tls.server });
    const target = `127.0.0.1:${port}`;
    const getToken = () => ({ token: "t0ken" });
    const interceptors = [bearerToken({ target, credentials: tls.channel, getToken })];
    const client = new FixtureServiceClient(target, tls.channel, {
      "grpc.ssl_target_name_override": "localhost",
      interceptors,
    });
    onTestFinished(() => client.close());
    expect((await callFixture(client, "unary").outcome).code).toBe(status.OK);
    expect(arrivals).toMatchObject([{ metadata: { authorization: "Bearer t0ken" } }]);
  });

  it.each(callKinds)("D19 does not go to the target of another client: %s", async (kind) => {
    let asked = 0;
    const interceptor = localToken(() => ({ token: `t${++asked}` }));
    const target = "passthrough.invalid:1";
    const client = new FixtureServiceClient(target, credentials.createInsecure(), {
      interceptors: [interceptor],
    });
    onTestFinished(() => client.close());
    expect(await callFixture(client, kind).outcome).toMatchObject({
      code: status.UNAUTHENTICATED,
      details: "a bearer token is not sent without TLS to another target",
    });
    expect(asked).toBe(0);
  });

  it("D19 never mixes two tokens in 10,000 calls", { timeout: 60_000 }, async () => {
    const { address, arrivals } = await serveArrivals([]);
    const clients = ["ada", "bob"].map((name) => {
      const getToken = async () => ({ token: name, expiresAt: Date.now() + 50 });
      const interceptors = [localToken(getToken)];
      return new FixtureServiceClient(address, credentials.createInsecure(), { interceptors });
    });
    onTestFinished(() => {
      for (const client of clients) {
        client.close();
      }
    });
    for (let batch = 0; batch < 100; batch += 1) {
      const calls = Array.from({ length: 100 }, (_, index) => {
        const metadata = new Metadata();
        metadata.set("x-name", index % 2 === 0 ? "ada" : "bob");
        return callFixture(clients[index % 2] as FixtureServiceClient, "unary", { metadata });
      });
      await Promise.all(calls.map(({ outcome }) => outcome));
    }
    const mixed = arrivals.filter(
      ({ metadata: { authorization, "x-name": name } }) => authorization !== `Bearer ${name}`,
    );
    expect([arrivals.length, mixed]).toEqual([10_000, []]);
  });

  it.each([
    "127.0.0.1:1",
    "dns:127.0.0.1:1",
    "dns:///localhost:1",
    "ipv4:127.0.0.1:1,127.0.0.2:2",
    "[::1]:1",
    "ipv6:[::1]:1",
    "localhost",
    "unix:/tmp/socket",
  ])("D19 takes %s for this machine", (target) => {
    expect(() => localToken(() => ({ token: "a" }), { target })).not.toThrow();
  });

  it.each([
    "example.com:443",
    "10.0.0.1:1",
    "127.evil.example:1",
    "localhost.evil.example:1",
    "dns://127.0.0.1/example.com:1",
    "ipv4:127.0.0.1:1,10.0.0.1:1",
    "xds:///localhost:1",
    "",
  ])("D19 refuses a client without TLS of %j", (target) => {
    expect(() => localToken(() => ({ token: "a" }), { target })).toThrow(
      new TypeError(
        `target must be a loopback address or have TLS, unless allowPlaintext is set, got ${target}`,
      ),
    );
  });

  it("D19 goes anywhere in plaintext where somebody has said that it may, in a mesh", async () => {
    const { port, arrivals } = await serveArrivals([]);
    // No loopback address, though it leads here.
    const target = `0.0.0.0:${port}`;
    const getToken = () => ({ token: "t0ken" });
    const interceptors = [localToken(getToken, { target, allowPlaintext: true })];
    const client = new FixtureServiceClient(target, local.credentials, { interceptors });
    onTestFinished(() => client.close());
    expect((await callFixture(client, "unary").outcome).code).toBe(status.OK);
    expect(arrivals).toMatchObject([{ metadata: { authorization: "Bearer t0ken" } }]);
  });

  it("D19 takes no other word for that than true", () => {
    const allowPlaintext = "false" as never;
    expect(() => localToken(() => ({ token: "a" }), { allowPlaintext })).toThrow(
      new TypeError("allowPlaintext must be true or false, got false"),
    );
  });

  it.each([
    [{ refreshBeforeMs: -1 }, "refreshBeforeMs must be from 0 to 2147483647, got -1"],
    [{ timeoutMs: 0 }, "timeoutMs must be from 1 to 2147483647, got 0"],
    [{ timeoutMs: Number.NaN }, "timeoutMs must be from 1 to 2147483647, got NaN"],
  ])("says what is wrong: %j", (options, message) => {
    expect(() => localToken(() => ({ token: "a" }), options)).toThrow(new RangeError(message));
  });
});
