import { inspect } from "node:util";
import { Metadata, status } from "@grpc/grpc-js";
import { GrpcCallError, isGrpcCallError } from "@grpc-kit/grpc-status";
import { checkBackoff, checkInteger, checkNames, maxTimerMs } from "../check-option.ts";

export interface ResumeStreamOptions<Message, Token> {
  /**
   * Calls the server for what follows the message with this token; undefined: for all from the start.
   * Give calls of a stub `retry: false`, or those that fail are sent again by two layers.
   */
  readonly open: (token: Token | undefined) => AsyncIterable<Message>;
  /**
   * Where to go on after this message. Undefined: nowhere, so that a stream that fails before the next
   * token stays failed. A string that the server has not set is "", not undefined.
   */
  readonly tokenOf: (message: Message) => Token | undefined;
  /** How often in a row to go on with no message in between, or Infinity. Default: 10. */
  readonly maxResumes?: number;
  /** The delay before the first of them, ±20 %. Default: 100. */
  readonly backoffBaseMs?: number;
  /** The most that a delay grows to, ±20 %; it doubles each time. Default: 10_000. */
  readonly maxBackoffMs?: number;
  /** Ends the wait between two calls with CANCELLED. Pass it to the calls as well. */
  readonly signal?: AbortSignal;
}

const optionNames = ["open", "tokenOf", "maxResumes", "backoffBaseMs", "maxBackoffMs", "signal"];

/**
 * The messages of a stream that goes on where it broke off, each once and in order. It goes on after
 * errors that are retryable, no sooner than the server asks, and only from the message it has last
 * passed on; all other errors are thrown as they are. To leave the loop ends the open call.
 *
 * Throws a TypeError or RangeError for options that are wrong.
 */
export function resumeStream<Message, Token>(
  options: ResumeStreamOptions<Message, Token>,
): AsyncIterableIterator<Message> {
  checkNames("options", options, optionNames);
  const { open, tokenOf, maxResumes = 10, backoffBaseMs = 100, maxBackoffMs = 10_000 } = options;
  for (const [name, value] of Object.entries({ open, tokenOf })) {
    if (typeof value !== "function") {
      throw new TypeError(`${name} must be a function, got ${inspect(value)}`);
    }
  }
  if (maxResumes !== Number.POSITIVE_INFINITY) {
    checkInteger("maxResumes", maxResumes, 1, Number.MAX_SAFE_INTEGER);
  }
  checkBackoff("", backoffBaseMs, maxBackoffMs);
  return iterate({ ...options, maxResumes, backoffBaseMs, maxBackoffMs });
}

type Backoff = Pick<
  ResumeStreamOptions<never, never>,
  "maxResumes" | "backoffBaseMs" | "maxBackoffMs"
>;

async function* iterate<Message, Token>({
  open,
  tokenOf,
  maxResumes,
  backoffBaseMs,
  maxBackoffMs,
  signal,
}: ResumeStreamOptions<Message, Token> & Required<Backoff>): AsyncGenerator<Message> {
  let token: Token | undefined;
  let canResume = true;
  let resumes = 0;
  for (;;) {
    if (signal?.aborted === true) {
      throw cancelled(signal.reason);
    }
    try {
      for await (const message of open(token)) {
        token = tokenOf(message);
        canResume = token !== undefined;
        resumes = 0;
        yield message;
      }
      return;
    } catch (error) {
      if (!canResume || resumes === maxResumes || !isGrpcCallError(error) || !error.retryable) {
        throw error;
      }
      const backoffMs = Math.min(backoffBaseMs * 2 ** resumes, maxBackoffMs);
      // Clients that a server has failed together should not come back together.
      const delayMs = backoffMs * (0.8 + 0.4 * Math.random());
      await wait(Math.max(delayMs, error.retryDelayMs ?? 0), signal);
      resumes += 1;
    }
  }
}

function cancelled(cause: unknown): GrpcCallError {
  const details = "cancelled before the stream was opened again";
  return new GrpcCallError(
    { code: status.CANCELLED, details, metadata: new Metadata() },
    { cause },
  );
}

// Until the time is over or the signal aborts.
function wait(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) {
      resolve();
      return;
    }
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, Math.min(Math.ceil(ms), maxTimerMs));
    signal?.addEventListener("abort", end, { once: true });
  });
}
