import { ServerInterceptingCall, type ServerInterceptor } from "@grpc/grpc-js";
import { type Method, toMethod } from "../method.ts";
import type { MethodMatch } from "../method-match.ts";
import type { ServerHook } from "./call-hook.ts";
import { hooksOf, serverInterceptor } from "./server-interceptor.ts";

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
