/** nice-grpc alone. */
import { tellUsage } from "@grpc-kit/testing/bench";
import { FixtureServiceService } from "@grpc-kit/testing/fixtures";
import { createServer } from "nice-grpc";
import { asyncHandlers } from "./async-handlers.ts";

const server = createServer();
server.add(FixtureServiceService, asyncHandlers);
tellUsage(await server.listen("127.0.0.1:0"));
