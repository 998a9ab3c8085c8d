/** `node bench/server.ts <what>`: serves the fixture service by grpc-js with what is named switched on. */
import { Server, type ServerInterceptor } from "@grpc/grpc-js";
import {
  audience,
  fixtureService,
  issuer,
  listen,
  secret,
  tellUsage,
} from "@grpc-kit/testing/bench";
import { FixtureServiceService } from "@grpc-kit/testing/fixtures";
import { context, propagation, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import {
  BatchSpanProcessor,
  InMemorySpanExporter,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import { pino } from "pino";
import { Registry } from "prom-client";
import { auth, createJwtVerifier } from "../src/server/auth/index.ts";
import {
  authorize,
  concurrencyLimit,
  deadline,
  errors,
  logging,
  rateLimit,
  requestContext,
  standardServerInterceptors,
  validation,
} from "../src/server/index.ts";
import { metrics } from "../src/server/metrics/index.ts";
import { tracing } from "../src/server/tracing/index.ts";

const nullSink = { write: (_line: string) => {} };
const services = [FixtureServiceService];
const path = "/fixtures.FixtureService/Unary";

function startTracing(): void {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  const sampler = new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(0.01) });
  const exporter = new InMemorySpanExporter();
  setInterval(() => exporter.reset(), 1_000).unref();
  const spanProcessors = [new BatchSpanProcessor({ exporter })];
  trace.setGlobalTracerProvider(new TracerProvider({ sampler, spanProcessors }));
}

const parts: Readonly<Record<string, () => ServerInterceptor>> = {
  requestContext: () => requestContext(),
  tracing() {
    startTracing();
    return tracing();
  },
  metrics: () => metrics({ register: new Registry(), services }),
  logging: () => logging({ logger: pino({}, nullSink) }),
  errors: () => errors(),
  deadline: () => deadline({ defaultMs: 30_000 }),
  concurrencyLimit: () => concurrencyLimit({ max: 100 }),
  auth: () =>
    auth({ verifier: createJwtVerifier({ secret, algorithms: ["HS256"], issuer, audience }) }),
  authorize: () => authorize({ rules: { "/fixtures.FixtureService/*": { scopes: ["all"] } } }),
  rateLimit: () => rateLimit({ key: "peer", ratePerSecond: 1e6, burst: 1e6 }),
  validation: () => validation({ validators: new Map([[path, { validate: () => {} }]]) }),
};

function interceptorsOf(name: string): ServerInterceptor[] {
  if (name === "bare") {
    return [];
  }
  const part = parts[name];
  if (part !== undefined) {
    return name === "authorize" ? [parts.auth?.() as ServerInterceptor, part()] : [part()];
  }
  startTracing();
  return standardServerInterceptors({
    logger: pino({}, nullSink),
    tracing: tracing(),
    metrics: metrics({ register: new Registry(), services }),
    deadline: deadline({ defaultMs: 30_000 }),
    auth: auth({
      verifier: createJwtVerifier({ secret, algorithms: ["HS256"], issuer, audience }),
    }),
    authorize: authorize({ rules: { "/fixtures.FixtureService/*": { scopes: ["all"] } } }),
    validation: validation({ validators: new Map([[path, { validate: () => {} }]]) }),
  }).interceptors;
}

const server = new Server({ interceptors: interceptorsOf(process.argv[2] ?? "bare") });
server.addService(FixtureServiceService, fixtureService);
tellUsage(await listen(server));
