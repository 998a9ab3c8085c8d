/** What a client is told by its environment. */
export interface GrpcClientSettings {
  /** Milliseconds that a call with one response may take. Default: 30_000. */
  readonly defaultTimeoutMs: number;
  /** How often a call of an idempotent method is sent again, 0 to 4. Default: 3. */
  readonly maxRetries: number;
  /** Milliseconds before the first retry. Default: 100. */
  readonly retryBackoffBaseMs: number;
  /** How many calls of a method must fail in a row to open its circuit. Default: 5. */
  readonly circuitBreakerThreshold: number;
  /** Milliseconds that an open circuit refuses calls before one may try. Default: 30_000. */
  readonly circuitBreakerTimeoutMs: number;
}
