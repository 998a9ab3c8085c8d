const prefixBytes = 5;
const empty: Buffer = Buffer.alloc(0);

/**
 * Follows the frames of gRPC in what a caller sends, beside grpc-js, which takes any flag for "not
 * compressed" and forgets a message that breaks off.
 * https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md: Length-Prefixed-Message
 */
export class RequestFrames {
  readonly #mayBeCompressed: boolean;
  /** Of the prefix that is being read, as far as it has come. */
  #prefix: Buffer = empty;
  /** Of the message that is being read. */
  #missing = 0;
  /** The bytes of all messages so far, as they came: compressed ones are counted compressed. */
  messageBytes = 0;

  constructor(mayBeCompressed: boolean) {
    this.#mayBeCompressed = mayBeCompressed;
  }

  /** Whether a message has begun and not ended. */
  get isMidMessage(): boolean {
    return this.#missing > 0 || this.#prefix.length > 0;
  }

  /** Takes what has come. False if it is not what gRPC sends. */
  push(chunk: Buffer): boolean {
    let at = 0;
    while (at < chunk.length) {
      if (this.#missing > 0) {
        const taken = Math.min(this.#missing, chunk.length - at);
        this.#missing -= taken;
        this.messageBytes += taken;
        at += taken;
        continue;
      }
      const wanted = prefixBytes - this.#prefix.length;
      if (chunk.length - at < wanted) {
        this.#prefix = Buffer.concat([this.#prefix, chunk.subarray(at)]);
        return true;
      }
      const isSplit = this.#prefix.length > 0;
      const prefix = isSplit
        ? Buffer.concat([this.#prefix, chunk.subarray(at, at + wanted)])
        : chunk;
      const start = isSplit ? 0 : at;
      const flag = prefix[start] ?? 0;
      if (flag > 1 || (flag === 1 && !this.#mayBeCompressed)) {
        return false;
      }
      this.#missing = prefix.readUInt32BE(start + 1);
      if (isSplit) {
        this.#prefix = empty;
      }
      at += wanted;
    }
    return true;
  }
}

/** Whether a `grpc-encoding` says that messages may be compressed. */
export function isCompressed(encoding: string | readonly string[] | undefined): boolean {
  return encoding !== undefined && encoding !== "identity";
}
