import { ServerInterceptingCall, type ServerInterceptor } from "@grpc/grpc-js";
import { type Method, toMethod } from "../method.ts";
import type { ServerHook } from "./call-hook.ts";
import { hooksOf, serverInterceptor } from "./server-interceptor.ts";

/** Whether something holds for a method. Asked once for each. */
export type MethodMatch = (method: Method) => boolean;

/**
 * The methods that one of the patterns names: "/examples.ItemService/GetItem" exactly,
 * "/examples.ItemService/*" for a service, "/*" for all. Throws a TypeError for any other pattern.
 */
export function methods(...patterns: readonly string[]): MethodMatch {
  for (const pattern of patterns) {
    if (!/^\/(?:\*|[\w.]+\/(?:\*|\w+))$/.test(pattern)) {
      throw new TypeError(
        `patterns must be like "/package.Service/Method", "/package.Service/*" or "/*", got "${pattern}"`,
      );
    }
  }
  const named = new Set(patterns);
  return ({ path, service }) => named.has(path) || named.has(`/${service}/*`) || named.has("/*");
}

/** All methods but these: `not(health)`. */
export function not(match: MethodMatch): MethodMatch {
  return (method) => !match(method);
}

/** The methods of the health protocol, which callers without credentials use: a kubelet has none. */
export const health: MethodMatch = ({ service }) => service === "grpc.health.v1.Health";

/** The methods of server reflection. */
export const reflection: MethodMatch = ({ service }) =>
  service === "grpc.reflection.v1.ServerReflection" ||
  service === "grpc.reflection.v1alpha.ServerReflection";

/** The interceptor for the methods that match; calls of others pass it by. Takes any interceptor. */
export function select(interceptor: ServerInterceptor, match: MethodMatch): ServerInterceptor {
  const matches = new Map<string, boolean>();
  const decide = (method: Method): boolean => {
    const isMatch = match(method);
    matches.set(method.path, isMatch);
    return isMatch;
  };
  const hooks = hooksOf(interceptor);
  if (hooks === undefined) {
    return (definition, call) =>
      (matches.get(definition.path) ?? decide(toMethod(definition)))
        ? interceptor(definition, call)
        : new ServerInterceptingCall(call);
  }
  const selected = hooks.map((hook): ServerHook => {
    return (call) =>
      (matches.get(call.method.path) ?? decide(call.method)) ? hook(call) : undefined;
  });
  return serverInterceptor(...selected);
}
