/** grpc-js alone: the baseline. */
import { Server } from "@grpc/grpc-js";
import { fixtureService, listen, tellUsage } from "@grpc-kit/testing/bench";
import { FixtureServiceService } from "@grpc-kit/testing/fixtures";

const server = new Server();
server.addService(FixtureServiceService, fixtureService);
tellUsage(await listen(server));
