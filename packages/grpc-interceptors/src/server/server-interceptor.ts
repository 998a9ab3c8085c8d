import type { ServerInterceptor } from "@grpc/grpc-js";
import { type Method, toMethod } from "../method.ts";
import type { ServerHook } from "./call-hook.ts";
import { HookedCall } from "./hooked-call.ts";

const hooksKey = Symbol.for("grpc-kit.server-hooks");

type HookedInterceptor = ServerInterceptor & { readonly [hooksKey]?: readonly ServerHook[] };

/**
 * One interceptor for grpc-js that runs these hooks, outermost first. Each interceptor costs a call two
 * objects and a function call for each of its events, so one that runs many hooks is worth having.
 */
export function serverInterceptor(...hooks: readonly ServerHook[]): ServerInterceptor {
  const methods = new Map<string, Method>();
  const interceptor: ServerInterceptor = (definition, call) => {
    let method = methods.get(definition.path);
    if (method === undefined) {
      method = toMethod(definition);
      methods.set(definition.path, method);
    }
    return new HookedCall(call, method, hooks);
  };
  return Object.defineProperty(interceptor, hooksKey, { value: hooks });
}

/** The hooks of an interceptor of this package; undefined if it is another's. */
export function hooksOf(interceptor: ServerInterceptor): readonly ServerHook[] | undefined {
  return (interceptor as HookedInterceptor)[hooksKey];
}

/** The same interceptors in the same order, with neighbours of this package made into one. */
export function fuse(interceptors: readonly ServerInterceptor[]): ServerInterceptor[] {
  const fused: ServerInterceptor[] = [];
  for (const interceptor of interceptors) {
    const [hooks, latest] = [hooksOf(interceptor), fused.at(-1)];
    const before = latest === undefined ? undefined : hooksOf(latest);
    if (hooks !== undefined && before !== undefined) {
      fused[fused.length - 1] = serverInterceptor(...before, ...hooks);
    } else {
      fused.push(interceptor);
    }
  }
  return fused;
}
