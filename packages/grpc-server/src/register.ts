import type { ServiceDefinition, UntypedServiceImplementation } from "@grpc/grpc-js";
import { type DeadlineOptions, deadlineOf } from "./deadlines.ts";
import type { Handlers } from "./handlers.ts";
import { type HandOver, type Route, withHandOver } from "./route.ts";
import { TypicalLatency } from "./typical-latency.ts";

/** What grpc-js and the take-over each need to serve a service. */
export interface Registration {
  readonly definition: ServiceDefinition;
  readonly implementation: UntypedServiceImplementation;
  readonly routes: readonly Route[];
}

/** What the routes of a server have in common. */
export interface RouteRules extends Pick<Route, "onError" | "errorToStatus"> {
  readonly deadlines: DeadlineOptions;
  readonly exemptMethods: readonly string[];
  readonly longLivedMethods: readonly string[];
}

/**
 * Checks that `handlers` are the handlers of `service`, no less and no more. Throws a TypeError that
 * names the method otherwise.
 */
export function registerHandlers<Definition extends ServiceDefinition>(
  service: Definition,
  handlers: Handlers<Definition>,
  rules: RouteRules,
): Registration {
  const given = handlers as Readonly<Record<string, unknown>>;
  const unknown = Object.keys(given).find(
    (name) => typeof given[name] === "function" && !(name in service),
  );
  if (unknown !== undefined) {
    throw new TypeError(`handlers must be methods of the service, got "${unknown}"`);
  }
  const definition: Record<string, ServiceDefinition[string]> = {};
  const implementation: UntypedServiceImplementation = {};
  const routes = Object.entries(service).map(([name, method]): Route => {
    const handler = given[name];
    if (typeof handler !== "function") {
      throw new TypeError(
        `handlers must have a function "${name}" for ${method.path}, got ${typeof handler}`,
      );
    }
    const handOver: HandOver = { bytes: undefined };
    definition[name] = withHandOver(method, handOver);
    implementation[name] = unreachable;
    const { path, requestStream, responseStream, responseSerialize } = method;
    const isStream = requestStream || responseStream;
    return {
      path,
      service: path.slice(1, path.lastIndexOf("/")),
      requestStream,
      responseStream,
      handle: handler.bind(handlers),
      serialize: responseSerialize,
      handOver,
      onError: rules.onError,
      errorToStatus: rules.errorToStatus,
      deadline: deadlineOf(path, isStream, rules.deadlines),
      latency: isStream ? undefined : new TypicalLatency(),
      isExempt: rules.exemptMethods.includes(path),
      isLongLived: rules.longLivedMethods.includes(path),
    };
  });
  return { definition, implementation, routes };
}

// grpc-js wants a handler of its own kind for each method; the take-over never lets it be called.
function unreachable(): never {
  throw new Error("the handler of grpc-js was called");
}
