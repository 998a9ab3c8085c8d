import {
  InterceptingCall,
  type Interceptor,
  type InterceptorOptions,
  type Listener,
  type Metadata,
  type status,
} from "@grpc/grpc-js";
import { type Method, toMethod } from "../method.ts";
import { reportToStderr } from "../report.ts";

/** A call that is about to be sent. */
export interface StartedCall {
  readonly method: Method;
  /** What is sent with the call; hooks may add to it. Made for this call alone. */
  readonly metadata: Metadata;
  readonly options: InterceptorOptions;
  /** As `performance.now()` has it. */
  readonly startedAt: number;
}

/** How a call ended, as its caller sees it. */
export interface ClientOutcome {
  readonly code: status;
  readonly details: string;
  readonly trailers: Metadata;
  /** As `performance.now()` has it. */
  readonly endedAt: number;
  readonly durationMs: number;
  readonly messagesSent: number;
  readonly messagesReceived: number;
}

/** What an interceptor does in one call. All of it is optional, and none of it may throw. */
export interface ClientCallHook {
  /** Runs what sends the call. */
  run?(work: () => void): void;
  /** A message to the server. */
  onSendMessage?(message: unknown): void;
  /** A message from the server. */
  onMessage?(message: unknown): void;
  /** The call is over. Called once. */
  onEnd?(outcome: ClientOutcome): void;
}

type MetadataListener = NonNullable<Listener["onReceiveMetadata"]>;
type MessageListener = NonNullable<Listener["onReceiveMessage"]>;
type StatusListener = NonNullable<Listener["onReceiveStatus"]>;

/** Looks at a call before it is sent. Undefined: nothing more to do in this call. Must not throw. */
export type ClientHook = (call: StartedCall) => ClientCallHook | undefined;

const maxMethods = 1_000;

/** An interceptor that watches calls and adds to their metadata, for all four kinds of call. */
export function clientInterceptor(hook: ClientHook): Interceptor {
  const methods = new Map<string, Method>();
  return (options, nextCall) => {
    const { method_definition: definition } = options;
    let method = methods.get(definition.path);
    if (method === undefined) {
      method = toMethod(definition);
      // A proxy calls whatever it is asked to.
      if (methods.size < maxMethods) {
        methods.set(definition.path, method);
      }
    }
    return watch(options, nextCall, method, hook);
  };
}

function watch(
  options: InterceptorOptions,
  nextCall: Parameters<Interceptor>[1],
  method: Method,
  hook: ClientHook,
): InterceptingCall {
  let watched: WatchedCall | undefined;
  return new InterceptingCall(nextCall(options), {
    start(callers, listener, next) {
      // The caller may use the same metadata for many calls.
      const metadata = callers.clone();
      const call = { method, metadata, options, startedAt: performance.now() };
      const entered = guarded(method, () => hook(call));
      if (entered === undefined) {
        next(metadata, listener);
        return;
      }
      const listening = new WatchedCall(call, entered);
      watched = listening;
      let isSent = false;
      const send = (): void => {
        isSent = true;
        next(metadata, listening);
      };
      if (entered.run === undefined) {
        send();
        return;
      }
      guarded(method, () => entered.run?.(send));
      if (!isSent) {
        send();
      }
    },
    sendMessage(message, next) {
      watched?.onSendMessage(message);
      next(message);
    },
  });
}

/** Counts what comes and goes, and tells a hook of it. */
class WatchedCall implements Listener {
  readonly #call: StartedCall;
  readonly #hook: ClientCallHook;
  #messagesSent = 0;
  #messagesReceived = 0;

  constructor(call: StartedCall, hook: ClientCallHook) {
    this.#call = call;
    this.#hook = hook;
  }

  onSendMessage(message: unknown): void {
    this.#messagesSent += 1;
    if (this.#hook.onSendMessage !== undefined) {
      guarded(this.#call.method, () => this.#hook.onSendMessage?.(message));
    }
  }

  // grpc-js takes a listener whose function has one parameter for one of its own.
  readonly onReceiveMetadata: MetadataListener = (headers, next) => next(headers);

  readonly onReceiveMessage: MessageListener = (message, next) => {
    // grpc-js tells of a null before a status without a message.
    if (message !== null) {
      this.#messagesReceived += 1;
      if (this.#hook.onMessage !== undefined) {
        guarded(this.#call.method, () => this.#hook.onMessage?.(message));
      }
    }
    next(message);
  };

  readonly onReceiveStatus: StatusListener = (received, next) => {
    const { code, details, metadata: trailers } = received;
    const endedAt = performance.now();
    const outcome: ClientOutcome = {
      code,
      details,
      trailers,
      endedAt,
      durationMs: endedAt - this.#call.startedAt,
      messagesSent: this.#messagesSent,
      messagesReceived: this.#messagesReceived,
    };
    guarded(this.#call.method, () => this.#hook.onEnd?.(outcome));
    next(received);
  };
}

/** What watches a call must not break it. */
function guarded<Result>({ path }: Method, work: () => Result): Result | undefined {
  try {
    return work();
  } catch (error) {
    reportToStderr(`an interceptor has thrown in a call of ${path}`, error);
    return undefined;
  }
}
