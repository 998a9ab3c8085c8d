import { inspect } from "node:util";
import type { Interceptor, ServiceDefinition } from "@grpc/grpc-js";
import { createCircuitRefusal } from "../breaker/circuit-open.ts";
import type { Circuits } from "../breaker/circuits.ts";
import { chain, type MethodPlan } from "../call/method-plan.ts";
import { callBidi, callServerStream } from "../call/response-stream.ts";
import { callClientStream, callUnary } from "../call/single-response.ts";
import { transport } from "../call/transport-call.ts";
import type { CallSource } from "../channel/call-source.ts";
import { checkNames } from "../check-option.ts";
import type { BudgetOptions, ClientObserver, MethodOptions } from "../client-options.ts";
import { type HedgeThrottles, hedgingOf } from "../retry/hedge-throttle.ts";
import type { IdempotencyLevels } from "../retry/idempotency.ts";
import { retriesInternal } from "../retry/lost-connections.ts";
import type { DefaultRetry } from "../retry/retry-policy.ts";
import { compileServicePolicy } from "../retry/service-policy.ts";
import type { Requests, Stub } from "./stub.ts";
import type { StubOptions } from "./stub-options.ts";

/** What all stubs of a factory have in common, checked. */
export interface StubContext {
  readonly timeoutMs: number;
  readonly streamTimeoutMs: number | "none" | undefined;
  readonly budget: Required<BudgetOptions>;
  readonly retry: DefaultRetry;
  readonly idempotency: IdempotencyLevels;
  readonly circuits: Circuits;
  readonly hedgeThrottles: HedgeThrottles;
  readonly interceptors: readonly Interceptor[];
  readonly observer: ClientObserver;
}

type MethodsOptions = Readonly<Record<string, MethodOptions | undefined>>;

/** Throws a TypeError or RangeError that names what is wrong in `methods`. */
export function buildStub<Definition extends ServiceDefinition>(
  definition: Definition,
  source: CallSource,
  context: StubContext,
  options: StubOptions<Definition> = {},
): Stub<Definition> {
  checkNames("options", options, ["methods"]);
  const methods = (options.methods ?? {}) as MethodsOptions;
  const { idempotency, retry } = context;
  const policy = compileServicePolicy({ definition, idempotency, retry: retry.policy, methods });
  const functions = Object.entries(definition).map(([name, method]) => {
    const own = Object.hasOwn(methods, name) ? (methods[name] ?? {}) : {};
    checkMethodTimeout(name, method, own);
    const parts = {
      definition: method,
      source,
      timeoutMs:
        own.timeoutMs ?? (method.responseStream ? context.streamTimeoutMs : context.timeoutMs),
      requestIdField: own.requestIdField,
      budget: context.budget,
      circuit: context.circuits.circuitOf(source.target, method.path),
      refusal: createCircuitRefusal(source.target, method.path),
      hedging: hedgingOf(policy, method.path, context.hedgeThrottles.throttleOf(source.target)),
      retriesInternal: retriesInternal(policy, method.path),
      observer: context.observer,
      hasInterceptors: context.interceptors.length > 0,
    };
    const plan = { ...parts, nextCall: chain(context.interceptors, transport(parts)) };
    return [name, functionOf(plan)];
  });
  source.addService(policy);
  return Object.fromEntries(functions) as Stub<Definition>;
}

type AnyRequest = Requests<unknown>;

function functionOf(plan: MethodPlan): unknown {
  const { requestStream, responseStream } = plan.definition;
  if (responseStream) {
    return requestStream
      ? (requests: AnyRequest, options?: object) => callBidi(plan, requests, options)
      : (request: unknown, options?: object) => callServerStream(plan, request, options);
  }
  return requestStream
    ? (requests: AnyRequest, options?: object) => callClientStream(plan, requests, options)
    : (request: unknown, options?: object) => callUnary(plan, request, options);
}

function checkMethodTimeout(
  name: string,
  { responseStream }: ServiceDefinition[string],
  { timeoutMs }: MethodOptions,
): void {
  const isTimeout = typeof timeoutMs === "number" && timeoutMs > 0;
  if (timeoutMs !== undefined && !isTimeout && !(responseStream && timeoutMs === "none")) {
    const or = responseStream ? ', or "none"' : "";
    throw new RangeError(
      `methods.${name}.timeoutMs must be milliseconds above 0${or}, got ${inspect(timeoutMs)}`,
    );
  }
}
