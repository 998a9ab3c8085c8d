import {
  InterceptingCall,
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
  /** The call is over. Called once. */
  onEnd?(outcome: ClientOutcome): void;
}

/** Looks at a call before it is sent. Undefined: nothing more to do in this call. Must not throw. */
export type ClientHook = (call: StartedCall) => ClientCallHook | undefined;

/** An interceptor that watches calls and adds to their metadata, for all four kinds of call. */
export function clientInterceptor(hook: ClientHook): Interceptor {
  const methods = new Map<string, Method>();
  return (options, nextCall) => {
    const { method_definition: definition } = options;
    let method = methods.get(definition.path);
    if (method === undefined) {
      method = toMethod(definition);
      methods.set(definition.path, method);
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
  let [messagesSent, messagesReceived] = [0, 0];
  return new InterceptingCall(nextCall(options), {
    start(callers, listener, next) {
      const startedAt = performance.now();
      // The caller may use the same metadata for many calls.
      const metadata = callers.clone();
      const entered = hook({ method, metadata, options, startedAt });
      if (entered === undefined) {
        next(metadata, listener);
        return;
      }
      const onEnd = ({ code, details, metadata: trailers }: StatusObject): void => {
        const endedAt = performance.now();
        const durationMs = endedAt - startedAt;
        const counts = { messagesSent, messagesReceived };
        try {
          entered.onEnd?.({ code, details, trailers, endedAt, durationMs, ...counts });
        } catch (error) {
          reportToStderr(`an interceptor has thrown at the end of ${method.path}`, error);
        }
      };
      const send = (): void =>
        next(metadata, {
          onReceiveMetadata: (headers, proceed) => proceed(headers),
          onReceiveMessage(message, proceed) {
            messagesReceived += 1;
            proceed(message);
          },
          onReceiveStatus(received, proceed) {
            onEnd(received);
            proceed(received);
          },
        });
      if (entered.run === undefined) {
        send();
      } else {
        entered.run(send);
      }
    },
    sendMessage(message, next) {
      messagesSent += 1;
      next(message);
    },
  });
}
