import { type Metadata, type ServerInterceptingCallInterface, status } from "@grpc/grpc-js";
import { runInCall } from "@grpc-kit/grpc-context";
import { errorToStatus, isStatusError, StatusError, toSafeMetadata } from "@grpc-kit/grpc-status";
import { HandlerContext } from "./call-context.ts";
import { Connection } from "./connection.ts";
import { RequestStream } from "./request-stream.ts";
import { ResponseWindow } from "./response-window.ts";
import type { Route } from "./route.ts";

type CallListener = Parameters<ServerInterceptingCallInterface["start"]>[0];
type CallStatus = Parameters<ServerInterceptingCallInterface["sendStatus"]>[0];
type Responses = AsyncIterator<unknown> | Iterator<unknown>;

// The longest delay that setTimeout takes.
const maxTimerMs = 2 ** 31 - 1;

/**
 * One call from its headers to its status: listens to grpc-js, runs the handler and sends what it
 * gives. The first of status, error and cancellation decides; what comes later changes nothing.
 */
export class CallRun implements CallListener {
  readonly #call: ServerInterceptingCallInterface;
  readonly #route: Route;
  readonly #connection: Connection;
  readonly #window: ResponseWindow<unknown>;
  #context: HandlerContext | undefined;
  #request: { readonly message: unknown } | undefined;
  #requests: RequestStream<unknown> | undefined;
  #responses: Responses | undefined;
  #deadlineTimer: NodeJS.Timeout | undefined;
  #ended = false;
  #cancellation: StatusError | undefined;

  constructor(
    call: ServerInterceptingCallInterface,
    route: Route,
    connection: Connection = new Connection(),
  ) {
    this.#call = call;
    this.#route = route;
    this.#connection = connection;
    this.#window = new ResponseWindow(call, route.encoded);
  }

  onReceiveMetadata(metadata: Metadata): void {
    const { path, requestStream, onError } = this.#route;
    this.#context = new HandlerContext(path, metadata, this.#call, onError);
    if (requestStream) {
      this.#requests = new RequestStream(this.#call, this.#connection);
      this.#run(this.#requests, this.#context);
    } else {
      this.#call.startRead();
    }
  }

  onReceiveMessage(message: unknown): void {
    if (this.#requests !== undefined) {
      this.#requests.push(message);
    } else if (this.#request === undefined) {
      this.#request = { message };
      this.#call.startRead();
    } else {
      this.#refuse("received a second request message");
    }
  }

  onReceiveHalfClose(): void {
    if (this.#requests !== undefined) {
      void this.#requests.halfClose();
    } else if (this.#request === undefined || this.#context === undefined) {
      this.#refuse("received no request message");
    } else {
      this.#run(this.#request.message, this.#context);
    }
  }

  // grpc-js calls this at the end of every call, of one that succeeded as well.
  onCancel(): void {
    // Timers may be a millisecond early.
    const isLate = this.#context !== undefined && this.#context.timeRemaining() <= 1;
    this.#cancel(isLate ? status.DEADLINE_EXCEEDED : status.CANCELLED);
  }

