import { setImmediate as nextTurn } from "node:timers/promises";
import { inspect } from "node:util";
import { status } from "@grpc/grpc-js";
import type { Requests } from "../stub/stub.ts";
import type { RunningCall } from "./running-call.ts";

// Short streams are sent without waiting.
const freeMessages = 16;

type AnyIterator = Iterator<unknown> | AsyncIterator<unknown>;

/**
 * Sends what `requests` yields, each once the one before it has been taken, and then half-closes. What
 * `requests` throws ends the call, and is what its caller gets. Returns what stops it when the call is over.
 *
 * grpc-js takes messages at once while it keeps them for another attempt (1 MiB of them), and nothing else
 * would run until it has enough: after the first few, `messagesPerTurn` are given to it in a turn.
 */
export function sendRequests(
  call: RunningCall,
  requests: Requests<unknown>,
  messagesPerTurn: number,
): () => void {
  let iterator: AnyIterator | undefined;
  let isOver = false;
  let answers = 0;

  const send = async (): Promise<void> => {
    iterator = iterate(requests);
    for (let sent = 1; !isOver; sent += 1) {
      const { done, value } = await iterator.next();
      if (isOver) {
        return;
      }
      if (done === true) {
        isOver = true;
        call.halfClose();
        return;
      }
      await new Promise<void>((resolve) => call.send(value, resolve));
      if (call.messagesReceived > answers) {
        // Whoever waits for answers, as in ping-pong, has let the others have their turn.
        answers = call.messagesReceived;
      } else if (sent >= freeMessages && sent % messagesPerTurn === 0) {
        await nextTurn();
      }
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
      void finalise(iterator);
    }
  };
}

// Later, for a generator that has ended the call while it runs. What it does in its `finally` is its own
// affair by now.
async function finalise(iterator: AnyIterator | undefined): Promise<void> {
  await undefined;
  try {
    await iterator?.return?.();
  } catch {}
}

function iterate(requests: Requests<unknown>): AnyIterator {
  const { [Symbol.asyncIterator]: toAsync, [Symbol.iterator]: toSync } = Object(requests);
  const start: (() => AnyIterator) | undefined = toAsync ?? toSync;
  if (typeof start !== "function") {
    throw new TypeError(`requests must be iterable, got ${inspect(requests)}`);
  }
  return start.call(requests);
}
