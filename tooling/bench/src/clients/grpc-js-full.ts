/**
 * grpc-js that sends what grpc-client-everything does, by hand: a request id, a trace, a token and a
 * deadline. It does not retry, count or log, and has no circuits.
 */
import { randomUUID } from "node:crypto";
import { credentials, Metadata } from "@grpc/grpc-js";
import { signToken } from "@grpc-kit/testing/bench";
import { context, propagation, SpanKind, trace } from "@opentelemetry/api";
import { startTracing } from "../servers/start-tracing.ts";
import { serveOrders } from "./client-engine.ts";
import { grpcJsCalls } from "./grpc-js-calls.ts";

const setter = {
  set: (metadata: Metadata, key: string, value: string): void => metadata.set(key, value),
};

serveOrders((address) => {
  startTracing();
  const tracer = trace.getTracer("bench");
  const attributes = { "rpc.system.name": "grpc", "server.address": address };
  const token = new Metadata();
  token.set("authorization", `Bearer ${signToken()}`);
  const callCredentials = credentials.createFromMetadataGenerator((_options, callback) => {
    callback(null, token);
  });
  return grpcJsCalls(address, () => {
    const metadata = new Metadata();
    metadata.set("x-request-id", randomUUID());
    const active = context.active();
    const span = tracer.startSpan("fixtures", { kind: SpanKind.CLIENT, attributes }, active);
    propagation.inject(trace.setSpan(active, span), metadata, setter);
    span.end();
    return [metadata, { deadline: Date.now() + 30_000, credentials: callCredentials }];
  });
});
