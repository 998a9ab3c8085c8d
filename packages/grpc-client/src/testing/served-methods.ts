import type { ServiceDefinition } from "@grpc/grpc-js";
import { type CallControls, createCallDesk } from "./call-controls.ts";
import type { Handlers } from "./handlers.ts";
import { type ServedMethod, serveCall } from "./serve-call.ts";
import type { ServerWire, ServerWireListener } from "./server-wire.ts";

/** Methods with their handlers, for a server or what stands in for one. */
export interface ServedMethods {
  readonly controls: CallControls;
  /** Throws a TypeError for a handler of no method of the service. */
  add<Definition extends ServiceDefinition>(
    definition: Definition,
    handlers: Handlers<Definition>,
  ): void;
  /** Takes a call of a method that was added. */
  serve(path: string, wire: ServerWire): ServerWireListener;
}

export function createServedMethods(): ServedMethods {
  const desk = createCallDesk();
  const methods = new Map<string, ServedMethod>();
  return {
    controls: desk.controls,
    add(definition, handlers) {
      for (const method of servedMethods(definition, handlers)) {
        methods.set(method.definition.path, method);
      }
    },
    serve: (path, wire) => serveCall(wire, methods.get(path) as ServedMethod, desk),
  };
}

function servedMethods(definition: ServiceDefinition, handlers: object): readonly ServedMethod[] {
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
