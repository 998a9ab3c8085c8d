/**
 * A stub with all that a service in production switches on: deadlines, retries, circuits and a pool, which it
 * has by itself, and all that the interceptors of grpc-interceptors add.
 */
import { credentials } from "@grpc/grpc-js";
import { createClientFactory } from "@grpc-kit/grpc-client";
import { bearerToken, logging, requestId } from "@grpc-kit/grpc-interceptors/client";
import { metrics } from "@grpc-kit/grpc-interceptors/client/metrics";
import { tracing } from "@grpc-kit/grpc-interceptors/client/tracing";
import { signToken } from "@grpc-kit/testing/bench";
import { fileDescriptorSet } from "@grpc-kit/testing/fixtures/descriptors";
import { pino } from "pino";
import { Registry } from "prom-client";
import { startTracing } from "../servers/start-tracing.ts";
import { serveOrders } from "./client-engine.ts";
import { stubCalls } from "./stub-calls.ts";

serveOrders((address) => {
  startTracing();
  const factory = createClientFactory({
    defaultStreamTimeoutMs: 30_000,
    descriptorSets: [fileDescriptorSet()],
    interceptors: [
      requestId(),
      tracing({ target: address }),
      metrics({ register: new Registry(), target: address }),
      logging({ logger: pino({}, { write: () => {} }) }),
      bearerToken({
        target: address,
        credentials: credentials.createInsecure(),
        getToken: () => ({ token: signToken(), expiresAt: Date.now() + 3_600_000 }),
      }),
    ],
  });
  return stubCalls(factory, address);
});
