import { type ContextKey, identityKey, loggerKey, requestIdKey } from "@grpc-kit/grpc-context";
import { type AwilixContainer, asValue } from "awilix";
import type { CallContext } from "../call-context.ts";
import type { CallCradle, ScopedContext } from "./scoped-handlers.ts";

/** A scope of the container for one call. */
export interface CallScope<Cradle extends object> {
  readonly context: ScopedContext<Cradle>;
  /** Disposes of the scope, once. Never rejects. */
  close(): Promise<void>;
}

export type OnDisposeError = (error: unknown, context: CallContext) => void;

/** Opens a scope that has the values of the call. `onDisposeError` must not throw. */
export function openCallScope<Cradle extends object>(
  container: AwilixContainer<Cradle>,
  context: CallContext,
  onDisposeError: OnDisposeError,
): CallScope<Cradle> {
  const scope = container.createScope();
  scope.register("callContext", asValue(context));
  for (const [name, key] of valueKeys) {
    const value = context.get(key);
    if (value !== undefined) {
      scope.register(name, asValue(value));
    } else if (!scope.hasRegistration(name)) {
      scope.register(name, unset);
    }
  }

  let closed: Promise<void> | undefined;
  function resolve<Name extends keyof Cradle>(name: Name): Cradle[Name] {
    if (closed !== undefined) {
      // Nothing would dispose of it.
      throw new Error(`${String(name)} must be resolved before ${context.path} has ended`);
    }
    return scope.resolve(name);
  }
  return {
    // Not another object: a context has private state, and methods that need it as their `this`.
    context: Object.assign(context, { resolve }),
    close() {
      closed ??= scope.dispose().catch((error: unknown) => onDisposeError(error, context));
      return closed;
    },
  };
}

const valueKeys: readonly (readonly [keyof CallCradle, ContextKey<unknown>])[] = [
  ["logger", loggerKey],
  ["identity", identityKey],
  ["requestId", requestIdKey],
];

const unset = asValue(undefined);
