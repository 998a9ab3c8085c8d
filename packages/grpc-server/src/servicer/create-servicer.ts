import { inspect } from "node:util";
import type { MethodDefinition, ServiceDefinition } from "@grpc/grpc-js";
import type { AwilixContainer } from "awilix";
import type { CallContext } from "../call-context.ts";
import type { Handlers } from "../handlers.ts";
import { type CallScope, type OnDisposeError, openCallScope } from "./call-scope.ts";
import type { ScopedContext, ScopedHandlers } from "./scoped-handlers.ts";
import { scopeResponses } from "./scoped-responses.ts";

export interface ServicerOptions {
  /**
   * Called with what a disposer throws, which changes nothing for the caller. Default: writes to
   * stderr.
   */
  readonly onDisposeError?: OnDisposeError;
}

type AnyHandler<Cradle extends object> = (
  request: unknown,
  context: ScopedContext<Cradle>,
) => unknown;

type ScopeOf<Cradle extends object> = (context: CallContext) => CallScope<Cradle>;

/**
 * Makes the handlers of `service` that `addService` takes from ones that resolve what they need,
 * use cases for instance, from an awilix scope of their own call.
 *
 * The scope is disposed of once, however the call ends: when the handler has settled, or its
 * iterator has finished. The call's status waits for it.
 */
export function createServicer<Definition extends ServiceDefinition, Cradle extends object>(
  container: AwilixContainer<Cradle>,
  service: Definition,
  handlers: ScopedHandlers<Definition, Cradle>,
  { onDisposeError = writeToStderr }: ServicerOptions = {},
): Handlers<Definition> {
  if (typeof onDisposeError !== "function") {
    throw new TypeError(`onDisposeError must be a function, got ${inspect(onDisposeError)}`);
  }
  const report = guard(onDisposeError);
  const scopeOf: ScopeOf<Cradle> = (context) => openCallScope(container, context, report);
  const given = handlers as Readonly<Record<string, unknown>>;
  // What is missing or too many is left as it is, for `addService` to refuse.
  const scoped: Record<string, unknown> = { ...given };
  for (const [name, method] of Object.entries(service)) {
    const handler = given[name];
    scoped[name] =
      typeof handler === "function"
        ? withScope(method, handler.bind(handlers) as AnyHandler<Cradle>, scopeOf)
        : handler;
  }
  return scoped as Handlers<Definition>;
}

function withScope<Cradle extends object>(
  { responseStream }: Pick<MethodDefinition<unknown, unknown>, "responseStream">,
  handler: AnyHandler<Cradle>,
  scopeOf: ScopeOf<Cradle>,
): (request: unknown, context: CallContext) => unknown {
  if (responseStream) {
    return (request, context) =>
      scopeResponses(
        () => scopeOf(context),
        (scopedContext) => handler(request, scopedContext),
      );
  }
  return async (request, context) => {
    const scope = scopeOf(context);
    try {
      return await handler(request, scope.context);
    } finally {
      await scope.close();
    }
  };
}

// The call has its result, and whatever is thrown here would take its place.
function guard(onDisposeError: OnDisposeError): OnDisposeError {
  return (error, context) => {
    const report = async (): Promise<void> => onDisposeError(error, context);
    report().catch((thrown: unknown) => {
      writeToStderr(error, context);
      writeToStderr(thrown, context);
    });
  };
}

function writeToStderr(error: unknown, { path }: CallContext): void {
  process.stderr.write(`${path}: ${inspect(error)}\n`);
}
