import { context, type TextMapPropagator } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import {
  AlwaysOnSampler,
  InMemorySpanExporter,
  ParentBasedSampler,
  type Sampler,
  SimpleSpanProcessor,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import { afterAll, beforeAll } from "vitest";
import { w3c } from "./tracing-propagator.ts";

/** Follows the active span through everything asynchronous, for the tests of this file. */
export function useContextManager(): void {
  beforeAll(() => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  });
  afterAll(() => context.disable());
}

export interface Traced {
  /** Options for `tracing`, of servers and of clients. */
  readonly options: {
    readonly tracerProvider: TracerProvider;
    readonly propagator: TextMapPropagator;
  };
  /** Where ended spans are. */
  readonly exporter: InMemorySpanExporter;
}

/** Real tracing, whose spans stay here. */
export function collectSpans(
  sampler: Sampler = new ParentBasedSampler({ root: new AlwaysOnSampler() }),
): Traced {
  const exporter = new InMemorySpanExporter();
  const spanProcessors = [new SimpleSpanProcessor({ exporter })];
  const tracerProvider = new TracerProvider({ sampler, spanProcessors });
  return { options: { tracerProvider, propagator: w3c }, exporter };
}
