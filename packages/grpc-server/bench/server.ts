/** `node bench/server.ts <engine>`: serves the fixture service and tells its CPU time when asked. */
import { Server, type ServerUnaryCall, type sendUnaryData, status } from "@grpc/grpc-js";
import { NotFoundError } from "@grpc-kit/grpc-status";
import { fixtureService, listen, tellUsage } from "@grpc-kit/testing/bench";
import { Envelope, FixtureServiceService } from "@grpc-kit/testing/fixtures";
import { createGrpcServer } from "../src/index.ts";

const failing = "fail";

function startGrpcJs(): Promise<number> {
  const server = new Server();
  server.addService(FixtureServiceService, {
    ...fixtureService,
    unary: ({ request }: ServerUnaryCall<Envelope, Envelope>, callback: sendUnaryData<Envelope>) =>
      request.text === failing
        ? callback({ code: status.NOT_FOUND, details: "no item 7" })
        : callback(null, request),
  });
  return listen(server);
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
    async *serverStream({ count, payload }) {
      const message = Envelope.create({ payload });
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
tellUsage(port);
