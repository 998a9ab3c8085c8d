import type { Interceptor, MethodDefinition, NextCall, StatusObject } from "@grpc/grpc-js";
import type { Circuit } from "../breaker/circuit.ts";
import type { CallSource } from "../channel/call-source.ts";
import type { BudgetOptions, ClientObserver } from "../client-options.ts";
import type { Hedging } from "../retry/hedge-throttle.ts";

/** What is the same for all calls of a method of a stub, made once. */
export interface MethodPlan {
  readonly definition: MethodDefinition<unknown, unknown>;
  readonly source: CallSource;
  /** Undefined: each call must say its own. */
  readonly timeoutMs: number | "none" | undefined;
  readonly requestIdField: string | undefined;
  readonly budget: Required<BudgetOptions>;
  /** Undefined: calls are always sent. */
  readonly circuit: Circuit | undefined;
  /** How calls end that the circuit refuses. */
  readonly refusal: () => StatusObject;
  /** Undefined: calls are not hedged. */
  readonly hedging: Hedging | undefined;
  /** Whether INTERNAL is a code that the method's policy retries. */
  readonly retriesInternal: boolean;
  readonly observer: ClientObserver;
  /** What makes a call: the interceptors, and the channel behind them. */
  readonly nextCall: NextCall;
  readonly hasInterceptors: boolean;
}

/** One function that is all interceptors, the outermost first. https://github.com/grpc/proposal/blob/master/L5-node-client-interceptors.md */
export function chain(interceptors: readonly Interceptor[], innermost: NextCall): NextCall {
  return interceptors.reduceRight<NextCall>(
    (next, interceptor) => (options) => interceptor(options, next),
    innermost,
  );
}
