/**
 * grpc-server with the standard interceptors: a JWT to verify, traces, metrics, logs, … but `deadline` and
 * `concurrencyLimit`, since a grpc-server has deadlines and places of its own.
 */
import {
  authorize,
  standardServerInterceptors,
  validation,
} from "@grpc-kit/grpc-interceptors/server";
import { auth, createJwtVerifier } from "@grpc-kit/grpc-interceptors/server/auth";
import { metrics } from "@grpc-kit/grpc-interceptors/server/metrics";
import { tracing } from "@grpc-kit/grpc-interceptors/server/tracing";
import { audience, issuer, secret } from "@grpc-kit/testing/bench";
import { FixtureServiceService } from "@grpc-kit/testing/fixtures";
import { pino } from "pino";
import { Registry } from "prom-client";
import { serveGrpcServer } from "./serve-grpc-server.ts";
import { startTracing } from "./start-tracing.ts";

const validator = { validate: () => {} };

startTracing();
await serveGrpcServer(
  standardServerInterceptors({
    logger: pino({}, { write: () => {} }),
    tracing: tracing(),
    metrics: metrics({ register: new Registry(), services: [FixtureServiceService] }),
    auth: auth({
      verifier: createJwtVerifier({ secret, algorithms: ["HS256"], issuer, audience }),
    }),
    authorize: authorize({ rules: { "/fixtures.FixtureService/*": { scopes: ["all"] } } }),
    validation: validation({
      validators: new Map([["/fixtures.FixtureService/Unary", validator]]),
    }),
  }),
);
