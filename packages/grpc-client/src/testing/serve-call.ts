import { type Metadata, type MethodDefinition, status } from "@grpc/grpc-js";
import { runInCall } from "@grpc-kit/grpc-context";
import {
  errorToStatus,
  isGrpcCallError,
  StatusError,
  toSafeStatus,
  type WireStatus,
} from "@grpc-kit/grpc-status";
import { createCallContext, type OwnedContext } from "./call-context.ts";
import type { CallDesk, CallRecord } from "./call-controls.ts";
import type { CallContext } from "./handlers.ts";
import { RequestReader } from "./request-reader.ts";
import type { ServerWire, ServerWireListener } from "./server-wire.ts";

/** One method and who handles it. */
export interface ServedMethod {
  /** The name in the service definition: "getItem". */
  readonly name: string;
  readonly definition: MethodDefinition<unknown, unknown>;
  /** Undefined: nobody does. Asked at each call, since a test may exchange it. */
  handler(): ((request: unknown, context: CallContext) => unknown) | undefined;
}

/** Runs the handler of one call, and ends the call as the handler ends. */
export function serveCall(
  wire: ServerWire,
  method: ServedMethod,
  desk: CallDesk,
): ServerWireListener {
  const call = new HandlerCall(wire, method, desk);
  return {
    onReceiveMetadata: (metadata) => void call.run(metadata),
    onReceiveMessage: (bytes) => call.receive(bytes),
    onReceiveHalfClose: () => call.requests.complete(),
    onCancel: () => call.cancel(),
  };
}

const ignore = (): void => {};

class HandlerCall {
  readonly requests: RequestReader;
  readonly #wire: ServerWire;
  readonly #method: ServedMethod;
  readonly #desk: CallDesk;
  readonly #controller = new AbortController();
  #record: CallRecord | undefined;
  #isEnded = false;
  /** Ends what the call waits for, besides its handler. */
  #stopWaiting: (reason: unknown) => void = ignore;

  constructor(wire: ServerWire, method: ServedMethod, desk: CallDesk) {
    this.#wire = wire;
    this.#method = method;
    this.#desk = desk;
    this.requests = new RequestReader(() => wire.startRead());
  }

  receive(bytes: Buffer): void {
    try {
      const request = this.#method.definition.requestDeserialize(bytes);
      this.#record?.requests.push(request);
      this.requests.push(request);
    } catch (error) {
      this.requests.fail(error);
    }
  }

  // grpc-js tells of the end of every call.
  cancel(): void {
    if (this.#isEnded) {
      return;
    }
    // Timers may be a millisecond early.
    const isLate = Number(this.#wire.getDeadline()) - Date.now() <= 1;
    const reason = isLate
      ? new StatusError(status.DEADLINE_EXCEEDED, "deadline exceeded")
      : new StatusError(status.CANCELLED, "the call was cancelled");
    this.#end(reason.code);
    this.#controller.abort(reason);
    this.requests.fail(reason);
    this.#stopWaiting(reason);
  }

  async run(metadata: Metadata): Promise<void> {
    const { name, definition } = this.#method;
    const { record, delayMs, failure } = this.#desk.arrive(name, definition.path, metadata);
    this.#record = record;
    const { signal } = this.#controller;
    const owned = createCallContext(this.#wire, definition.path, metadata, signal);
    try {
      await this.#sleep(delayMs);
      if (failure !== undefined) {
        throw failure;
      }
      await runInCall(owned.context, () => this.#handle(owned));
      this.#sendStatus({ code: status.OK, details: "", metadata: owned.trailers });
    } catch (error) {
      if (error !== signal.reason) {
        record.error = error;
      }
      this.#sendStatus(this.#statusOf(error, owned.trailers));
    }
  }

  async #handle(owned: OwnedContext): Promise<void> {
    const { name, definition } = this.#method;
    const handler = this.#method.handler();
    if (handler === undefined) {
      throw new StatusError(
        status.UNIMPLEMENTED,
        `the test has no handler for ${definition.path}: add one named ${name}`,
      );
    }
    const request = definition.requestStream ? this.requests : await this.#onlyRequest();
    const result = handler(request, owned.context);
    if (!definition.responseStream) {
      await this.#send(await result, owned);
      return;
    }
    // A call that was cancelled throws in `#send`, and the handler's `finally` runs.
    for await (const response of result as AsyncIterable<unknown>) {
      await this.#send(response, owned);
    }
  }

  async #onlyRequest(): Promise<unknown> {
    const { done, value } = await this.requests.read();
    if (done === true) {
      throw new StatusError(status.UNIMPLEMENTED, "received no request message");
    }
    return value;
  }

  #send(response: unknown, { headers }: OwnedContext): Promise<void> {
    this.#controller.signal.throwIfAborted();
    const bytes = this.#method.definition.responseSerialize(response);
    this.#wire.sendMetadata(headers);
    return this.#unlessCancelled((resolve) => this.#wire.sendMessage(bytes, resolve));
  }

  async #sleep(delayMs: number): Promise<void> {
    if (delayMs > 0) {
      let timer: NodeJS.Timeout | undefined;
      const isOver = this.#unlessCancelled((resolve) => {
        timer = setTimeout(resolve, delayMs);
      });
      await isOver.finally(() => clearTimeout(timer));
    }
  }

  // grpc-js calls nobody back once the call is cancelled.
  #unlessCancelled(start: (resolve: () => void) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#stopWaiting = reject;
      start(resolve);
    });
  }

  #statusOf(error: unknown, trailers: Metadata): WireStatus {
    if (isGrpcCallError(error)) {
      // It stands for what a server would have said, and is no failure of a call that it made.
      return toSafeStatus(error.code, error.details, error.metadata);
    }
    const { path } = this.#method.definition;
    return errorToStatus(error, { trailers, domain: path.slice(1, path.lastIndexOf("/")) });
  }

  #sendStatus(callStatus: WireStatus): void {
    if (!this.#isEnded) {
      this.#end(callStatus.code);
      this.requests.fail(new StatusError(status.CANCELLED, "the call has ended"));
      this.#wire.sendStatus(callStatus);
    }
  }

  #end(code: status): void {
    this.#isEnded = true;
    if (this.#record !== undefined) {
      this.#record.code = code;
    }
  }
}
