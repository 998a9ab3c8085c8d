import type { ServerHttp2Stream } from "node:http2";
import { type Metadata, status } from "@grpc/grpc-js";
import { callValues, type Traffic, trafficKey } from "@grpc-kit/grpc-context";
import type { OpenStream } from "./open-stream.ts";

/** Lets interceptors see what comes and goes on the stream of the call that has this metadata. */
export function shareTraffic(open: OpenStream, metadata: Metadata): void {
  open.isIntercepted = true;
  callValues(metadata).set(trafficKey, new StreamTraffic(open));
}

/** The status that was sent, by whomever: grpc-js sends some by itself. Undefined if none was. */
export function sentCodeOf({ sentTrailers, sentHeaders }: ServerHttp2Stream): status | undefined {
  const sent = sentTrailers?.["grpc-status"] ?? sentHeaders?.["grpc-status"];
  if (sent === undefined) {
    return undefined;
  }
  const code = Number(sent);
  return status[code] === undefined ? status.UNKNOWN : code;
}

class StreamTraffic implements Traffic {
  readonly #open: OpenStream;

  constructor(open: OpenStream) {
    this.#open = open;
  }

  get messagesReceived(): number {
    return this.#open.messagesReceived;
  }

  get messagesSent(): number {
    return this.#open.messagesSent;
  }

  get bytesReceived(): number {
    return this.#open.bytesReceived;
  }

  get bytesSent(): number {
    return this.#open.bytesSent;
  }

  get sentCode(): status | undefined {
    return sentCodeOf(this.#open.stream);
  }
}
