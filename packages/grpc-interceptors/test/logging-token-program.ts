// Sends a token through grpc-js in all the ways that make it write the token to its log: arguments are
// the token, and whether grpc-js's logs are redacted.
import { once } from "node:events";
import { connect } from "node:http2";
import {
  Metadata,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type sendUnaryData,
  status,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { callFixture, callKinds, createFixtureClient } from "@grpc-kit/testing";
import { type Envelope, FixtureServiceService } from "@grpc-kit/testing/fixtures";
import { redactGrpcJsLogs } from "../src/metadata/index.ts";

const [token = "", logs] = process.argv.slice(2);
if (logs === "redacted") {
  redactGrpcJsLogs();
}

function withToken(): Metadata {
  const metadata = new Metadata();
  metadata.set("authorization", `Bearer ${token}`);
  metadata.set("x-session-bin", Buffer.from(token));
  metadata.set("x-plain", token);
  return metadata;
}

function fail(
  call: Pick<ServerUnaryCall<Envelope, Envelope>, "sendMetadata">,
  callback: sendUnaryData<Envelope>,
): void {
  call.sendMetadata(withToken());
  const details = `cannot pass on authorization: Bearer ${token}`;
  callback({ code: status.INTERNAL, details, metadata: withToken() });
}

function failStream(call: Parameters<typeof fail>[0] & NodeJS.EventEmitter): void {
  fail(call, (error) => call.emit("error", error));
}

const server = new Server();
server.addService(FixtureServiceService, {
  unary: fail,
  clientStream: fail,
  serverStream: failStream,
  bidi: failStream,
} as unknown as UntypedServiceImplementation);
const port = await new Promise<number>((resolve, reject) => {
  server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
    error === null ? resolve(bound) : reject(error),
  );
});

const client = createFixtureClient(`127.0.0.1:${port}`);
for (const kind of callKinds) {
  await callFixture(client, kind, { metadata: withToken() }).outcome;
}
client.close();

const session = connect(`http://127.0.0.1:${port}`);
for (const value of [`Bearer é-${token}`, `Bearer \t${token}`, `é. For more ${token}. Metadata`]) {
  const stream = session.request({
    ":method": "POST",
    ":path": "/fixtures.FixtureService/Unary",
    "content-type": "application/grpc",
    te: "trailers",
    authorization: value,
    "x-other": value,
  });
  stream.end(Buffer.alloc(5));
  stream.resume();
  await once(stream, "close");
}
session.destroy();
server.forceShutdown();