  // https://github.com/grpc/grpc/blob/master/doc/statuscodes.md: a wrong number of messages
  #refuse(details: string): void {
    if (!this.#ended) {
      this.#end({ code: status.UNIMPLEMENTED, details });
    }
  }

  #run(request: unknown, context: HandlerContext): void {
    if (this.#ended) {
      return;
    }
    runInCall(context, () => {
      void (this.#route.responseStream
        ? this.#sendAll(request, context)
        : this.#sendOne(request, context));
    });
  }

  async #sendOne(request: unknown, context: HandlerContext): Promise<void> {
    try {
      const message = await this.#route.handle(request, context);
      if (!this.#ended) {
        this.#send(message, context);
        await this.#succeed(context);
      }
    } catch (error) {
      await this.#fail(error, context);
    }
  }

  async #sendAll(request: unknown, context: HandlerContext): Promise<void> {
    try {
      this.#startDeadlineTimer(context);
      const responses = iterate(this.#route.handle(request, context), this.#route.path);
      this.#responses = responses;
      while (!this.#ended) {
        const next = await responses.next();
        if (this.#ended) {
          return;
        }
        if (next.done === true) {
          return await this.#succeed(context);
        }
        this.#send(next.value, context);
        if (!this.#window.isOpen) {
          await this.#window.room();
        }
      }
    } catch (error) {
      await this.#fail(error, context);
    }
  }

  #send(message: unknown, context: HandlerContext): void {
    if (context.headers !== undefined) {
      this.#call.sendMetadata(this.#safe(context.headers, context));
      context.headers = undefined;
    }
    this.#window.send(message);
  }

  async #succeed(context: HandlerContext): Promise<void> {
    if (this.#window.isHeld) {
      await this.#window.room();
    }
    if (!this.#ended) {
      const { trailers } = context;
      const metadata = trailers === undefined ? null : this.#safe(trailers, context);
      this.#end({ code: status.OK, details: "", metadata });
    }
  }

  async #fail(error: unknown, context: HandlerContext): Promise<void> {
    if (this.#ended) {
      this.#reportLate(error, context);
      return;
    }
    if (!isStatusError(error)) {
      this.#report(error, context);
    }
    this.#stopResponses(context);
    if (this.#window.isHeld) {
      await this.#window.room();
    }
    if (!this.#ended) {
      this.#end(errorToStatus(error, context.trailers));
    }
  }

  #end(callStatus: CallStatus): void {
    this.#ended = true;
    clearTimeout(this.#deadlineTimer);
    if (this.#requests?.isOpen) {
      this.#requests.fail(new StatusError(status.CANCELLED, "the call has ended"));
    }
    this.#call.sendStatus(callStatus);
  }

  #cancel(code: status.CANCELLED | status.DEADLINE_EXCEEDED): void {
    if (this.#ended) {
      return;
    }
    this.#ended = true;
    clearTimeout(this.#deadlineTimer);
    const isLate = code === status.DEADLINE_EXCEEDED;
    const details = isLate ? "deadline exceeded" : "the caller cancelled the call";
    this.#cancellation = new StatusError(code, details);
    this.#context?.abort(this.#cancellation);
    this.#requests?.fail(this.#cancellation);
    this.#stopResponses(this.#context);
  }

  /**
   * grpc-js watches the deadline too, but once messages are under way it tells of it only when the
   * caller has read them all.
   */
  #startDeadlineTimer({ deadline }: HandlerContext): void {
    const remainingMs = deadline - Date.now();
    if (remainingMs <= maxTimerMs) {
      this.#deadlineTimer = setTimeout(() => {
        this.#cancel(status.DEADLINE_EXCEEDED);
        this.#call.sendStatus({ code: status.DEADLINE_EXCEEDED, details: "deadline exceeded" });
      }, remainingMs);
    }
  }

  /** Lets a generator run its `finally`. One that waits for something does so when that is over. */
  #stopResponses(context: HandlerContext | undefined): void {
    const responses = this.#responses;
    if (responses?.return === undefined || context === undefined) {
      return;
    }
    runInCall(context, async () => {
      try {
        await responses.return?.();
      } catch (error) {
        this.#reportLate(error, context);
      }
    });
  }

  #safe(metadata: Metadata, context: HandlerContext): Metadata {
    const safe = toSafeMetadata(metadata);
    if (safe.dropped.length > 0) {
      const keys = safe.dropped.join(", ");
      this.#report(
        new RangeError(`metadata must not be more than 8 KiB, dropped ${keys}`),
        context,
      );
    }
    return safe.metadata;
  }

  #reportLate(error: unknown, context: HandlerContext): void {
    if (error !== this.#cancellation && !isAbortError(error)) {
      this.#report(error, context);
    }
  }

  #report(error: unknown, context: HandlerContext): void {
    this.#route.onError(error, context);
  }
}

function isAbortError(error: unknown): boolean {
  try {
    return error instanceof Error && error.name === "AbortError";
  } catch {
    // A proxy may throw at any question.
    return false;
  }
}

function iterate(responses: unknown, path: string): Responses {
  const iterable = responses as Partial<AsyncIterable<unknown> & Iterable<unknown>> | undefined;
  const iterator = iterable?.[Symbol.asyncIterator]?.() ?? iterable?.[Symbol.iterator]?.();
  if (iterator === undefined) {
    throw new TypeError(`handler of ${path} must return an iterable, got ${typeof responses}`);
  }
  return iterator;
}
