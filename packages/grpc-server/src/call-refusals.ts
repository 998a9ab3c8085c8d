import { Metadata, status } from "@grpc/grpc-js";
import { RateLimitError, StatusError, type WireStatus } from "@grpc-kit/grpc-status";
import type { Route } from "./route.ts";

/** Why a call was refused before its handler ran. */
export type CallRefusal =
  | "too_many_rpcs"
  | "too_many_rpcs_of_peer"
  | "too_many_compressed_rpcs"
  | "deadline_too_short"
  | "metadata_too_large"
  | "unsupported_encoding"
  | "draining";

// Callers that were refused at once must not all come back at once.
const retryAfterMs = [200, 300, 400, 500, 600, 700, 800, 900];

const details: Readonly<Record<CallRefusal, string>> = {
  too_many_rpcs: "the server has as many calls as it can run; try again later",
  too_many_rpcs_of_peer: "you have as many calls as one address may run; try again later",
  too_many_compressed_rpcs:
    "the server has as many compressed calls as it can run; try again later",
  deadline_too_short: "the deadline is too near for this method",
  metadata_too_large: "the call's metadata is larger than the server takes",
  unsupported_encoding: "the server does not take messages of this grpc-encoding",
  draining: "the server is shutting down",
};

function errorOf(refusal: CallRefusal, variant: number): Error {
  const text = details[refusal];
  const errorDetails = { errorInfo: { reason: refusal.toUpperCase() } };
  switch (refusal) {
    case "too_many_rpcs":
    case "too_many_rpcs_of_peer":
    case "too_many_compressed_rpcs":
      return new RateLimitError(text, {
        reason: refusal.toUpperCase(),
        retryAfterMs: retryAfterMs[variant] ?? 0,
      });
    case "deadline_too_short":
      return new StatusError(status.DEADLINE_EXCEEDED, text, { errorDetails });
    case "metadata_too_large":
      return new StatusError(status.RESOURCE_EXHAUSTED, text, { errorDetails });
    case "unsupported_encoding": {
      // https://github.com/grpc/grpc/blob/master/doc/compression.md: with the list of what is taken
      const metadata = new Metadata();
      return new StatusError(status.UNIMPLEMENTED, text, { metadata, errorDetails });
    }
    case "draining":
      return drainingError();
  }
}

/** What a call ends with that the server does not wait for when it stops. */
export function drainingError(): StatusError {
  const errorDetails = { errorInfo: { reason: "SERVER_DRAINING" } };
  return new StatusError(status.UNAVAILABLE, details.draining, { errorDetails });
}

/** The statuses of refused calls. Each is made once: refusing must cost less than serving. */
export class CallRefusals {
  readonly #acceptedEncodings: string;
  readonly #made = new Map<string, WireStatus>();
  #next = 0;

  constructor(acceptedEncodings: string) {
    this.#acceptedEncodings = acceptedEncodings;
  }

  statusOf(refusal: CallRefusal, { service, errorToStatus }: Route): WireStatus {
    this.#next = (this.#next + 1) % retryAfterMs.length;
    const key = `${refusal} ${this.#next} ${service}`;
    let made = this.#made.get(key);
    if (made === undefined) {
      made = errorToStatus(errorOf(refusal, this.#next), { domain: service });
      if (refusal === "unsupported_encoding") {
        // After the mapping, which keeps the protocol's own keys from everyone else.
        made.metadata?.set("grpc-accept-encoding", this.#acceptedEncodings);
      }
      this.#made.set(key, made);
    }
    return made;
  }
}
