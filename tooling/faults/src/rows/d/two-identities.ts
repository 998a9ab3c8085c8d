import { credentials, Metadata, status } from "@grpc/grpc-js";
import { ItemServiceService } from "@grpc-kit/generated-protos/examples/items";
import { createClientFactory } from "@grpc-kit/grpc-client";
import { bearerToken } from "@grpc-kit/grpc-interceptors/client";
import { toCallError } from "@grpc-kit/grpc-status";
import { certificateMaker } from "@grpc-kit/testing/certificates";
import { inLanes } from "../../harness/in-lanes.ts";
import { missUnless } from "../../harness/judge.ts";
import { tally, wrongAmong } from "../../harness/tell.ts";
import type { Row } from "../../row.ts";

export const twoIdentities: Row = {
  id: "D19",
  fault:
    "Credentials on a channel without TLS, and two callers with credentials of their own to the same server",
  promise:
    "the first cannot be made; the second never share a connection, and no call goes by the other's name",
  isQuick: false,
  async run(harness) {
    const certificates = certificateMaker();
    harness.onEnd(() => certificates.close());
    const authority = certificates.authority("authority");
    const server = certificates.certificate("server", { by: authority });
    const service = await harness.service({
      own: true,
      env: { GRPC_SERVER_TLS_CERT_FILE: server.certFile, GRPC_SERVER_TLS_KEY_FILE: server.keyFile },
      tls: { caFile: authority.certFile },
    });
    const factory = createClientFactory({
      retry: false,
      circuitBreaker: false,
      defaultTimeoutMs: 20_000,
    });
    const tls = { caFile: authority.certFile, serverName: "localhost" };
    const stubOf = (scope: string) => {
      const token = service.token(scope);
      const callCredentials = credentials.createFromMetadataGenerator((_options, callback) => {
        const metadata = new Metadata();
        metadata.set("authorization", `Bearer ${token}`);
        // Later, so that calls of both are under way at once.
        setImmediate(callback, null, metadata);
      });
      const channel = factory.createChannel(service.address, { credentials: tls, callCredentials });
      return factory.createStub(ItemServiceService, channel);
    };
    const reader = stubOf("items:read");
    const writer = stubOf("items:write");
    const id = crypto.randomUUID();
    // What each may do ends with NOT_FOUND, as there is no such item; what it may not, with PERMISSION_DENIED.
    const calls: readonly (readonly [string, status, () => Promise<unknown>])[] = [
      ["reader reads", status.NOT_FOUND, () => reader.getItem({ id })],
      ["writer reads", status.PERMISSION_DENIED, () => writer.getItem({ id })],
      ["writer writes", status.NOT_FOUND, () => writer.deleteItem({ id })],
      ["reader writes", status.PERMISSION_DENIED, () => reader.deleteItem({ id })],
    ];
    const count = harness.isQuick ? 400 : 10_000;
    const plan = Array.from({ length: count }, (_, n) => calls[n % calls.length] ?? []);
    const ends = await inLanes(plan, 16, async ([name, wanted, call]) => {
      const code = await call?.().then(
        () => status.OK,
        (error: unknown) => toCallError(error).code,
      );
      return code === wanted ? "as they should" : `${name}: ${status[code ?? status.UNKNOWN]}`;
    });
    const insecure = madeWithoutTls();
    // Before its certificates are gone.
    await factory.close();
    const exitCode = await service.stop();
    return {
      measured: `${count} calls, ${tally(ends)}; ${insecure.tries - insecure.made.length} of ${insecure.tries} channels without TLS refused`,
      misses: [
        ...wrongAmong("calls", ends, "as they should"),
        ...missUnless(exitCode === 0, `the service has ended with ${exitCode}`),
        ...insecure.made.map((name) => `credentials were taken without TLS: ${name}`),
      ],
    };
  },
};

/** Which of the ways to send credentials in plaintext to another machine have been allowed. */
function madeWithoutTls() {
  const target = "items.example.com:50051";
  const insecure = credentials.createInsecure();
  const callCredentials = credentials.createFromMetadataGenerator((_options, callback) =>
    callback(null, new Metadata()),
  );
  const factory = createClientFactory();
  const ways = {
    "callCredentials of a channel": () =>
      factory.createChannel(target, { credentials: "insecure", callCredentials }),
    "callCredentials of a channel of grpc-js": () =>
      factory.createChannel(target, { credentials: insecure, callCredentials }),
    bearerToken: () =>
      bearerToken({ target, credentials: insecure, getToken: () => ({ token: "t" }) }),
    "grpc-js": () => insecure.compose(callCredentials),
  };
  const made = Object.entries(ways).filter(([, make]) => {
    try {
      make();
      return true;
    } catch {
      return false;
    }
  });
  void factory.close();
  return { tries: Object.keys(ways).length, made: made.map(([name]) => name) };
}
