import type { MethodDefinition, ServiceDefinition } from "@grpc/grpc-js";
import type { CallContext, Handlers } from "./handlers.ts";

/** One method and who handles it. */
export interface ServedMethod {
  /** The name in the service definition: "getItem". */
  readonly name: string;
  readonly definition: MethodDefinition<unknown, unknown>;
  /** Undefined: nobody does. Asked at each call, since a test may exchange it. */
  handler(): ((request: unknown, context: CallContext) => unknown) | undefined;
}

/**
 * The methods of a service and their handlers. Throws a TypeError for a handler of no method of it.
 */
export function servedMethods<Definition extends ServiceDefinition>(
  definition: Definition,
  handlers: Handlers<Definition>,
): ServedMethod[] {
  const given = handlers as Readonly<Record<string, unknown>>;
  for (const name of Object.keys(given)) {
    if (typeof given[name] === "function" && !(name in definition)) {
      const known = Object.keys(definition).join(", ");
      throw new TypeError(`handlers must be of the methods ${known}, got ${name}`);
    }
  }
  return Object.entries(definition).map(([name, method]) => ({
    name,
    definition: method,
    handler: () => {
      const handler = given[name];
      return typeof handler === "function" ? handler.bind(handlers) : undefined;
    },
  }));
}
