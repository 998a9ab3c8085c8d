import {
  type Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
} from "@grpc/grpc-js";
import { Envelope, type FixtureServiceServer } from "../gen/fixtures/kinds.ts";

/** The fixture service as one writes it for grpc-js itself, with all the care that it wants. */
export const fixtureService: FixtureServiceServer = {
  unary({ request }: ServerUnaryCall<Envelope, Envelope>, callback: sendUnaryData<Envelope>) {
    callback(null, request);
  },
  async serverStream(call: ServerWritableStream<Envelope, Envelope>) {
    const message = Envelope.create({ payload: call.request.payload });
    for (let left = call.request.count; left > 0n && !call.cancelled; left -= 1n) {
      if (!call.write(message)) {
        await drained(call);
      }
    }
    call.end();
  },
  async clientStream(
    call: ServerReadableStream<Envelope, Envelope>,
    callback: sendUnaryData<Envelope>,
  ) {
    let count = 0n;
    for await (const _ of call) {
      count += 1n;
    }
    callback(null, Envelope.create({ count }));
  },
  bidi(call: ServerDuplexStream<Envelope, Envelope>) {
    call.on("data", (message: Envelope) => {
      if (!call.write(message)) {
        call.pause();
        call.once("drain", () => call.resume());
      }
    });
    call.on("end", () => call.end());
  },
};

// A call that ends early never drains.
function drained(call: ServerWritableStream<Envelope, Envelope>): Promise<void> {
  return new Promise((resolve) => {
    const settle = (): void => {
      call.off("drain", settle);
      call.off("close", settle);
      resolve();
    };
    call.once("drain", settle);
    call.once("close", settle);
  });
}

/** Has a server of grpc-js listen on a free port, and tells which. */
export function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) =>
      error === null ? resolve(port) : reject(error),
    );
  });
}
