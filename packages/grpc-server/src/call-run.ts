import { Metadata, type ServerInterceptingCallInterface, status } from "@grpc/grpc-js";
import { runInCall } from "@grpc-kit/grpc-context";
import { isAbortError, StatusError, type WireStatus } from "@grpc-kit/grpc-status";
import { HandlerContext } from "./call-context.ts";
import { RequestStream } from "./request-stream.ts";
import { ResponseWindow } from "./response-window.ts";
import { iterate, type Responses } from "./responses.ts";
import type { Route } from "./route.ts";
import { traceIdOf } from "./trace-id.ts";
import type { CallListener, CallStatus, WireCall } from "./wire-call.ts";
import type { WireOwner } from "./wire-owner.ts";

/**
 * One call from its headers to its status. The first of status, error and cancellation decides, and nothing later.
 */
export class CallRun implements CallListener, WireOwner {
  readonly #call: ServerInterceptingCallInterface;
  readonly #wire: WireCall;
  readonly #route: Route;
  readonly #window: ResponseWindow;
  #context: HandlerContext | undefined;
  #request: { readonly message: unknown } | undefined;
  #requests: RequestStream<unknown> | undefined;
  #responses: Responses | undefined;
  #cancellation: StatusError | undefined;
  /** How much of the handler still runs: itself, and its `return`. */
  #underWay = 0;
  #isStarted = false;
  #isBroken = false;
  #isEnded = false;

  /** `call` is this end of the chain of interceptors, `wire` the other one. */
  constructor(call: ServerInterceptingCallInterface, wire: WireCall) {
    this.#call = call;
    this.#wire = wire;
    this.#route = wire.route;
    this.#window = new ResponseWindow(call, wire);
    wire.own(this);
  }

  onReceiveMetadata(metadata: Metadata): void {
    this.#context ??= new HandlerContext(this.#wire, metadata);
    if (!this.#route.requestStream) {
      this.#call.startRead();
    } else if (this.#requests === undefined) {
      this.#requests = new RequestStream(this.#call, this.#wire.open.connection);
      this.#run(this.#requests, this.#context);
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
    if (this.#isEnded) {
      return;
    }
    // Timers may be a millisecond early.
    const isLate = this.#wire.deadline - Date.now() <= 1;
    const reason = isLate
      ? new StatusError(status.DEADLINE_EXCEEDED, "deadline exceeded")
      : new StatusError(status.CANCELLED, "the call was cancelled");
    this.#cancel(reason);
  }

  onCut(reason: StatusError): void {
    if (!this.#isEnded) {
      this.#cancel(reason);
      this.#endWith(reason);
    }
  }

  onSendFailure(error: unknown): void {
    this.#window.giveUp();
    void this.#fail(error);
  }

  onBroken(error: unknown): void {
    if (this.#isEnded) {
      this.#report(error);
      return;
    }
    this.#isBroken = true;
    this.#context?.abort(new StatusError(status.CANCELLED, "the call has ended"));
    this.#stopResponses();
    // What an interceptor throws is not meant for the caller, whatever it is.
    this.#endWith(error, this.#statusOf(undefined));
  }

  onDropped(keys: readonly string[]): void {
    const text = `metadata must be of legal keys and values and at most 8 KiB, dropped ${keys.join(", ")}`;
    this.#report(new RangeError(text));
  }

  // https://github.com/grpc/grpc/blob/master/doc/statuscodes.md: a wrong number of messages
  #refuse(details: string): void {
    if (!this.#isEnded) {
      this.#endWith(new StatusError(status.UNIMPLEMENTED, details));
    }
  }

