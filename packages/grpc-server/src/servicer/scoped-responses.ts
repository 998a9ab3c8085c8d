import { iterate, type Responses } from "../responses.ts";
import type { CallScope } from "./call-scope.ts";

type Result = IteratorResult<unknown>;

/**
 * The responses of a streaming handler, in a scope that is opened for the first of them and closed
 * after the last.
 *
 * An async generator with `yield*` would hold a `return` back until the pending `next` has settled,
 * and a subscription that waits for an event would keep its scope for ever.
 */
export function scopeResponses<Cradle extends object>(
  openScope: () => CallScope<Cradle>,
  handle: (context: CallScope<Cradle>["context"]) => unknown,
): AsyncIterableIterator<unknown> {
  let scope: CallScope<Cradle> | undefined;
  let started: Promise<Responses> | undefined;
  let latest: Promise<Result> | undefined;

  async function start(): Promise<Responses> {
    scope = openScope();
    return iterate(await handle(scope.context), scope.context.path);
  }

  async function step(take: (responses: Responses) => Result | Promise<Result>): Promise<Result> {
    let isLast = true;
    try {
      started ??= start();
      const result = await take(await started);
      isLast = result.done === true;
      return result;
    } finally {
      if (isLast) {
        started = Promise.resolve(finished);
        await scope?.close();
      }
    }
  }

  async function end(responses: Responses, value: unknown): Promise<Result> {
    if (responses.return !== undefined) {
      return responses.return(value);
    }
    // It cannot be told, and may still need what it has resolved.
    await latest?.catch(() => {});
    return { done: true, value };
  }

  return {
    next(value?: unknown) {
      latest = step((responses) => responses.next(value));
      return latest;
    },
    async return(value?: unknown) {
      started ??= Promise.resolve(finished);
      try {
        return await step((responses) => end(responses, value));
      } finally {
        // A generator may yield once more in its `finally`, but nobody will ask it to go on.
        await scope?.close();
      }
    },
    throw(error: unknown) {
      started ??= Promise.resolve(finished);
      return step(async (responses) => {
        if (responses.throw !== undefined) {
          return responses.throw(error);
        }
        await end(responses, undefined);
        throw error;
      });
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

const finished: Iterator<unknown> = {
  next: () => ({ done: true, value: undefined }),
  return: (value?: unknown) => ({ done: true, value }),
};
