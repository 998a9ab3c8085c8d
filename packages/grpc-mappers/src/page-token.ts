import {
  createCipheriv,
  createDecipheriv,
  type DecipherGCM,
  hkdfSync,
  randomBytes,
} from "node:crypto";
import { ValidationError } from "@grpc-kit/grpc-status/errors";
import { show } from "./violation.ts";

const VERSION = Buffer.from([1]);
const CIPHER = "aes-256-gcm";
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const THREE_DAYS_MS = 3 * 24 * 60 * 60 * 1_000;

/** What a list goes by, as JSON: its filter, its order, its parent. */
export type PageQuery = Readonly<Record<string, unknown>>;

export interface PageTokensOptions {
  /**
   * The secret that tokens are made with, then those that older tokens may have been made with. Each
   * has 32 random bytes or more. One secret is good for 2^32 tokens.
   */
  readonly secrets: readonly (string | Uint8Array)[];
  /** Milliseconds that a token holds good for. Default: three days. */
  readonly ttlMs?: number;
  /** The time in epoch milliseconds. Default: Date.now. */
  readonly now?: () => number;
}

/** Makes and reads the tokens of one kind of list. */
export interface PageTokens<Cursor> {
  /** The token for what comes after `cursor`, which is any JSON value. */
  readonly create: (cursor: Cursor, query: PageQuery) => string;
  /**
   * The cursor of a token. Throws a ValidationError on "page_token", always with the same text,
   * unless the token was made here for this query and has not expired.
   */
  readonly read: (token: string, query: PageQuery) => Cursor;
}

/**
 * Makes page tokens that nobody else can make or read: https://google.aip.dev/158. A token is encrypted
 * (AES-256-GCM) and bound to the query, the order of whose keys does not matter. It is no permission:
 * check that as if there were no token.
 *
 * Throws a RangeError for a secret that is too short or a `ttlMs` that is not positive.
 */
export function createPageTokens<Cursor>({
  secrets,
  ttlMs = THREE_DAYS_MS,
  now = Date.now,
}: PageTokensOptions): PageTokens<Cursor> {
  const keys = secrets.map(deriveKey);
  const [currentKey] = keys;
  if (currentKey === undefined) {
    throw new RangeError("secrets must have one secret or more, got none");
  }
  if (!(ttlMs > 0 && Number.isFinite(ttlMs))) {
    throw new RangeError(`ttlMs must be a positive number, got ${ttlMs}`);
  }
  return {
    create: (cursor, query) => {
      const text = JSON.stringify([now() + ttlMs, cursor]);
      return seal(currentKey, Buffer.from(text), authenticated(query)).toString("base64url");
    },
    read: (token, query) => {
      const sealed = Buffer.from(token, "base64url");
      // Decoding ignores what is not base64, so a token has to be the one text for its bytes.
      const isCanonical = sealed.toString("base64url") === token;
      const text = isCanonical ? openAny(keys, sealed, authenticated(query)) : undefined;
      if (text === undefined) {
        throw refuseToken(token);
      }
      const [expiresAt, cursor] = JSON.parse(text.toString()) as [number, Cursor];
      if (now() >= expiresAt) {
        throw refuseToken(token);
      }
      return cursor;
    },
  };
}

function refuseToken(token: string): ValidationError {
  const expected = "the token of the page before, with the same query, before it expires";
  const description = `must be ${expected}; list again from the first page, got ${show(token)}`;
  return new ValidationError([{ field: "page_token", description }]);
}

function deriveKey(secret: string | Uint8Array, index: number): Buffer {
  const length = typeof secret === "string" ? Buffer.byteLength(secret) : secret.byteLength;
  if (length < KEY_BYTES) {
    throw new RangeError(`secrets[${index}] must have ${KEY_BYTES} bytes or more, got ${length}`);
  }
  return Buffer.from(hkdfSync("sha256", secret, "", "grpc-kit page token", KEY_BYTES));
}

function seal(key: Buffer, text: Buffer, query: Buffer): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce).setAAD(query);
  const encrypted = [cipher.update(text), cipher.final()];
  return Buffer.concat([VERSION, nonce, ...encrypted, cipher.getAuthTag()]);
}

function openAny(keys: readonly Buffer[], sealed: Buffer, query: Buffer): Buffer | undefined {
  const isWhole = sealed.length >= VERSION.length + NONCE_BYTES + TAG_BYTES;
  if (!isWhole || !sealed.subarray(0, VERSION.length).equals(VERSION)) {
    return undefined;
  }
  for (const key of keys) {
    const text = open(key, sealed.subarray(VERSION.length), query);
    if (text !== undefined) {
      return text;
    }
  }
  return undefined;
}

function open(key: Buffer, sealed: Buffer, query: Buffer): Buffer | undefined {
  const decipher: DecipherGCM = createDecipheriv(CIPHER, key, sealed.subarray(0, NONCE_BYTES));
  decipher.setAAD(query).setAuthTag(sealed.subarray(-TAG_BYTES));
  const text = decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES));
  try {
    return Buffer.concat([text, decipher.final()]);
  } catch {
    return undefined;
  }
}

/** What a token is bound to: the version and the query, whatever the order of its keys. */
function authenticated(query: PageQuery): Buffer {
  const text = JSON.stringify(query, (_key, value: unknown) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
  return Buffer.concat([VERSION, Buffer.from(text)]);
}

export interface PageSizeOptions {
  /** The size for a request that names none. Default: 50. */
  readonly default?: number;
  /** The size for a request that wants more. Default: 1_000. */
  readonly max?: number;
}

/**
 * How many a page shall have for a request's `page_size`: https://google.aip.dev/158. 0 is the default,
 * too many are the maximum, and a negative number is a ValidationError on "page_size".
 */
export function pageSize(
  value: number,
  { default: fallback = 50, max = 1_000 }: PageSizeOptions = {},
): number {
  if (!(Number.isInteger(fallback) && fallback > 0 && fallback <= max)) {
    throw new RangeError(`default must be an integer from 1 to ${max}, got ${fallback}`);
  }
  if (!(Number.isInteger(value) && value >= 0)) {
    const description = `must be an integer of 0 or more, got ${value}`;
    throw new ValidationError([{ field: "page_size", description }]);
  }
  return value === 0 ? fallback : Math.min(value, max);
}
