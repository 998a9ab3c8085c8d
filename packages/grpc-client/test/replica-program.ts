/** `node test/replica-program.ts <port> <file>`: serves the fixture service, and writes what it was asked. */
import { openSync, writeSync } from "node:fs";
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from "@grpc/grpc-js";
import { type Envelope, FixtureServiceService } from "@grpc-kit/testing/fixtures";

const [port, file] = process.argv.slice(2);
const executed = openSync(String(file), "a");
let delayMs = 0;

process.on("message", (message: { readonly delayMs: number }) => {
  delayMs = message.delayMs;
});
process.on("disconnect", () => process.exit());

const server = new Server();
server.addService(FixtureServiceService, {
  unary(call: ServerUnaryCall<Envelope, Envelope>, callback: sendUnaryData<Envelope>) {
    // At once, so that it is known whenever this process is killed.
    writeSync(executed, `${call.request.text}\n`);
    setTimeout(() => callback(null, call.request), delayMs);
  },
  serverStream() {},
  clientStream() {},
  bidi() {},
});
server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, bound) => {
  if (error !== null) {
    throw error;
  }
  process.send?.({ port: bound });
});
