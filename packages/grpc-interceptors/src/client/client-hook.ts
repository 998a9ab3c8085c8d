import {
  InterceptingCall,
  type InterceptingListener,
  type Interceptor,
  type InterceptorOptions,
  type Metadata,
  type StatusObject,
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
    const next = nextCall(options);
    // One object does for all that watch the same call with nobody in between.
    const call = next instanceof WatchedCall ? next : new WatchedCall(next, method);
    return call.watch(hook, options);
  };
}

type NextCall = ReturnType<Parameters<Interceptor>[1]>;
type MessageContext = Parameters<NextCall["sendMessageWithContext"]>[0];
type NextListener = Partial<InterceptingListener>;

/** What one interceptor does in a call. */
interface Watcher {
  readonly look: ClientHook;
  readonly options: InterceptorOptions;
  /** The next one further inside. */
  readonly inner: Watcher | undefined;
  hook: ClientCallHook | undefined;
}

/**
 * Counts what comes and goes, and tells hooks of it. It is its own listener, and hands on at once what it
 * gets: neither grpc-js nor this makes functions or lists for a call, which would cost more than most hooks.
 */
class WatchedCall extends InterceptingCall implements InterceptingListener {
  readonly #next: NextCall;
  readonly #method: Method;
  /** The outermost. */
  #watcher: Watcher | undefined;
  #hasHooks = false;
  #listener: NextListener = {};
  #startedAt = 0;
  #messagesSent = 0;
  #messagesReceived = 0;

  constructor(next: NextCall, method: Method) {
    super(next);
    this.#next = next;
    this.#method = method;
  }

  /** Lets a hook look that is further outside than those before. */
  watch(look: ClientHook, options: InterceptorOptions): this {
    this.#watcher = { look, options, inner: this.#watcher, hook: undefined };
    return this;
  }

  override start(metadata: Metadata, listener: NextListener = {}): void {
    this.#listener = listener;
    this.#startedAt = performance.now();
    // The caller may use the same metadata for many calls.
    this.#enter(this.#watcher, metadata.clone());
  }

  /** Enters the hooks from this one on, and sends the call. */
  #enter(outermost: Watcher | undefined, metadata: Metadata): void {
    for (let watcher = outermost; watcher !== undefined; watcher = watcher.inner) {
      watcher.hook = this.#look(watcher, metadata);
      if (watcher.hook !== undefined) {
        this.#hasHooks = true;
        if (watcher.hook.run !== undefined) {
          this.#run(watcher.hook, watcher.inner, metadata);
          return;
        }
      }
    }
    this.#next.start(metadata, this.#hasHooks ? this : this.#listener);
  }

  #run(hook: ClientCallHook, inner: Watcher | undefined, metadata: Metadata): void {
    let isSent = false;
    const send = (): void => {
      isSent = true;
      this.#enter(inner, metadata);
    };
    try {
      hook.run?.(send);
    } catch (error) {
      this.#report(error);
    }
    if (!isSent) {
      send();
    }
  }

  #look({ look, options }: Watcher, metadata: Metadata): ClientCallHook | undefined {
    try {
      return look({ method: this.#method, metadata, options, startedAt: this.#startedAt });
    } catch (error) {
      this.#report(error);
      return undefined;
    }
  }

  override sendMessageWithContext(context: MessageContext, message: unknown): void {
    this.#messagesSent += 1;
    for (let watcher = this.#watcher; watcher !== undefined; watcher = watcher.inner) {
      try {
        watcher.hook?.onSendMessage?.(message);
      } catch (error) {
        this.#report(error);
      }
    }
    this.#next.sendMessageWithContext(context, message);
  }

  override halfClose(): void {
    this.#next.halfClose();
  }

  override cancelWithStatus(code: status, details: string): void {
    this.#next.cancelWithStatus(code, details);
  }

  // grpc-js takes a listener whose function has one parameter as it is.
  onReceiveMetadata(headers: Metadata): void {
    this.#listener.onReceiveMetadata?.(headers);
  }

  onReceiveMessage(message: unknown): void {
    // grpc-js tells of a null before a status without a message.
    if (message !== null) {
      this.#messagesReceived += 1;
      this.#tellMessage(this.#watcher, message);
    }
    this.#listener.onReceiveMessage?.(message);
  }

  /** The innermost first, as it comes from there. */
  #tellMessage(watcher: Watcher | undefined, message: unknown): void {
    if (watcher !== undefined) {
      this.#tellMessage(watcher.inner, message);
      try {
        watcher.hook?.onMessage?.(message);
      } catch (error) {
        this.#report(error);
      }
    }
  }

  onReceiveStatus(received: StatusObject): void {
    const { code, details, metadata: trailers } = received;
    const endedAt = performance.now();
    this.#tellEnd(this.#watcher, {
      code,
      details,
      trailers,
      endedAt,
      durationMs: endedAt - this.#startedAt,
      messagesSent: this.#messagesSent,
      messagesReceived: this.#messagesReceived,
    });
    this.#listener.onReceiveStatus?.(received);
  }

  #tellEnd(watcher: Watcher | undefined, outcome: ClientOutcome): void {
    if (watcher !== undefined) {
      this.#tellEnd(watcher.inner, outcome);
      try {
        watcher.hook?.onEnd?.(outcome);
      } catch (error) {
        this.#report(error);
      }
    }
  }

  /** What watches a call must not break it. */
  #report(error: unknown): void {
    reportToStderr(`an interceptor has thrown in a call of ${this.#method.path}`, error);
  }
}
