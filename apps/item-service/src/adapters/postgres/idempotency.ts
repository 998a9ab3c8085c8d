import { createHash } from "node:crypto";
import { IDEMPOTENCY_TTL_MS, type IdempotentRequest } from "../../application/idempotency.ts";
import { IdempotencyKeyReusedError } from "../../domain/item-errors.ts";
import { timeOf } from "./filter.ts";
import type { RunQuery } from "./session.ts";
import { statement } from "./statement.ts";

const SWEPT_MAX = 100;

// Waits for a transaction that has the same key, and locks its row even if that stays as it is.
const claimKey = statement(
  "claim-key",
  `INSERT INTO idempotency_keys AS stored (caller, key, fingerprint, created_at)
   VALUES ($1, $2, $3, ${timeOf("$4::float8")})
   ON CONFLICT (caller, key) DO UPDATE
   SET fingerprint = excluded.fingerprint, answer = NULL, created_at = excluded.created_at
   WHERE stored.created_at < ${timeOf("$5::float8")}`,
);

const selectAnswer = statement(
  "select-answer",
  "SELECT fingerprint, answer FROM idempotency_keys WHERE caller = $1 AND key = $2",
);

// Last in the transaction, and past what others have locked, so that nobody waits for it.
const storeAnswer = statement(
  "store-answer",
  `WITH expired AS (
     SELECT caller, key FROM idempotency_keys WHERE created_at < ${timeOf("$4::float8")}
     LIMIT ${SWEPT_MAX} FOR UPDATE SKIP LOCKED
   ), swept AS (
     DELETE FROM idempotency_keys USING expired
     WHERE idempotency_keys.caller = expired.caller AND idempotency_keys.key = expired.key
   )
   UPDATE idempotency_keys SET answer = $3 WHERE caller = $1 AND key = $2`,
);

type StoredAnswer = { fingerprint: string; answer: string };

/** Does work once, however often the same request comes. */
export interface IdempotentWork<Answer> {
  readonly request: IdempotentRequest;
  readonly work: () => Promise<Answer>;
  readonly toText: (answer: Answer) => string;
  readonly fromText: (text: string) => Answer;
}

/**
 * Runs `work` in the transaction of `query` and returns its answer, or the one that the same request got
 * before. Throws IdempotencyKeyReusedError.
 */
export async function answerOnce<Answer>(
  query: RunQuery,
  now: Date,
  { request, work, toText, fromText }: IdempotentWork<Answer>,
): Promise<Answer> {
  const { key, fingerprint } = request;
  // A caller's name is of any length and any characters; an index takes neither.
  const caller = createHash("sha256").update(request.caller).digest("base64url");
  const expiry = now.getTime() - IDEMPOTENCY_TTL_MS;
  const claim = await query(claimKey(caller, key, fingerprint, now.getTime(), expiry));
  if (claim.rowCount === 0) {
    const { rows } = await query<StoredAnswer>(selectAnswer(caller, key));
    const [stored] = rows as [StoredAnswer];
    if (stored.fingerprint !== fingerprint) {
      throw new IdempotencyKeyReusedError(key);
    }
    return fromText(stored.answer);
  }
  const answer = await work();
  await query(storeAnswer(caller, key, toText(answer), expiry));
  return answer;
}
