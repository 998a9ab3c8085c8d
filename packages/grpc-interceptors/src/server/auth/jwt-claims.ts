import type { JWTPayload } from "jose";
import { unauthenticated } from "./auth-error.ts";
import type { VerifiedCaller } from "./verified-caller.ts";

export interface TokenTimes {
  readonly now: number;
  readonly clockToleranceMs: number;
  readonly maxTokenAgeMs: number;
}

// The end of the year 9999: a later `exp` is a mistake, or means never.
const maxSeconds = 253_402_300_799;

/**
 * Who a token is for, as its claims say. jose has looked at them first; this sees to what it leaves
 * open. Throws what refuses the token.
 */
export function toVerifiedCaller(
  claims: JWTPayload,
  { now, clockToleranceMs, maxTokenAgeMs }: TokenTimes,
): VerifiedCaller {
  const { sub, exp, iat } = claims;
  if (typeof sub !== "string" || sub === "") {
    throw unauthenticated("TOKEN_INVALID", new Error("sub is empty or no string"));
  }
  if (exp === undefined || exp > maxSeconds) {
    throw unauthenticated("TOKEN_INVALID", new Error("exp is not a time"));
  }
  const expiresAtMs = exp * 1_000;
  const acceptedUntilMs = expiresAtMs + clockToleranceMs;
  if (now >= acceptedUntilMs) {
    throw unauthenticated("TOKEN_EXPIRED", new Error("exp is past"));
  }
  if (iat !== undefined) {
    checkAge(iat * 1_000, expiresAtMs, now + clockToleranceMs, maxTokenAgeMs);
  }
  const identity = Object.freeze({
    subject: sub,
    scopes: Object.freeze(scopesOf(claims)),
    // One token's calls share them.
    claims: deepFreeze(claims),
  });
  return Object.freeze({ identity, expiresAtMs, acceptedUntilMs });
}

function checkAge(issuedAtMs: number, expiresAtMs: number, latest: number, maxAgeMs: number): void {
  if (issuedAtMs > latest) {
    throw unauthenticated("TOKEN_INVALID", new Error("iat is in the future"));
  }
  if (expiresAtMs - issuedAtMs > maxAgeMs) {
    throw unauthenticated("TOKEN_INVALID", new Error("exp is too long after iat"));
  }
}

/** Of `scope` as OAuth has it, and of `scp` and `scopes`, which are strings or arrays. */
function scopesOf({ scope, scp, scopes }: JWTPayload): string[] {
  const found = [scope, scp, scopes]
    .flat()
    .filter((value) => typeof value === "string")
    .flatMap((value) => value.split(" "));
  return [...new Set(found)].filter((name) => name !== "");
}

// Not by recursion: a token may nest as deep as it is long.
function deepFreeze<Value extends object>(value: Value): Value {
  const left: object[] = [value];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    Object.freeze(next);
    for (const inner of Object.values(next)) {
      if (typeof inner === "object" && inner !== null) {
        left.push(inner);
      }
    }
  }
  return value;
}
