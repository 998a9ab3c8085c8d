import { deadline, logging, requestId } from "@grpc-kit/grpc-interceptors/client";
import { metrics } from "@grpc-kit/grpc-interceptors/client/metrics";
import { tracing } from "@grpc-kit/grpc-interceptors/client/tracing";
import type { CallKind } from "@grpc-kit/testing";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import {
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import { Registry } from "prom-client";
import { createLogger } from "../../src/log.ts";
import { type Line, sumsOf } from "../interceptors/serve-standard.ts";
import type { TestStubOptions } from "../serve.ts";
import { type FixtureStub, fixtureStub } from "./fixture-stub.ts";

export const nameOf: Readonly<Record<CallKind, string>> = {
  unary: "Unary",
  serverStream: "ServerStream",
  clientStream: "ClientStream",
  bidi: "Bidi",
};

export interface WatchedStub {
  readonly stub: FixtureStub;
  spans(): readonly ReadableSpan[];
  readonly lines: readonly Line[];
  /** Calls by method and code: "Unary OK". */
  handled(): Promise<ReadonlyMap<string, number>>;
  /** By method. */
  started(): Promise<ReadonlyMap<string, number>>;
}

/** A stub with all interceptors for clients, which give calls five seconds. */
export function watchedStub(port: number, options: TestStubOptions = {}): WatchedStub {
  const exporter = new InMemorySpanExporter();
  const tracerProvider = new TracerProvider({
    spanProcessors: [new SimpleSpanProcessor({ exporter })],
  });
  const [register, lines]: [Registry, Line[]] = [new Registry(), []];
  const stream = { write: (line: string) => lines.push(JSON.parse(line)) };
  const stub = fixtureStub(port, {
    interceptors: [
      requestId(),
      tracing({ tracerProvider, propagator: new W3CTraceContextPropagator() }),
      metrics({ register }),
      logging({ logger: createLogger({ level: "debug", stream }) }),
      deadline({ defaultMs: 5_000, streamDefaultMs: 5_000 }),
    ],
    ...options,
  });
  return {
    stub,
    spans: () => exporter.getFinishedSpans(),
    lines,
    handled: () => sumsOf(register, "grpc_client_handled_total"),
    started: () => sumsOf(register, "grpc_client_started_total"),
  };
}
