import {
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
} from "@grpc/grpc-js";
import { CallRun } from "./call-run.ts";
import type { Connections } from "./connection.ts";
import type { Route } from "./route.ts";

/**
 * The interceptor nearest to the handlers: it runs them itself and never lets grpc-js's own stream
 * objects come to be. Calls to methods that are not in `routes` pass through.
 */
export function takeOver(
  routes: ReadonlyMap<string, Route>,
  connections: Connections,
): ServerInterceptor {
  return (method, call) => {
    const route = routes.get(method.path);
    return route === undefined
      ? new ServerInterceptingCall(call)
      : new TakenOverCall(call, new CallRun(call, route, connections.current()));
  };
}

class TakenOverCall extends ServerInterceptingCall {
  readonly #call: ServerInterceptingCallInterface;
  readonly #run: CallRun;

  constructor(call: ServerInterceptingCallInterface, run: CallRun) {
    super(call);
    this.#call = call;
    this.#run = run;
  }

  // The listener that grpc-js brings would start its own handling of the call.
  override start(): void {
    this.#call.start(this.#run);
  }
}
