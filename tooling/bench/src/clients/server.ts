/** `node src/clients/server.ts`: serves the fixture service by grpc-js, for the clients to call. */
import {
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
} from "@grpc/grpc-js";
import { Envelope, FixtureServiceService } from "@grpc-kit/testing/fixtures";

const server = new Server();
server.addService(FixtureServiceService, {
  unary({ request }: ServerUnaryCall<Envelope, Envelope>, callback: sendUnaryData<Envelope>) {
    callback(null, request);
  },
  serverStream(call: ServerWritableStream<Envelope, Envelope>) {
    for (let index = 0n; index < call.request.count; index += 1n) {
      call.write({ ...call.request, index });
    }
    call.end();
  },
  clientStream(call: ServerReadableStream<Envelope, Envelope>, callback: sendUnaryData<Envelope>) {
    let count = 0n;
    call.on("data", () => {
      count += 1n;
    });
    call.on("end", () => callback(null, Envelope.create({ count })));
  },
  bidi(call: ServerDuplexStream<Envelope, Envelope>) {
    call.on("data", (message: Envelope) => call.write(message));
    call.on("end", () => call.end());
  },
});
process.on("SIGINT", () => process.exit());
process.on("disconnect", () => process.exit());
server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) {
    throw error;
  }
  process.send?.({ address: `127.0.0.1:${port}` });
});
