import { status } from "@grpc/grpc-js";
import type { Requests } from "../stub/stub.ts";
import type { RunningCall } from "./running-call.ts";

type AnyIterator = Iterator<unknown> | AsyncIterator<unknown>;

/**
 * Sends what `requests` yields, each once the one before it has been taken, and then half-closes. What
 * `requests` throws ends the call, and is what its caller gets. Returns what stops it when the call is over.
 */
export function sendRequests(call: RunningCall, requests: Requests<unknown>): () => void {
  const iterator = iterate(requests);
  let isOver = false;
  let wake: (() => void) | undefined;

  const send = async (): Promise<void> => {
    while (!isOver) {
      const { done, value } = await iterator.next();
      if (isOver) {
        return;
      }
      if (done === true) {
        isOver = true;
        call.halfClose();
        return;
      }
      await new Promise<void>((resolve) => {
        wake = resolve;
        call.send(value, resolve);
      });
    }
  };

  send().catch((error: unknown) => {
    if (!isOver) {
      isOver = true;
      call.cancel(status.CANCELLED, "the requests have thrown", error);
    }
  });

  return () => {
    if (!isOver) {
      isOver = true;
      wake?.();
      // What a generator does in its `finally` is its own affair by now.
      Promise.resolve(iterator.return?.()).catch(() => {});
    }
  };
}

function iterate(requests: Requests<unknown>): AnyIterator {
  return Symbol.asyncIterator in requests
    ? requests[Symbol.asyncIterator]()
    : requests[Symbol.iterator]();
}
