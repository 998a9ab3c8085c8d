import { AsyncLocalStorage, AsyncResource } from "node:async_hooks";
import type { Metadata } from "@grpc/grpc-js";
import type { CallValues } from "./call-values.ts";

/** The call that this server is serving. */
export interface ServedCall extends CallValues {
  /** The full name of the method: "/examples.ItemService/GetItem". */
  readonly path: string;
  /** What the caller sent with the call. */
  readonly metadata: Metadata;
  /** When the caller stops waiting, in epoch milliseconds; Infinity if it never does. */
  readonly deadline: number;
  /** Aborts when the caller cancels or the deadline passes; never after the call has succeeded. */
  readonly signal: AbortSignal;
}

const storageKey: unique symbol = Symbol.for("grpc-kit.served-call");

// On globalThis, so that a server and a client with a copy of this package each see the same call.
function storage(): AsyncLocalStorage<ServedCall> {
  const globals = globalThis as { [storageKey]?: AsyncLocalStorage<ServedCall> };
  globals[storageKey] ??= new AsyncLocalStorage();
  return globals[storageKey];
}

/**
 * The call that the running code serves, or undefined outside of any. It follows `await`, timers
 * and async generators: https://nodejs.org/api/async_context.html
 */
export function currentCall(): ServedCall | undefined {
  return storage().getStore();
}

/**
 * Runs `work`, and all that it starts, as part of `call`. For servers.
 *
 * `AsyncLocalStorage.run` does the same, but copies the whole context a second time to go back to it.
 */
export function runInCall<Result>(call: ServedCall, work: () => Result): Result {
  const scope = new AsyncResource("grpc-kit.call", { requireManualDestroy: true });
  return scope.runInAsyncScope(enter<Result>, undefined, call, work);
}

function enter<Result>(call: ServedCall, work: () => Result): Result {
  storage().enterWith(call);
  return work();
}
