/** `node bench/server.ts <engine>`: serves the fixture service and tells its CPU time when asked. */
import {
  Server,
  ServerCredentials,
  type ServerWritableStream,
  type sendUnaryData,
  status,
} from "@grpc/grpc-js";
import { NotFoundError } from "@grpc-kit/grpc-status";
import { tellCpuTime } from "@grpc-kit/testing/bench";
import { Envelope, FixtureServiceService } from "@grpc-kit/testing/fixtures";
import { createGrpcServer } from "../src/index.ts";

const failing = "fail";
const message = Envelope.create({ payload: Buffer.alloc(64) });

/** The fixture service as one writes it for grpc-js itself, with all the care that it wants. */
async function startGrpcJs(): Promise<number> {
  const server = new Server();
  server.addService(FixtureServiceService, {
    unary: (call: { request: Envelope }, callback: sendUnaryData<Envelope>) =>
      call.request.text === failing
        ? callback({ code: status.NOT_FOUND, details: "no item 7" })
        : callback(null, call.request),
    serverStream: async (call: ServerWritableStream<Envelope, Envelope>) => {
      for (let index = 0n; index < call.request.count; index += 1n) {
        if (!call.write(message)) {
          await new Promise((resolve) => call.once("drain", resolve));
        }
      }
      call.end();
    },
    clientStream: async (
      call: AsyncIterable<Envelope>,
      callback: (error: null, reply: Envelope) => void,
    ) => {
      let count = 0n;
      for await (const _ of call) {
        count += 1n;
      }
      callback(null, Envelope.create({ count }));
    },
    bidi: () => {},
  });
  return new Promise((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) =>
      error === null ? resolve(port) : reject(error),
    );
  });
}

async function startGrpcKit(): Promise<number> {
  const server = createGrpcServer({ host: "127.0.0.1", port: 0, insecure: true });
  server.addService(FixtureServiceService, {
    unary: (request) => {
      if (request.text === failing) {
        throw new NotFoundError("no item 7");
      }
      return request;
    },
    async *serverStream({ count }) {
      for (let index = 0n; index < count; index += 1n) {
        yield message;
      }
    },
    async clientStream(requests) {
      let count = 0n;
      for await (const _ of requests) {
        count += 1n;
      }
      return Envelope.create({ count });
    },
    bidi: (requests) => requests,
  });
  return (await server.start()).port;
}

const port = await (process.argv[2] === "grpc-kit" ? startGrpcKit() : startGrpcJs());
tellCpuTime(port);
