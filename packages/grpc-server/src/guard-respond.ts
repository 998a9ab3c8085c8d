import type { ServerHttp2Stream } from "node:http2";

/**
 * Makes answering a stream that is gone do nothing. grpc-js answers calls of unknown methods, and with
 * a wrong content type, without looking; where a caller has reset the stream in the same write, that
 * throws where nobody catches it, and the process ends.
 */
export function guardRespond(stream: ServerHttp2Stream): void {
  const { respond } = stream;
  stream.respond = (...answer) => {
    if (!stream.destroyed && !stream.closed) {
      respond.apply(stream, answer);
    }
  };
}
