import type { DetailName, ErrorDetailsInit } from "./error-details.ts";

// What helps people most goes last. ErrorInfo and RetryInfo, which programs act on, always stay.
const leastNeeded: readonly DetailName[] = ["debugInfo", "help", "localizedMessage"];
const moreNeeded: readonly (DetailName | "others")[] = [
  "others",
  "requestInfo",
  "resourceInfo",
  "preconditionFailure",
  "quotaFailure",
];

/**
 * As much of the details as `fits`, least needed first to go: DebugInfo, Help, LocalizedMessage, then
 * violations from the end of BadRequest, then whatever is neither ErrorInfo nor RetryInfo. What is cut
 * says so in its ErrorInfo: `truncated` is "true".
 */
export function fitDetails(
  details: ErrorDetailsInit,
  fits: (details: ErrorDetailsInit) => boolean,
): ErrorDetailsInit {
  if (fits(details)) {
    return details;
  }
  let kept = markTruncated(details);
  for (const name of leastNeeded) {
    kept = without(kept, name);
    if (fits(kept)) {
      return kept;
    }
  }
  kept = truncateBadRequest(kept, fits);
  for (const name of moreNeeded) {
    if (fits(kept)) {
      return kept;
    }
    kept = without(kept, name);
  }
  return kept;
}

/** What always stays, with the mark. */
export function leastDetails(details: ErrorDetailsInit): ErrorDetailsInit {
  const { errorInfo, retryInfo } = markTruncated(details);
  return { errorInfo, retryInfo };
}

function markTruncated(details: ErrorDetailsInit): ErrorDetailsInit {
  const { errorInfo = {} } = details;
  const metadata = new Map([...(errorInfo.metadata ?? []), ["truncated", "true"]]);
  return { ...details, errorInfo: { ...errorInfo, metadata } };
}

function without(details: ErrorDetailsInit, name: DetailName | "others"): ErrorDetailsInit {
  const { [name]: _, ...rest } = details;
  return rest;
}

/** The most violations that fit, counted from the first; no BadRequest if that is none. */
function truncateBadRequest(
  details: ErrorDetailsInit,
  fits: (details: ErrorDetailsInit) => boolean,
): ErrorDetailsInit {
  const violations = details.badRequest?.fieldViolations ?? [];
  const first = (count: number): ErrorDetailsInit =>
    count === 0
      ? without(details, "badRequest")
      : { ...details, badRequest: { fieldViolations: violations.slice(0, count) } };
  let [fitting, tooMany] = [0, violations.length];
  while (tooMany - fitting > 1) {
    const middle = (fitting + tooMany) >> 1;
    if (fits(first(middle))) {
      fitting = middle;
    } else {
      tooMany = middle;
    }
  }
  return first(fitting);
}
