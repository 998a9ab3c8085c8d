import type { ServerInterceptingCallInterface } from "@grpc/grpc-js";
import type { Connection } from "./connection.ts";

interface Waiting<Request> {
  resolve(result: IteratorResult<Request, undefined>): void;
  reject(reason: unknown): void;
}

const complete: IteratorReturnResult<undefined> = { done: true, value: undefined };
const ignore = (): void => {};

/**
 * The messages that a caller streams, one for each time that the handler asks: what it does not ask
 * for stays in the caller's flow-control window.
 *
 * The iteration ends only when the caller has sent everything. It throws when the call ends before.
 */
export class RequestStream<Request> implements AsyncIterableIterator<Request, undefined> {
  readonly #call: ServerInterceptingCallInterface;
  readonly #connection: Connection;
  readonly #waiting: Waiting<Request>[] = [];
  #arrived: IteratorYieldResult<Request> | undefined;
  #pulling = false;
  #isReading = false;
  #isReadWanted = false;
  #end: typeof complete | Error | undefined;

  constructor(call: ServerInterceptingCallInterface, connection: Connection) {
    this.#call = call;
    this.#connection = connection;
  }

  /** Whether messages may still come. */
  get isOpen(): boolean {
    return this.#end === undefined;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Request, undefined>> {
    if (this.#end === undefined && this.#waiting.length === 0) {
      this.#pulling = true;
      this.#call.startRead();
      this.#pulling = false;
    }
    const arrived = this.#arrived;
    if (arrived === undefined) {
      return this.#wait();
    }
    this.#arrived = undefined;
    return Promise.resolve(arrived);
  }

  /** Called when a handler leaves its loop. The call goes on, and no more of it is read. */
  return(): Promise<IteratorReturnResult<undefined>> {
    this.#complete();
    return Promise.resolve(complete);
  }

  /** Takes a message from the call. */
  push(value: Request): void {
    const result = { done: false, value } as const;
    if (this.#pulling) {
      // grpc-js had it ready and delivers it inside of startRead.
      this.#pulling = false;
      this.#arrived = result;
      return;
    }
    this.#waiting.shift()?.resolve(result);
    this.#readForWaiting();
  }

  // A loop and not a recursion: grpc-js may have thousands of messages ready.
  #readForWaiting(): void {
    this.#isReadWanted = this.#waiting.length > 0;
    if (this.#isReading) {
      return;
    }
    this.#isReading = true;
    while (this.#isReadWanted) {
      this.#isReadWanted = false;
      this.#call.startRead();
    }
    this.#isReading = false;
  }

  /**
   * Takes the end of the messages from the call.
   *
   * It may be a lie: a caller on node:http2 that cancels half-closes first and resets the stream a
   * millisecond later. So it is believed only if no reset has come by the time that the caller has
   * answered a PING. https://github.com/nodejs/node/blob/main/lib/internal/http2/core.js: closeStream
   */
  async halfClose(): Promise<void> {
    await this.#connection.roundTrip();
    // A reset may stand right behind the answer; grpc-js tells of it before the next turn.
    setImmediate(() => this.#complete());
  }

  /** Makes the iteration throw, now and ever after, unless it has ended. */
  fail(reason: Error): void {
    this.#end ??= reason;
    for (const { reject } of this.#waiting.splice(0)) {
      reject(reason);
    }
  }

  #complete(): void {
    this.#end ??= complete;
    for (const { resolve } of this.#waiting.splice(0)) {
      resolve(complete);
    }
  }

  #wait(): Promise<IteratorResult<Request, undefined>> {
    if (this.#end === complete) {
      return Promise.resolve(complete);
    }
    const promise = new Promise<IteratorResult<Request, undefined>>((resolve, reject) => {
      if (this.#end === undefined) {
        this.#waiting.push({ resolve, reject });
      } else {
        reject(this.#end);
      }
    });
    // A handler that asks and goes on without the answer must not end the process.
    promise.catch(ignore);
    return promise;
  }
}
