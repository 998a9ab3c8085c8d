/** `node bench/server.ts <delay in ms>`: serves the fixture service by grpc-js. */
import {
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
} from "@grpc/grpc-js";
import { Envelope, FixtureServiceService } from "@grpc-kit/testing/fixtures";

const delayMs = Number(process.argv[2]);

const server = new Server({ "grpc.max_concurrent_streams": 100 });
server.addService(FixtureServiceService, {
  unary({ request }: ServerUnaryCall<Envelope, Envelope>, callback: sendUnaryData<Envelope>) {
    if (delayMs === 0) {
      callback(null, request);
    } else {
      setTimeout(() => callback(null, request), delayMs);
    }
  },
  serverStream(call: ServerWritableStream<Envelope, Envelope>) {
    const message = Envelope.create({ payload: call.request.payload });
    for (let left = Number(call.request.count); left > 0; left -= 1) {
      call.write(message);
    }
    call.end();
  },
  clientStream() {},
  bidi() {},
});
process.on("SIGINT", () => process.exit());
process.on("disconnect", () => process.exit());
server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) {
    throw error;
  }
  process.send?.({ port });
});
