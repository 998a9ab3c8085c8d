import {
  Client,
  credentials,
  type handleUnaryCall,
  Server,
  ServerCredentials,
  ServerInterceptingCall,
  type ServerInterceptor,
} from "@grpc/grpc-js";
import { expect, it, onTestFinished } from "vitest";
import { callValues } from "./call-values.ts";
import { identityKey } from "./keys.ts";

const same = (bytes: Buffer): Buffer => bytes;

const method = {
  path: "/test.Test/WhoAmI",
  requestStream: false,
  responseStream: false,
  requestSerialize: same,
  requestDeserialize: same,
  responseSerialize: same,
  responseDeserialize: same,
} as const;

it("carries a value from an interceptor to a handler of grpc-js itself", async () => {
  const authenticate: ServerInterceptor = (_method, call) =>
    new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, proceed) => {
            callValues(metadata).set(identityKey, { subject: "ada", scopes: [], claims: {} });
            proceed(metadata);
          },
        }),
    });
  const whoAmI: handleUnaryCall<Buffer, Buffer> = ({ metadata }, callback) =>
    callback(null, Buffer.from(callValues(metadata).get(identityKey)?.subject ?? "nobody"));
  const server = new Server({ interceptors: [authenticate] });
  server.addService({ whoAmI: method }, { whoAmI });
  const port = await new Promise<number>((resolve) => {
    const insecure = ServerCredentials.createInsecure();
    server.bindAsync("127.0.0.1:0", insecure, (_error, bound) => resolve(bound));
  });
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  onTestFinished(() => {
    client.close();
    server.forceShutdown();
  });
  const reply = await new Promise<Buffer | undefined>((resolve, reject) => {
    client.makeUnaryRequest(method.path, same, same, Buffer.alloc(0), (error, answer) =>
      error === null ? resolve(answer) : reject(error),
    );
  });
  expect(String(reply)).toBe("ada");
});
