import { Metadata } from "@grpc/grpc-js";
import type { CallStatus } from "@grpc-kit/grpc-client";

/** The options of a call that sends `entries`. A list is sent value by value. */
export function sending(entries: Readonly<Record<string, string | readonly string[]>>): {
  readonly metadata: Metadata;
} {
  const metadata = new Metadata();
  for (const [key, values] of Object.entries(entries)) {
    for (const value of [values].flat()) {
      metadata.add(key, value);
    }
  }
  return { metadata };
}

/** Takes down what a call ends with. */
export function takeTrailers(): {
  readonly onStatus: (status: CallStatus) => void;
  /** The value in the trailers of the last call that has ended. */
  trailer(key: string): string | undefined;
} {
  let trailers = new Metadata();
  return {
    onStatus: ({ metadata }) => {
      trailers = metadata;
    },
    trailer: (key) => trailers.get(key)[0]?.toString(),
  };
}
