import type { ServerInterceptor } from "@grpc/grpc-js";
import { reportToStderr } from "../report.ts";
import type { ServerHook } from "./call-hook.ts";
import type { CallObserver } from "./call-observer.ts";
import { serverInterceptor } from "./server-interceptor.ts";

/** An interceptor, and what tells it of the calls that interceptors do not see. */
export type ObservingInterceptor = ServerInterceptor & {
  /** For `createGrpcServer({ observers })` of grpc-server. */
  readonly observer: CallObserver;
};

/**
 * An interceptor that runs `hook` in each call, and carries `observer`. A hook that throws sees no more of
 * its call, which goes on: nobody should be refused because somebody cannot watch.
 */
export function observingInterceptor(
  hook: ServerHook,
  observer: CallObserver,
): ObservingInterceptor {
  const watch: ServerHook = (call) => {
    try {
      return hook(call);
    } catch (error) {
      reportToStderr(`what observes calls has thrown at ${call.method.path}`, error);
      return undefined;
    }
  };
  return Object.assign(serverInterceptor(watch), { observer });
}