  #run(request: unknown, context: HandlerContext): void {
    if (this.#isEnded || this.#isStarted || this.#wire.isEnded) {
      return;
    }
    this.#isStarted = true;
    this.#underWay += 1;
    this.#wire.handlerStarted();
    const send = this.#route.responseStream ? this.#sendAll : this.#sendOne;
    runInCall(context, () => {
      send.call(this, request, context).catch((error: unknown) => this.onBroken(error));
    });
  }

  async #sendOne(request: unknown, context: HandlerContext): Promise<void> {
    const { latency } = this.#route;
    const startedAt = latency === undefined ? 0 : performance.now();
    try {
      const message = await this.#route.handle(request, context);
      if (!this.#isEnded) {
        latency?.add(performance.now() - startedAt);
        this.#send(message, context);
        if (this.#window.isHeld) {
          await this.#window.room();
        }
        this.#succeed(context);
      }
    } catch (error) {
      await this.#fail(error);
    } finally {
      this.#settle();
    }
  }

  async #sendAll(request: unknown, context: HandlerContext): Promise<void> {
    try {
      const responses = iterate(await this.#route.handle(request, context), this.#route.path);
      this.#responses = responses;
      while (!this.#isEnded) {
        const { done, value } = await responses.next();
        if (done === true) {
          if (this.#window.isHeld) {
            await this.#window.room();
          }
          this.#succeed(context);
          return;
        }
        // As `for await` has it; what nobody waits for would end the process if it failed.
        const message = value instanceof Promise ? await value : value;
        if (!this.#isEnded) {
          this.#send(message, context);
        }
        if (!this.#isEnded && !this.#window.isOpen) {
          await this.#window.room();
        }
      }
      this.#stopResponses();
    } catch (error) {
      await this.#fail(error);
    } finally {
      this.#settle();
    }
  }

  #send(message: unknown, context: HandlerContext): void {
    try {
      const headers = context.takeHeaders();
      if (headers !== undefined) {
        this.#call.sendMetadata(headers);
      }
      this.#window.send(message);
    } catch (error) {
      // An interceptor has thrown, and with it grpc-js has lost the way for a status.
      this.#isBroken = true;
      throw error;
    }
  }

  #succeed({ trailers }: HandlerContext): void {
    if (!this.#isEnded) {
      this.#end({ code: status.OK, details: "", metadata: trailers ?? null });
    }
  }

  async #fail(error: unknown): Promise<void> {
    this.#stopResponses();
    if (!this.#isEnded && this.#window.isHeld && !this.#isBroken) {
      await this.#window.room();
    }
    if (this.#isEnded) {
      this.#reportLate(error);
    } else {
      this.#endWith(error);
    }
  }

  #statusOf(error: unknown): WireStatus {
    const { trailers, metadata } = this.#knownContext();
    return this.#route.errorToStatus(error, {
      trailers,
      domain: this.#route.service,
      traceId: traceIdOf(metadata),
      acceptLanguage: metadata.get("accept-language")[0]?.toString(),
    });
  }

  #endWith(error: unknown, callStatus: WireStatus = this.#statusOf(error)): void {
    if (callStatus.errorId !== undefined) {
      this.#report(error, callStatus.errorId);
    }
    this.#end(callStatus);
    if (callStatus.dropped !== undefined) {
      this.onDropped(callStatus.dropped);
    }
  }

  #end(callStatus: CallStatus): void {
    this.#isEnded = true;
    this.#window.giveUp();
    if (this.#requests?.isOpen) {
      this.#requests.fail(new StatusError(status.CANCELLED, "the call has ended"));
    }
    try {
      (this.#isBroken ? this.#wire : this.#call).sendStatus(callStatus);
    } catch (error) {
      this.#report(error);
      this.#wire.sendStatus(callStatus);
    }
  }

  #cancel(reason: StatusError): void {
    this.#isEnded = true;
    this.#cancellation = reason;
    this.#context?.abort(reason);
    this.#requests?.fail(reason);
    this.#window.giveUp();
    this.#stopResponses();
  }

  #settle(): void {
    this.#underWay -= 1;
    if (this.#underWay === 0) {
      this.#wire.handlerSettled();
    }
  }

  /** Lets a generator run its `finally`. One that waits for something does so when that is over. */
  #stopResponses(): void {
    const [responses, context] = [this.#responses, this.#context];
    if (responses === undefined || context === undefined) {
      return;
    }
    this.#responses = undefined;
    this.#underWay += 1;
    runInCall(context, async () => {
      try {
        await responses.return?.();
      } catch (error) {
        this.#reportLate(error);
      } finally {
        this.#settle();
      }
    });
  }

  // A NOT_FOUND that comes too late is no fault: a caller could fill a log with them.
  #reportLate(error: unknown): void {
    if (error !== this.#cancellation && !isAbortError(error) && this.#statusOf(error).errorId) {
      this.#report(error);
    }
  }

  #report(error: unknown, errorId?: string): void {
    this.#route.onError(error, this.#knownContext(), errorId);
  }

  #knownContext(): HandlerContext {
    this.#context ??= new HandlerContext(this.#wire, new Metadata());
    return this.#context;
  }
}
