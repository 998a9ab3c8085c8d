// A process of its own: a traced service that calls another one, and sends its spans to its parent.
import { setImmediate as turn } from "node:timers/promises";
import {
  credentials,
  Server,
  ServerCredentials,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { Envelope, FixtureServiceClient, FixtureServiceService } from "@grpc-kit/testing/fixtures";
import { context, propagation, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { ExportResultCode } from "@opentelemetry/core";
import {
  AlwaysOnSampler,
  ParentBasedSampler,
  SimpleSpanProcessor,
  type SpanExporter,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import { tracing as clientTracing } from "../src/client/tracing/index.ts";
import { tracing } from "../src/server/tracing/index.ts";
import type { FixtureHandlers } from "./serve-fixture.ts";
import { w3c } from "./tracing-propagator.ts";
import { type SeenContext, toSentSpan } from "./tracing-sent-span.ts";

const exporter: SpanExporter = {
  export(spans, done) {
    for (const span of spans) {
      process.send?.(toSentSpan(span));
    }
    done({ code: ExportResultCode.SUCCESS });
  },
  shutdown: async () => {},
};

function seenContext(): SeenContext {
  const { traceId, spanId, traceFlags, traceState } = trace.getActiveSpan()?.spanContext() ?? {
    traceId: "",
    spanId: "",
    traceFlags: -1,
  };
  const entries = propagation.getActiveBaggage()?.getAllEntries() ?? [];
  const baggage = Object.fromEntries(entries.map(([key, { value }]) => [key, value]));
  return { traceId, spanId, traceFlags, traceState: traceState?.serialize(), baggage };
}

function answer(seen: unknown): Envelope {
  return Envelope.create({ text: JSON.stringify(seen) });
}

function callNext(client: FixtureServiceClient): Promise<Envelope> {
  const own = seenContext();
  return new Promise((resolve, reject) => {
    client.unary(Envelope.create(), (error, reply) =>
      error === null ? resolve(answer({ own, next: JSON.parse(reply.text) })) : reject(error),
    );
  });
}

/** Each calls the next service from a place of its own, as often as it is sent a message. */
function handlers(next: FixtureServiceClient): FixtureHandlers {
  async function* answers(): AsyncGenerator<Envelope> {
    for (let made = 0; made < 2; made += 1) {
      await turn();
      yield await callNext(next);
    }
  }
  return {
    async unary(_call, callback) {
      await turn();
      callback(null, await callNext(next));
    },
    async serverStream(call) {
      for await (const envelope of answers()) {
        call.write(envelope);
      }
      call.end();
    },
    clientStream(call, callback) {
      const asked: Promise<Envelope>[] = [];
      call.on("data", () => asked.push(callNext(next)));
      call.on("end", async () => callback(null, (await Promise.all(asked)).at(-1)));
    },
    bidi(call) {
      const asked: Promise<Envelope>[] = [];
      call.on("data", () => asked.push(callNext(next)));
      call.on("end", async () => {
        for (const envelope of await Promise.all(asked)) {
          call.write(envelope);
        }
        call.end();
      });
    },
  };
}

async function serve(served: Partial<FixtureHandlers>): Promise<string> {
  const server = new Server({ interceptors: [tracing()] });
  server.addService(FixtureServiceService, served as UntypedServiceImplementation);
  const insecure = ServerCredentials.createInsecure();
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", insecure, (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return `127.0.0.1:${port}`;
}

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
propagation.setGlobalPropagator(w3c);
trace.setGlobalTracerProvider(
  new TracerProvider({
    sampler: new ParentBasedSampler({ root: new AlwaysOnSampler() }),
    spanProcessors: [new SimpleSpanProcessor({ exporter })],
  }),
);
const nextAddress = await serve({
  unary: (_call, callback) => callback(null, answer(seenContext())),
});
const next = new FixtureServiceClient(nextAddress, credentials.createInsecure(), {
  interceptors: [clientTracing({ target: nextAddress })],
});
process.send?.(await serve(handlers(next)));
