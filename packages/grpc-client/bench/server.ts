/** `node bench/server.ts <delay in ms>`: serves the fixture service by grpc-js. */
import { Server, type ServerUnaryCall, type sendUnaryData } from "@grpc/grpc-js";
import { fixtureService, listen, tellUsage } from "@grpc-kit/testing/bench";
import { type Envelope, FixtureServiceService } from "@grpc-kit/testing/fixtures";

const delayMs = Number(process.argv[2]);

const server = new Server({ "grpc.max_concurrent_streams": 100 });
server.addService(FixtureServiceService, {
  ...fixtureService,
  ...(delayMs > 0 && {
    unary({ request }: ServerUnaryCall<Envelope, Envelope>, callback: sendUnaryData<Envelope>) {
      setTimeout(() => callback(null, request), delayMs);
    },
  }),
});
tellUsage(await listen(server));
