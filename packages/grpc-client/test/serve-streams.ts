import type { IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import type { status } from "@grpc/grpc-js";
import { message } from "@grpc-kit/testing/faulty-server";
import { Envelope } from "@grpc-kit/testing/fixtures";
import { startFaultyServer } from "./faulty-server.ts";

/**
 * Ends the connection of a call. Later: Node.js 22 aborts if the session is gone while it still reads,
 * and another call begins in what it has read.
 */
export function dropConnection({ session }: ServerHttp2Stream): void {
  setImmediate(() => session?.destroy());
}

/** A call as a server sees it that does nothing of its own accord. */
export interface ServedStream {
  readonly headers: IncomingHttpHeaders;
  readonly http2: ServerHttp2Stream;
  /** What has been read. Nothing is read any more while `http2` is paused. */
  readonly requests: readonly Envelope[];
  /** Whether the client has sent all. */
  readonly isComplete: boolean;
  /** The code that it ended with; 8 if the client cancelled it. Undefined: it is not over. */
  readonly rstCode: number | undefined;
  /** Sends messages, after headers unless they are sent already. */
  send(...messages: readonly Partial<Envelope>[]): void;
  /**
   * Resets the call, if it has nothing yet. After that it drops the connection: Node.js 26.10 would loop
   * for ever, or abort, over a stream that is closed and has waitForTrailers.
   */
  reset(code: number): void;
  /** Ends the call, without headers unless they are sent already. */
  end(code?: status, trailers?: Readonly<Record<string, string>>): void;
}

export interface StreamServer {
  readonly target: string;
  /** In the order in which they came. */
  readonly streams: readonly ServedStream[];
}

export const cancelled = 8;

/** Tells of each call, with all headers and no request yet, until the test ends. */
export async function serveStreams(
  onStream: (stream: ServedStream, position: number) => void = () => {},
): Promise<StreamServer> {
  const streams: ServedStream[] = [];
  const server = await startFaultyServer({
    onStream(http2, headers) {
      const stream = serveStream(http2, headers);
      onStream(stream, streams.push(stream) - 1);
    },
  });
  return { target: server.target, streams };
}

function serveStream(http2: ServerHttp2Stream, headers: IncomingHttpHeaders): ServedStream {
  const requests: Envelope[] = [];
  let isComplete = false;
  let rstCode: number | undefined;
  let end: Readonly<Record<string, string>> | undefined;
  let rest = Buffer.alloc(0);
  http2.on("data", (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 5 && rest.length >= 5 + rest.readUInt32BE(1)) {
      const size = 5 + rest.readUInt32BE(1);
      requests.push(Envelope.decode(rest.subarray(5, size)));
      rest = rest.subarray(size);
    }
  });
  http2.on("end", () => {
    isComplete = true;
  });
  http2.on("close", () => {
    ({ rstCode } = http2);
  });
  const grpcHeaders = { ":status": 200, "content-type": "application/grpc" };
  function reset(code: number): void {
    if (http2.headersSent) {
      dropConnection(http2);
    } else {
      http2.close(code);
    }
  }
  return {
    headers,
    http2,
    requests,
    get isComplete() {
      return isComplete;
    },
    get rstCode() {
      return rstCode;
    },
    send(...messages) {
      if (http2.destroyed || http2.closed) {
        return;
      }
      if (!http2.headersSent) {
        http2.respond(grpcHeaders, { waitForTrailers: true });
        http2.on("wantTrailers", () => http2.sendTrailers({ ...end }));
      }
      for (const sent of messages) {
        http2.write(message(Envelope.encode(Envelope.create(sent)).finish()));
      }
    },
    reset,
    end(code = 0, trailers = {}) {
      end = { ...trailers, "grpc-status": String(code) };
      if (http2.destroyed || http2.closed) {
        return;
      }
      if (http2.headersSent) {
        http2.end();
      } else {
        http2.respond({ ...grpcHeaders, ...end }, { endStream: true });
      }
    },
  };
}
