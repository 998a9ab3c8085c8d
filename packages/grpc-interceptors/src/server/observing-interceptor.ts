import type { ServerInterceptor } from "@grpc/grpc-js";
import type { ServerHook } from "./call-hook.ts";
import type { CallObserver } from "./call-observer.ts";
import { serverInterceptor } from "./server-interceptor.ts";

/** An interceptor, and what tells it of the calls that interceptors do not see. */
export type ObservingInterceptor = ServerInterceptor & {
  /** For `createGrpcServer({ observers })` of grpc-server. */
  readonly observer: CallObserver;
};

/** An interceptor that runs `hook` in each call, and carries `observer`. */
export function observingInterceptor(
  hook: ServerHook,
  observer: CallObserver,
): ObservingInterceptor {
  return Object.assign(serverInterceptor(hook), { observer });
}
