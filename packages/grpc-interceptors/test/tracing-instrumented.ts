// A process of its own, where @opentelemetry/instrumentation-grpc is on as well: it has to be there before
// grpc-js is. Makes one call of each kind, and sends its parent the spans that came of them.
import { createRequire } from "node:module";
import type { UntypedServiceImplementation } from "@grpc/grpc-js";
import { context, propagation, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { GrpcInstrumentation } from "@opentelemetry/instrumentation-grpc";
import {
  InMemorySpanExporter,
  SimpleSpanProcessor,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import type { FixtureHandlers } from "./serve-fixture.ts";
import { w3c } from "./tracing-propagator.ts";
import { toSentSpan } from "./tracing-sent-span.ts";

const isIgnoring = process.argv[2] === "ignoring";
const exporter = new InMemorySpanExporter();
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
propagation.setGlobalPropagator(w3c);
trace.setGlobalTracerProvider(
  new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }),
);
new GrpcInstrumentation(isIgnoring ? { ignoreGrpcMethods: [/./] } : {});
createRequire(import.meta.url)("@grpc/grpc-js");

const { Server, ServerCredentials, credentials, status } = await import("@grpc/grpc-js");
const { callFixture, callKinds } = await import("@grpc-kit/testing");
const { Envelope, FixtureServiceClient, FixtureServiceService } = await import(
  "@grpc-kit/testing/fixtures"
);
const { tracing } = await import("../src/server/tracing/index.ts");
const { tracing: clientTracing } = await import("../src/client/tracing/index.ts");

const handlers: FixtureHandlers = {
  unary: (call, callback) => callback(null, call.request),
  serverStream(call) {
    call.write(call.request);
    call.end();
  },
  clientStream(call, callback) {
    call.on("data", () => {});
    call.on("end", () => callback(null, Envelope.create()));
  },
  bidi(call) {
    call.on("data", (message) => call.write(message));
    call.on("end", () => call.end());
  },
};
const server = new Server({ interceptors: [tracing()] });
server.addService(FixtureServiceService, handlers as UntypedServiceImplementation);
const port = await new Promise((resolve) => {
  const insecure = ServerCredentials.createInsecure();
  server.bindAsync("127.0.0.1:0", insecure, (_error, bound) => resolve(bound));
});
const client = new FixtureServiceClient(`127.0.0.1:${port}`, credentials.createInsecure(), {
  interceptors: [clientTracing()],
});
for (const kind of callKinds) {
  const { code } = await callFixture(client, kind).outcome;
  if (code !== status.OK) {
    throw new Error(`${kind} has ended with ${status[code]}`);
  }
}
client.close();
server.tryShutdown(() => {
  process.send?.(exporter.getFinishedSpans().map(toSentSpan));
  process.disconnect?.();
});
