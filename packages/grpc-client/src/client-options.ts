import type { Interceptor, status } from "@grpc/grpc-js";
import type { CircuitState } from "./breaker/circuit.ts";

/** What all clients of a factory have in common. */
export interface ClientFactoryOptions {
  /** The most that a call with one response may take. Default: 30_000. */
  readonly defaultTimeoutMs?: number;
  /** The same for streams of responses. Default: none, and each call or method must say its own. */
  readonly defaultStreamTimeoutMs?: number | "none";
  /** How calls of idempotent methods are sent again. `false`: they are not. */
  readonly retry?: RetryOptions | false;
  /** When calls are not sent at all, since those before them failed. `false`: they always are. */
  readonly circuitBreaker?: CircuitBreakerOptions | false;
  /** What calls made while a call is served may use of its time. */
  readonly budget?: BudgetOptions;
  /**
   * Serialised FileDescriptorSets (of `buf build` or protoc), which say what methods are idempotent.
   * Default: none, and no method is unless `methods` says so.
   */
  readonly descriptorSets?: readonly Uint8Array[];
  /** Interceptors of grpc-js for all calls, the outermost first. Default: none. */
  readonly interceptors?: readonly Interceptor[];
  /** Told what happens besides the results of calls. It must not throw. */
  readonly observer?: ClientObserver;
}

/** https://github.com/grpc/proposal/blob/master/A6-client-retries.md */
export interface RetryPolicyOptions {
  /** How often a call is sent again, 1 to 4. Default: 3. */
  readonly maxRetries?: number;
  /** The delay before the first retry, ±20 %. Default: 100. */
  readonly backoffBaseMs?: number;
  /** The most that a delay grows to, ±20 %. Default: 1_000. */
  readonly maxBackoffMs?: number;
  /** How much longer each delay is than the one before. Default: 2. */
  readonly backoffMultiplier?: number;
  /** The codes after which a call is sent again. Default: UNAVAILABLE. */
  readonly codes?: readonly status[];
}

export interface RetryOptions extends RetryPolicyOptions {
  /**
   * Stops retries while most calls to a target fail: each failure takes a token of `maxTokens`, each
   * success gives `tokenRatio` back, and there are retries while more than half are left.
   * `false`: retries never stop. grpc-js has one such count for each target of a process. Default: 100
   * and 0.1: with fewer tokens, one lost connection with many calls would use them up.
   */
  readonly throttling?: { readonly maxTokens?: number; readonly tokenRatio?: number } | false;
}

/** Sends copies of a call before the first has failed, for methods that have no side effects. */
export interface HedgingOptions {
  /** How long to wait for a response before the next copy is sent: about the 95th percentile. */
  readonly delayMs: number;
  /** How often a call is sent in all, 2 to 5. Default: 2. */
  readonly maxAttempts?: number;
  /** The codes after which the other copies go on. Default: UNAVAILABLE. */
  readonly nonFatalCodes?: readonly status[];
}

/** What is different for one method. */
export interface MethodOptions<Request = never> {
  /** Instead of the client's default. "none" is for streams of responses alone. */
  readonly timeoutMs?: number | "none";
  /** Whether the method may be sent twice. Default: what its `idempotency_level` says. */
  readonly idempotent?: boolean;
  /** Instead of the client's policy; given for a method, it must be idempotent. */
  readonly retry?: RetryPolicyOptions | false;
  /** Instead of retries. The method must have no side effects. */
  readonly hedging?: HedgingOptions;
  /**
   * The field that tells the server that a request is the same as one before (AIP-155). Where it is
   * empty, each call fills it with a UUID. The method is idempotent by that.
   */
  readonly requestIdField?: StringField<Request>;
}

type StringField<Request> = [Request] extends [never]
  ? string
  : { [Field in keyof Request]-?: Request[Field] extends string ? Field : never }[keyof Request] &
      string;

export interface CircuitBreakerOptions {
  /**
   * How many calls of a method must fail in a row to open its circuit. Calls that fail together, as when
   * their connection is lost, are one. Default: 5.
   */
  readonly threshold?: number;
  /** How long an open circuit refuses calls before one may try. Default: 30_000. */
  readonly timeoutMs?: number;
  /**
   * The codes that count as failures; all others count as success, since the server answered.
   * Default: UNAVAILABLE, DEADLINE_EXCEEDED and INTERNAL.
   */
  readonly codes?: readonly status[];
}

export interface BudgetOptions {
  /** What the call being served keeps of its time, to answer in. Default: 10. */
  readonly reserveMs?: number;
  /** The same as a share of what is left; the larger counts. Default: 0.05. */
  readonly reserveRatio?: number;
  /** Whether a call ends with the call being served that it is made for. Default: true. */
  readonly propagateCancellation?: boolean;
}

export interface ClientObserver {
  /** A call was sent, and ended with a code other than OK; another attempt may follow. */
  onAttemptFailed?(failure: AttemptFailure): void;
  /** A circuit has changed its state. */
  onCircuitChange?(change: CircuitChange): void;
  /** A channel has opened or given up a connection, or replaced one that did not get ready. */
  onConnectionsChange?(change: ConnectionsChange): void;
}

export interface AttemptFailure {
  readonly target: string;
  /** "/examples.ItemService/GetItem". */
  readonly path: string;
  /** 1 for the first. */
  readonly attempt: number;
  readonly code: status;
  readonly details: string;
}

export interface CircuitChange {
  readonly target: string;
  readonly path: string;
  readonly from: CircuitState;
  readonly to: CircuitState;
}

export interface ConnectionsChange {
  readonly target: string;
  /** How many there are now. */
  readonly connections: number;
  readonly reason: "busy" | "idle" | "unresponsive" | "reconfigured" | "closed";
}
