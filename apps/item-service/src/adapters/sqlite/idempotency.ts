import type { DatabaseSync } from "node:sqlite";
import { IDEMPOTENCY_TTL_MS, type IdempotentRequest } from "../../application/idempotency.ts";
import { IdempotencyKeyReusedError } from "../../domain/item-errors.ts";

/** An answer may have 4 MiB, so that more of them would hold the event loop for long. */
const MAX_PURGED = 10;

/** Keeps answers, in the transaction that makes them. */
export interface SqliteAnswers {
  /** The answer that was kept for the request, if there is one. Throws IdempotencyKeyReusedError. */
  recall(request: IdempotentRequest): unknown;
  /** Keeps an answer, and forgets some whose time is over. */
  keep(request: IdempotentRequest, answer: unknown): void;
}

export function createSqliteAnswers(writer: DatabaseSync, now: () => Date): SqliteAnswers {
  const select = writer.prepare(
    "SELECT fingerprint, answer FROM idempotency_keys WHERE caller = ? AND key = ? AND created_at >= ?",
  );
  const replace = writer.prepare(
    `INSERT OR REPLACE INTO idempotency_keys (caller, key, fingerprint, answer, created_at)
     VALUES (?, ?, ?, ?, ?)`,
  );
  const purge = writer.prepare(
    `DELETE FROM idempotency_keys WHERE rowid IN (
       SELECT rowid FROM idempotency_keys WHERE created_at < ? ORDER BY created_at LIMIT ${MAX_PURGED}
     )`,
  );
  return {
    recall({ caller, key, fingerprint }) {
      const row = select.get(caller, key, now().getTime() - IDEMPOTENCY_TTL_MS);
      if (row === undefined) {
        return undefined;
      }
      if (row.fingerprint !== fingerprint) {
        throw new IdempotencyKeyReusedError(key);
      }
      return JSON.parse(String(row.answer));
    },
    keep({ caller, key, fingerprint }, answer) {
      const time = now().getTime();
      replace.run(caller, key, fingerprint, JSON.stringify(answer), time);
      purge.run(time - IDEMPOTENCY_TTL_MS);
    },
  };
}
