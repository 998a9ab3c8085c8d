import {
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
} from "@grpc/grpc-js";
import { CallRun } from "./call-run.ts";
import type { StreamTracker } from "./open-stream.ts";
import type { Route } from "./route.ts";
import { WireCall, type WireRules } from "./wire-call.ts";

export interface TakeOverOptions {
  /** The methods to take over, by path. Calls to others pass through. */
  readonly routes: ReadonlyMap<string, Route>;
  readonly streams: StreamTracker;
  readonly interceptors: readonly ServerInterceptor[];
  readonly rules: WireRules;
}

/**
 * The chain of interceptors for grpc-js, with one of ours at each end. The one nearest to the handlers
 * runs them itself and never lets grpc-js's own stream objects come to be.
 */
export function takeOver(options: TakeOverOptions): ServerInterceptor[] {
  const { routes, streams, interceptors, rules } = options;
  // grpc-js builds the chain of a call in one go, so the latest wire is that of this call.
  let latestWire: WireCall | undefined;

  const first: ServerInterceptor = (method, call) => {
    const route = routes.get(method.path);
    const open = streams.latest();
    if (route === undefined || open === undefined) {
      latestWire = undefined;
      return new ServerInterceptingCall(call);
    }
    latestWire = new WireCall(call, route, open, rules);
    return latestWire;
  };
  const last: ServerInterceptor = (method, call) => {
    const route = routes.get(method.path);
    if (route === undefined || latestWire === undefined) {
      return new ServerInterceptingCall(call);
    }
    return new TakenOverCall(call, new CallRun(call, latestWire));
  };
  return [first, ...interceptors.map(guard), last];
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
    try {
      this.#call.start(this.#run);
    } catch (error) {
      this.#run.onBroken(error);
    }
  }
}

/** An interceptor that throws must end its call, not the process. */
function guard(interceptor: ServerInterceptor): ServerInterceptor {
  return (method, call) => {
    try {
      return interceptor(method, call);
    } catch (error) {
      return new BrokenCall(call, error);
    }
  };
}

class BrokenCall extends ServerInterceptingCall {
  readonly #error: unknown;

  constructor(call: ServerInterceptingCallInterface, error: unknown) {
    super(call);
    this.#error = error;
  }

  override start(): never {
    throw this.#error;
  }
}
