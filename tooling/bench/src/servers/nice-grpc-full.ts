/** nice-grpc with its own traces, metrics and error details. It has no logs, auth or validation. */
import { tellUsage } from "@grpc-kit/testing/bench";
import { FixtureServiceService } from "@grpc-kit/testing/fixtures";
import { createServer } from "nice-grpc";
import { errorDetailsServerMiddleware } from "nice-grpc-error-details";
import { openTelemetryServerMiddleware } from "nice-grpc-opentelemetry";
import { prometheusServerMiddleware } from "nice-grpc-prometheus";
import { asyncHandlers } from "./async-handlers.ts";
import { startTracing } from "./start-tracing.ts";

startTracing();
const server = createServer()
  .use(openTelemetryServerMiddleware())
  .use(prometheusServerMiddleware())
  .use(errorDetailsServerMiddleware);
server.add(FixtureServiceService, asyncHandlers);
tellUsage(await server.listen("127.0.0.1:0"));
