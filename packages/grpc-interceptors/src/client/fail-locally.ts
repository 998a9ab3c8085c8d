import { InterceptingCall, Metadata, type NextCall, type status } from "@grpc/grpc-js";

type NativeCall = ReturnType<NextCall>;

/** What an interceptor returns for a call that is over before anything of it is sent. */
export function failLocally(code: status, details: string): InterceptingCall {
  return new InterceptingCall(new UnsentCall(code, details));
}

/** The end of a chain of interceptors that has no channel behind it. */
class UnsentCall implements NativeCall {
  readonly #code: status;
  readonly #details: string;

  constructor(code: status, details: string) {
    this.#code = code;
    this.#details = details;
  }

  // Later, as grpc-js does it: a client's caller has had no time to listen yet.
  start(_metadata: Metadata, listener: Parameters<NativeCall["start"]>[1]): void {
    const [code, details, metadata] = [this.#code, this.#details, new Metadata()];
    process.nextTick(() => listener?.onReceiveStatus?.({ code, details, metadata }));
  }

  // A stream of messages goes on only when it is told that the last one has gone.
  sendMessageWithContext({ callback }: Parameters<NativeCall["sendMessageWithContext"]>[0]): void {
    if (callback !== undefined) {
      process.nextTick(callback);
    }
  }

  sendMessage(): void {}

  startRead(): void {}

  halfClose(): void {}

  cancelWithStatus(): void {}

  getPeer(): string {
    return "";
  }

  getAuthContext(): null {
    return null;
  }
}
