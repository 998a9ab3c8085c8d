import type { ServerInterceptor, ServiceDefinition } from "@grpc/grpc-js";
import { refusePromise } from "../thenable.ts";
import type { CallHook } from "./call-hook.ts";
import { serverInterceptor } from "./server-interceptor.ts";

/** Checks the requests of one method. */
export interface RequestValidator {
  /** Throws, a ValidationError for one, if anything is wrong with the message. */
  validate(message: unknown): void;
}

export interface ValidationOptions {
  /** By path of the method, as `requestValidators` of grpc-mappers makes them. */
  readonly validators: ReadonlyMap<string, RequestValidator>;
  /** The services that are served: each of their methods must have a validator. Default: unsaid. */
  readonly services?: readonly ServiceDefinition[];
}

/**
 * Checks every message from the caller, each one of a stream as well, before anything further inside sees
 * it. The first one that is wrong ends the call: a ValidationError makes INVALID_ARGUMENT with the fields
 * that are wrong, and what else a validator throws is what `errors` makes of it. Messages of a stream
 * that came before were right, and have been passed on.
 */
export function validation({ validators, services = [] }: ValidationOptions): ServerInterceptor {
  const paths = new Set(
    services.flatMap((service) => Object.values(service)).map(({ path }) => path),
  );
  const missing = [...paths].filter((path) => !validators.has(path));
  if (missing.length > 0) {
    throw new TypeError(
      `validators must have one for each method, got none for ${missing.join(", ")}`,
    );
  }
  const unknown = [...validators.keys()].filter((path) => !paths.has(path));
  if (paths.size > 0 && unknown.length > 0) {
    throw new TypeError(
      `validators must be for methods of the services, got ${unknown.join(", ")}`,
    );
  }
  // One for each method, since it keeps nothing of a call.
  const hooks = new Map<string, CallHook>();
  for (const [path, validator] of validators) {
    hooks.set(path, {
      onMessage: (message) =>
        refusePromise(`the validator of ${path}`, validator.validate(message)),
    });
  }
  return serverInterceptor(({ method }) => hooks.get(method.path));
}
